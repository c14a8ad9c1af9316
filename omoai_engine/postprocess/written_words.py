"""The words of a transcript as they are compared: taken apart into letters, marks and case.

In: a text, or segments with times. Out: its words in order. White space sets words apart; quotes,
brackets and dashes at their edges are looked through, a mark that stands alone belongs to the word
before it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace

from omoai_engine.postprocess.words import MARKS
from omoai_engine.results import ASRSegment

_QUOTES = "\"'“”‘’«»()[]「」『』*_-–—"
_EDGES = _QUOTES + MARKS
_PLAIN_MARK = str.maketrans("。，、？！：；", ".,,?!:;")


@dataclass(frozen=True, slots=True)
class Token:
    """A word as it is written, the form in which it is compared, the marks behind it, whether it
    begins with a capital, and its time in seconds if one is known."""

    text: str
    word: str
    marks: tuple[str, ...]
    capital: bool
    start: float | None = None
    end: float | None = None


def tokens_of(segments: Iterable[ASRSegment]) -> list[Token]:
    """Return the words of `segments` with their times, or with those of their segment."""
    found: list[Token] = []
    for segment in segments:
        written = segment.text.split()
        spelled = [word.text.strip() for word in segment.words] == written
        for at, text in enumerate(written):
            one = segment.words[at] if spelled else segment
            _add(found, text, one.start, one.end)
    return found


def tokens_of_text(text: str) -> list[Token]:
    """Return the words of a text without times."""
    found: list[Token] = []
    for written in text.split():
        _add(found, written, None, None)
    return found


def _add(found: list[Token], text: str, start: float | None, end: float | None) -> None:
    plain = unicodedata.normalize("NFC", text)
    core = plain.strip(_EDGES)
    if core:
        behind = plain[len(plain.rstrip(_EDGES)) :]
        found.append(
            Token(plain, core.casefold(), _marks_in(behind), core[0].isupper(), start, end)
        )
    elif found and (marks := _marks_in(plain)):
        # A mark that stands alone belongs to the word before it.
        last = found[-1]
        found[-1] = replace(last, text=f"{last.text} {plain}", marks=last.marks + marks)


def _marks_in(text: str) -> tuple[str, ...]:
    plain = text.replace("...", "…").translate(_PLAIN_MARK)
    return tuple(letter for letter in plain if letter in MARKS)
