"""Text that arrives in pieces, cleaned at the border and in NFC as a whole.

A letter and its accent may come in different pieces, and so may the two halves of a line break;
the end of each piece is held back until it is firm. What was told, put together, is the text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from omoai_engine.errors import LanguageModelError
from omoai_engine.text import clean_text


class TextStream:
    """`add` returns what became firm; `text` is everything so far."""

    def __init__(self) -> None:
        self._told: list[str] = []
        self._waiting = ""
        self._half_break = ""

    @property
    def text(self) -> str:
        """Everything that became firm."""
        return "".join(self._told)

    def add(self, piece: str, *, last: bool = False) -> str:
        """Take the next piece; return the text that is firm now, which may be empty."""
        piece = self._half_break + piece
        self._half_break = "\r" if piece.endswith("\r") and not last else ""
        # Cleaned before it is cut: what is taken out may stand between a letter and its accent.
        self._waiting = clean_text(self._waiting + piece.removesuffix(self._half_break))
        firm = len(self._waiting) if last else _firm_length(self._waiting)
        told = self._waiting[:firm]
        self._waiting = self._waiting[firm:]
        if told:
            self._told.append(told)
        return told


class Told:
    """What of a stream a caller has heard. After a new start only what is new is told; an answer
    that goes another way than the one already heard cannot be told any more."""

    def __init__(self, on_text: Callable[[str], None] | None) -> None:
        self._on_text = on_text
        self._heard = ""
        self._written = ""

    @property
    def wanted(self) -> bool:
        """Whether anybody listens."""
        return self._on_text is not None

    def again(self) -> None:
        """Note that the answer is begun anew."""
        self._written = ""

    def add(self, piece: str) -> None:
        """Tell the next piece. Raises `LanguageModelError` when it contradicts what was told."""
        if self._on_text is None:
            return
        self._written += piece
        if self._heard.startswith(self._written):
            return
        if not self._written.startswith(self._heard):
            raise LanguageModelError("the answer was begun anew and came out differently")
        new = self._written[len(self._heard) :]
        self._heard = self._written
        self._on_text(new)


def _firm_length(text: str) -> int:
    """Return how many letters no later letter can change: all before the last one that starts a
    letter of its own."""
    index = len(text) - 1
    while index > 0 and (unicodedata.combining(text[index]) or not _starts(text[index])):
        index -= 1
    return max(index, 0)


def _starts(letter: str) -> bool:
    # Hangul vowels and final consonants join what stands before.
    return not "\u1160" <= letter <= "\u11ff"
