"""A summary that is being written as JSON, told as text that people read.

In: the pieces of a JSON text as they come. Out: its title, abstract and bullets as plain text,
piece by piece. What stands outside the texts of these three is never told; a text that is no
JSON at all tells nothing.
"""

from __future__ import annotations

from omoai_engine.text import clean_text

_BEFORE = {"title": "", "abstract": "\n\n", "text": "\n• "}
_ESCAPES = {"n": " ", "t": " ", "r": " ", "b": "", "f": ""}


class SummaryReader:
    """Reads one answer; `feed` returns what is new for people."""

    def __init__(self) -> None:
        self._inside = False
        self._escape = ""
        self._key = ""
        self._text = ""
        self._is_value = False
        self._bullets = 0

    def feed(self, piece: str) -> str:
        """Take more of the answer; return the text it adds, often none."""
        return clean_text("".join(map(self._letter, piece)))

    def _letter(self, letter: str) -> str:
        if not self._inside:
            return self._outside(letter)
        if self._escape:
            return self._escaped(letter)
        if letter == "\\":
            self._escape = "\\"
            return ""
        if letter == '"':
            self._inside = False
            if not self._is_value:
                self._key = self._text
            return ""
        return self._say(letter)

    def _outside(self, letter: str) -> str:
        if letter == ":":
            self._is_value = True
        elif letter in ",{[":
            self._is_value = False
        elif letter == '"':
            self._inside, self._text = True, ""
            if self._is_value and self._key in _BEFORE:
                first = self._key == "text" and not self._bullets
                self._bullets += self._key == "text"
                return ("\n" if first else "") + _BEFORE[self._key]
        return ""

    def _escaped(self, letter: str) -> str:
        self._escape += letter
        if self._escape[1] != "u":
            self._escape = ""
            return self._say(_ESCAPES.get(letter, letter))
        if len(self._escape) < 6:
            return ""
        digits, self._escape = self._escape[2:], ""
        try:
            return self._say(chr(int(digits, 16)))
        except ValueError:
            return ""

    def _say(self, letter: str) -> str:
        if not self._is_value:
            self._text += letter
            return ""
        return letter if self._key in _BEFORE else ""
