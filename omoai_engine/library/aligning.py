"""New text on old times: words that stayed keep their time and confidence.

In: the words that were there and the text a person wrote. Out: words in order whose times never
go backwards. A new word gets its share, by length, of the time that its place leaves, and no
confidence: nobody measured it. Comparison ignores case and punctuation, so that a comma or a
capital letter costs no time.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from omoai_engine.export.timed_words import divided
from omoai_engine.results import Word
from omoai_engine.text import one_line

# Past this many words that differ, comparing each with each costs more than it gives.
_MOST_COMPARED = 4000


def pieces(text: str) -> list[str]:
    """Return the words of `text` with their marks; letters where a script has no blanks."""
    return [piece for token in one_line(text).split(" ") for piece in divided(token) if piece]


def bare(text: str) -> str:
    """Return a word without case and without the marks around it; a lone mark stays."""
    kept = "".join(c for c in text if unicodedata.category(c)[0] not in "PSZ")
    return (kept or text).casefold()


def realigned(words: Sequence[Word], text: str, start: float, end: float) -> tuple[Word, ...]:
    """Return the words of `text`, timed by `words`, inside `start` to `end` (seconds)."""
    new = pieces(text)
    old_keys, new_keys = [bare(w.text) for w in words], [bare(piece) for piece in new]
    made: list[Word] = []
    for tag, i1, i2, j1, j2 in _differences(old_keys, new_keys):
        if tag == "equal":
            made += [
                replace(word, text=piece)
                for word, piece in zip(words[i1:i2], new[j1:j2], strict=True)
            ]
        elif j2 > j1:
            if i2 > i1:
                first, last = words[i1].start, max(word.end for word in words[i1:i2])
            else:
                first = words[i1 - 1].end if i1 else start
                last = words[i1].start if i1 < len(words) else end
            made += shared_out(new[j1:j2], first, max(first, last))
    return in_order(made, start, end)


def shared_out(texts: Sequence[str], start: float, end: float) -> list[Word]:
    """Return words that share the time from `start` to `end` by their length."""
    total = sum(map(len, texts)) or 1
    made = []
    done = 0
    for text in texts:
        begins = start + (end - start) * done / total
        done += len(text)
        made.append(Word(begins, start + (end - start) * done / total, text))
    return made


def in_order(words: Sequence[Word], start: float, end: float) -> tuple[Word, ...]:
    """Return `words` inside `start` to `end`, no one beginning before the one before it."""
    made = []
    latest = start
    for word in words:
        begins = min(max(word.start, latest), end)
        ends = min(max(word.end, begins), end)
        same = begins == word.start and ends == word.end
        made.append(word if same else replace(word, start=begins, end=ends))
        latest = begins
    return tuple(made)


def _differences(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    found: list[tuple[str, int, int, int, int]] = []
    if head:
        found.append(("equal", 0, head, 0, head))
    a, b = old[head : len(old) - tail], new[head : len(new) - tail]
    if a or b:
        if max(len(a), len(b)) > _MOST_COMPARED:
            found.append(("replace", head, len(old) - tail, head, len(new) - tail))
        else:
            for tag, i1, i2, j1, j2 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
                found.append((tag, i1 + head, i2 + head, j1 + head, j2 + head))
    if tail:
        found.append(("equal", len(old) - tail, len(old), len(new) - tail, len(new)))
    return found
