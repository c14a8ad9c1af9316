"""Text that arrives in pieces, cleaned at the border and in NFC as a whole.

A letter and its accent may come in different pieces, and so may the two halves of a line break;
the end of each piece is held back until it is firm. What was told, put together, is the text.
"""

from __future__ import annotations

import unicodedata

from omoai_engine.text import clean_text


class TextStream:
    """`add` returns what became firm; `text` is everything so far."""

    def __init__(self) -> None:
        self._told: list[str] = []
        self._waiting = ""

    @property
    def text(self) -> str:
        """Everything that became firm."""
        return "".join(self._told)

    def add(self, piece: str, *, last: bool = False) -> str:
        """Take the next piece; return the text that is firm now, which may be empty."""
        self._waiting += piece
        firm = len(self._waiting) if last else _firm_length(self._waiting)
        told = clean_text(self._waiting[:firm])
        self._waiting = self._waiting[firm:]
        if told:
            self._told.append(told)
        return told


def _firm_length(text: str) -> int:
    """Return how many letters no later letter can change: all before the last one that starts a
    letter of its own."""
    index = len(text) - 1
    while index > 0 and (unicodedata.combining(text[index]) or not _starts(text[index])):
        index -= 1
    return max(index, 0)


def _starts(letter: str) -> bool:
    # Hangul vowels and final consonants join what stands before; "\n" may belong to a "\r".
    return not ("\u1160" <= letter <= "\u11ff" or letter == "\n")
