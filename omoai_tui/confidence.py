"""How sure the recogniser is, in three steps, and where in a text its doubtful words stand."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from omoai_engine.results import Word

MEDIUM_BELOW = 0.80
LOW_BELOW = 0.55
DOUBTFUL_WORD_BELOW = 0.50


class Level(Enum):
    """A step of confidence; the value is the mark that says it without colour."""

    HIGH = " "
    MEDIUM = "~"
    LOW = "?"


def level(confidence: float | None) -> Level:
    """Return the step of a probability; a recogniser that gives none is not doubted."""
    if confidence is None or confidence >= MEDIUM_BELOW:
        return Level.HIGH
    return Level.MEDIUM if confidence >= LOW_BELOW else Level.LOW


def doubtful_spans(text: str, words: Iterable[Word]) -> list[tuple[int, int, str]]:
    """Return `(start, end, "doubt")` for each word below the threshold, in the order of `text`.

    `text` may be punctuated and capitalised; its words are those of `words`, in order.
    """
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = text
    spans = []
    position = 0
    for word in words:
        letters = word.text.strip().strip(".,;:!?…\"'«»“”()").lower()
        if not letters:
            continue
        found = lowered.find(letters, position)
        if found < 0:
            continue
        position = found + len(letters)
        if word.confidence is not None and word.confidence < DOUBTFUL_WORD_BELOW:
            spans.append((found, position, "doubt"))
    return spans
