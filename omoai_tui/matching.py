"""Finding text by what a person types: without regard to case and accents, letters in order."""

from __future__ import annotations

import unicodedata

_STROKES = str.maketrans({"đ": "d", "Đ": "d"})


def plain(text: str) -> str:
    """Return `text` without case and accents: "Tiếng Việt" as "tieng viet"."""
    letters = unicodedata.normalize("NFD", text.translate(_STROKES).casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).strip()


def score(wanted: str, text: str) -> float | None:
    """Return how well `text` has the letters of `wanted`; None when it lacks one.

    Less is better: whole words at the start, then words, then pieces, then letters in order.
    """
    wanted, text = plain(wanted), plain(text)
    if not wanted:
        return 0.0
    if text.startswith(wanted):
        return 0.0
    if (found := f" {text}".find(f" {wanted}")) >= 0:
        return 1.0 + found / 1000
    if (found := text.find(wanted)) >= 0:
        return 2.0 + found / 1000
    words = wanted.split()
    if len(words) > 1 and all(word in text for word in words):
        return 3.0
    position, gaps = -1, 0
    for letter in wanted.replace(" ", ""):
        found = text.find(letter, position + 1)
        if found < 0:
            return None
        gaps += found - position - 1
        position = found
    return 4.0 + gaps
