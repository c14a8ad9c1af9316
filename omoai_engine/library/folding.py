"""Searching Vietnamese with and without its marks: what counts as the same, and where it is.

In: text as people write it. Out: keys to compare by, queries for the full-text index, places in
the text. A query word that carries a mark (tone, hat, horn, the bar of "đ") means exactly that
word; one without any mark means every word that reads so without marks: "tieng" finds "tiếng"
and "tieng", "tiếng" finds "tiếng" alone.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from omoai_engine.text import one_line

_MOST_QUERY_WORDS = 32
_LONGEST_QUERY = 1000
_PART = re.compile(r'"([^"]*)"|(\S+)')


def exact(text: str) -> str:
    """Return `text` in NFC without differences of case."""
    return unicodedata.normalize("NFC", text.casefold())


def fold(text: str) -> str:
    """Return `text` without marks and case: "Đường" becomes "duong"."""
    return text.casefold() if text.isascii() else "".join(map(_folded_letter, text))


@lru_cache(maxsize=4096)
def _folded_letter(letter: str) -> str:
    bare = "".join(
        part for part in unicodedata.normalize("NFD", letter) if not unicodedata.combining(part)
    )
    return bare.replace("đ", "d").replace("Đ", "d").casefold()


def has_marks(word: str) -> bool:
    """Say whether `word` carries a mark that folding would take off."""
    return exact(word) != fold(word)


def index_query(query: str, *, marks_count: bool = True) -> str | None:
    """Return the full-text expression for what a person typed; `None` where it holds no word.

    Every word must occur in a segment; words in quotation marks stand together; `word*` also
    finds what begins so. With `marks_count` false, marks in the query mean nothing.
    """
    parts: list[str] = []
    for phrase, single in _PART.findall(one_line(query)[:_LONGEST_QUERY]):
        given = phrase or single
        words = index_words(given)
        if not words:
            continue
        column = "exact" if marks_count and any(map(has_marks, words)) else "folded"
        key = exact if column == "exact" else fold
        starts = "*" if not phrase and given.endswith("*") else ""
        parts.append(f'{column}:"{" ".join(map(key, words))}"{starts}')
    return " AND ".join(parts[:_MOST_QUERY_WORDS]) or None


def index_words(text: str) -> list[str]:
    """Return the words of `text` as the index cuts them: runs of letters, digits and marks."""
    return _TOKEN.findall(unicodedata.normalize("NFC", text))


# As the tokenizer of the index: letters, numbers and private use; a mark belongs to its letter.
_TOKEN = re.compile(r"[^\W_][^\W_\u0300-\u036f]*(?:[\u0300-\u036f]+[^\W_]*)*")


def occurrences(
    text: str, wanted: str, *, marks_count: bool, case_counts: bool = False, whole_words: bool
) -> list[tuple[int, int]]:
    """Return where `wanted` stands in `text`, as (first, past the last) letters, in order and
    never overlapping."""
    key = (str if case_counts else exact) if marks_count else fold
    letters: list[str] = []
    origin: list[int] = []
    for at, letter in enumerate(text):
        folded = key(letter)
        letters.append(folded)
        origin += [at] * len(folded)
    heap = "".join(letters)
    needle = "".join(key(letter) for letter in wanted)
    found: list[tuple[int, int]] = []
    at = heap.find(needle) if needle else -1
    while at >= 0:
        first, last = origin[at], origin[at + len(needle) - 1] + 1
        # What folds to nothing (a combining mark) belongs to the letter before it.
        while last < len(text) and unicodedata.combining(text[last]):
            last += 1
        inside = whole_words and (
            (first > 0 and text[first - 1].isalnum() and text[first].isalnum())
            or (last < len(text) and text[last].isalnum() and text[last - 1].isalnum())
        )
        if inside:
            at = heap.find(needle, at + 1)
        else:
            found.append((first, last))
            at = heap.find(needle, at + len(needle))
    return found


def highlights(text: str, query: str) -> list[tuple[int, int]]:
    """Return the places in `text` that answer `query`, in order, merged where they touch."""
    spans: list[tuple[int, int]] = []
    for phrase, single in _PART.findall(one_line(query)[:_LONGEST_QUERY]):
        given = phrase or single
        starts = not phrase and given.endswith("*")
        words = index_words(given)
        marks = any(map(has_marks, words))
        for word in words:
            for marks_count in (True, False) if marks else (False,):
                places = occurrences(text, word, marks_count=marks_count, whole_words=not starts)
                spans += places
                if places:
                    break
    merged: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], last)
        else:
            merged.append((first, last))
    return merged
