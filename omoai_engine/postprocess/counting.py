"""What is known of a punctuated text without a reference: counted, never assumed.

In: what was recognised and what was given out for it. Out: how many words came through, how many
were changed (by edit distance; 0 where the stage keeps its promise), and how many marks stand
there. Independent of the judge that lets a text pass, so that a slip of the judge shows here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from omoai_engine.postprocess.words import MARKS, words_of

# A mark in the full-width form, or one that does not stand inside a word or a number.
_WRITTEN_MARK = re.compile(rf"[。，、？！：；]|[{re.escape(MARKS)}](?!\w)")


@dataclass(frozen=True, slots=True)
class TextCounts:
    """`recognized` words went in, `words` came out; `kept` of the first stand in the second in
    their order, and `changed` is the edit distance between the two; `marks` stand behind words."""

    recognized: int = 0
    words: int = 0
    kept: int = 0
    changed: int = 0
    marks: int = 0

    def __add__(self, other: TextCounts) -> TextCounts:
        return TextCounts(
            self.recognized + other.recognized,
            self.words + other.words,
            self.kept + other.kept,
            self.changed + other.changed,
            self.marks + other.marks,
        )

    @property
    def coverage(self) -> float | None:
        """The share of the recognised words that is in the text; None where there was none."""
        return round(self.kept / self.recognized, 4) if self.recognized else None

    @property
    def marks_per_100_words(self) -> float:
        """Marks per 100 words; 0 where there are no words."""
        return round(100 * self.marks / self.words, 2) if self.words else 0.0

    def figures(self) -> dict[str, Any]:
        """Return the counts as they stand in the metadata of a result."""
        return {
            "words": self.words,
            "words_changed": self.changed,
            "coverage": self.coverage,
            "marks_per_100_words": self.marks_per_100_words,
        }


def counted(recognized: str, given: str) -> TextCounts:
    """Count what became of the words of `recognized` in the text `given`."""
    before, after = words_of(recognized), words_of(given)
    kept, changed = len(before), 0
    if before != after:
        from rapidfuzz.distance import LCSseq, Levenshtein

        kept = LCSseq.similarity(before, after)
        changed = Levenshtein.distance(before, after)
    return TextCounts(len(before), len(after), kept, changed, len(_WRITTEN_MARK.findall(given)))
