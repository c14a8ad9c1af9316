"""What a language model wrote as a summary, read with patience.

In: text of a model: JSON as asked for, JSON with faults, or prose with headings and lists, in
Vietnamese or English, with thoughts and fences around it. Out: title, abstract and bullets with
the paragraph numbers they name, cleaned and bounded; None where no summary is in it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from omoai_engine.postprocess.prompts import ABSTRACT_LETTERS, BULLET_LETTERS, TITLE_LETTERS
from omoai_engine.text import clean_text, one_line

_MOST_LETTERS = 60_000
_THOUGHT = re.compile(r"<(/?)think(?:ing)?>")
_FENCE = re.compile(r"^[ \t]*```\w*[ \t]*$", re.MULTILINE)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_BULLET = re.compile(r"^\s*(?:[-*•–—+]|\(?\d{1,3}[.)])\s+(.+)$")
_NUMBERS = re.compile(
    r"\s*[\[(]\s*(?:(?:đoạn|paragraphs?|segments?)\s*)?(\d+(?:\s*[,;&]\s*\d+)*)\s*[,;&]?\s*[\])]\s*\.?\s*$",
    re.IGNORECASE,
)
_EMPHASIS = re.compile(r"\*\*|__|`|^#+\s*|^\*(?=\S)|(?<=\S)\*$")
_KEYS = {
    "title": "title", "tiêu đề": "title", "tieu de": "title", "tựa đề": "title", "heading": "title",
    "abstract": "abstract", "summary": "abstract", "tóm tắt": "abstract", "tom tat": "abstract",
    "overview": "abstract", "tổng quan": "abstract", "nội dung": "abstract",
    "bullets": "bullets", "bullet points": "bullets", "key points": "bullets",
    "main points": "bullets", "points": "bullets", "notes": "bullets", "ý chính": "bullets",
    "các ý chính": "bullets", "những ý chính": "bullets", "điểm chính": "bullets",
    "các điểm chính": "bullets", "action items": "bullets", "việc cần làm": "bullets",
}  # fmt: skip
_TEXT_KEYS = ("text", "bullet", "point", "note", "nội dung", "ý")
_SUPPORT_KEYS = ("paragraphs", "segments", "support", "đoạn", "sources")


@dataclass(frozen=True, slots=True)
class Draft:
    """A summary as a model wrote it; each bullet with the paragraph numbers it names."""

    title: str
    abstract: str
    bullets: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return bool(self.title and self.abstract and self.bullets)


def parse_summary(text: str) -> Draft | None:
    """Return the summary in `text`; None where neither an abstract nor a bullet is found."""
    plain = clean_text(text[:_MOST_LETTERS])
    plain = _FENCE.sub("", _without_thoughts(plain)).strip()
    table = _json_in(plain)
    draft = _from_prose(plain) if table is None else _from_table(table)
    return draft if draft.bullets or draft.abstract else None


def _without_thoughts(text: str) -> str:
    """Return `text` without what stands in think tags, or before a lone closing one, or behind
    one that is never closed."""
    kept: list[str] = []
    said_from, thinks = 0, False
    for tag in _THOUGHT.finditer(text):
        if not tag[1] and not thinks:
            kept.append(text[said_from : tag.start()])
            thinks = True
        elif tag[1]:
            if not thinks and not kept:
                kept = [""]  # what came before was a thought whose beginning the prompt held
            elif not thinks:
                kept.append(text[said_from : tag.start()])
            said_from, thinks = tag.end(), False
    if not thinks:
        kept.append(text[said_from:])
    return "".join(kept)


def _json_in(text: str) -> dict[str, Any] | None:
    """Return the first JSON object in `text` that says something, trailing commas forgiven."""
    decoder = json.JSONDecoder(strict=False)
    mended = _TRAILING_COMMA.sub(r"\1", text)
    for candidate in (text, mended):
        for found in list(re.finditer(r"\{", candidate))[:20]:
            try:
                value, _ = decoder.raw_decode(candidate, found.start())
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict) and any(_key(str(key)) for key in value):
                return value
    return None


def _from_table(table: dict[str, Any]) -> Draft:
    parts: dict[str, Any] = {}
    for key, value in table.items():
        name = _key(str(key))
        if name and name not in parts:
            parts[name] = value
    listed = parts.get("bullets", [])
    if isinstance(listed, str):
        listed = listed.splitlines()
    bullets = [_bullet(item) for item in listed] if isinstance(listed, list) else []
    return _draft(_said(parts.get("title")), _said(parts.get("abstract")), bullets)


def _bullet(item: Any) -> tuple[str, tuple[int, ...]]:
    if not isinstance(item, dict):
        return _with_numbers(_said(item))
    folded = {unicodedata.normalize("NFC", str(key)).casefold(): item[key] for key in item}
    text = next((_said(folded[key]) for key in _TEXT_KEYS if key in folded), "")
    given = next((folded[key] for key in _SUPPORT_KEYS if key in folded), ())
    numbers = given if isinstance(given, list) else [given]
    whole = [int(str(n)) for n in numbers if re.fullmatch(r"[0-9]{1,9}", str(n))]
    plain, named = _with_numbers(text)
    return plain, tuple(whole) or named


def _from_prose(text: str) -> Draft:
    parts: dict[str, list[str]] = {"title": [], "abstract": []}
    bullets: list[tuple[str, tuple[int, ...]]] = []
    inside = ""
    for line in text.splitlines():
        plain = _EMPHASIS.sub("", line.strip()).strip()
        if not plain:
            continue
        head, _, rest = plain.partition(":")
        named = _key(re.sub(r"^\d+[.)]\s*", "", head))
        if named and (rest or len(head) == len(plain.rstrip(":"))):
            inside = named
            if rest.strip() and named != "bullets":
                parts[named].append(rest.strip())
            continue
        listed = _BULLET.match(_EMPHASIS.sub("", line.strip()) if line.strip() else line)
        if listed and inside != "title":
            bullets.append(_with_numbers(listed.group(1)))
        elif line.lstrip().startswith("#") and not parts["title"]:
            parts["title"].append(plain)
        elif inside in ("title", "abstract"):
            parts[inside].append(plain)
    return _draft(" ".join(parts["title"][:1]), " ".join(parts["abstract"]), bullets)


def _draft(title: str, abstract: str, bullets: list[tuple[str, tuple[int, ...]]]) -> Draft:
    short = [(_short(text, BULLET_LETTERS), numbers) for text, numbers in bullets]
    said = [pair for pair in short if any(letter.isalnum() for letter in pair[0])]
    return Draft(_short(title, TITLE_LETTERS), _short(abstract, ABSTRACT_LETTERS), tuple(said))


def _with_numbers(text: str) -> tuple[str, tuple[int, ...]]:
    """Take the paragraph numbers off the end of a bullet: "... [3, 4]", "... (đoạn 2)"."""
    text = one_line(text)
    found = _NUMBERS.search(text)
    if found is None or not text[: found.start()].strip():
        return text, ()
    numbers = tuple(int(number) for number in re.findall(r"\d{1,9}", found.group(1)))
    return text[: found.start()], numbers


def _key(text: str) -> str:
    plain = unicodedata.normalize("NFC", _EMPHASIS.sub("", text.strip())).casefold()
    return _KEYS.get(plain.strip(" *_#:.\"'"), "")


def _said(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _short(text: str, most: int) -> str:
    plain = one_line(_EMPHASIS.sub("", one_line(text)))
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"
