"""How well marks and capitals were placed, measured against a punctuated original.

In: two texts with the same words. Out: precision, recall and F1 of any mark, of sentence ends,
of question marks and of capitals. Says nothing of the words themselves: they must be equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from omoai_engine.postprocess.words import MARKS, SENTENCE_ENDS, bare, words_of

_QUOTES = "\"'“”‘’«»()[]*_-–—"


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of right, wrong and missed places, and what follows from them (0 to 1)."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """Of the places given, the share that is right; 0 where none was given."""
        given = self.right + self.wrong
        return self.right / given if given else 0.0

    @property
    def recall(self) -> float:
        """Of the places that are due, the share that was found; 0 where none is due."""
        due = self.right + self.missed
        return self.right / due if due else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / total if total else 0.0

    def __add__(self, other: Score) -> Score:
        return Score(self.right + other.right, self.wrong + other.wrong, self.missed + other.missed)


def mark_scores(reference: str, hypothesis: str) -> Mapping[str, Score]:
    """Compare the marks and capitals of `hypothesis` with those of `reference`.

    Returns scores by name: `marks` (any mark behind a word), `ends` (a mark that ends a
    sentence), `questions` (a question mark) and `capitals` (the first letter of a word).
    Quotation marks and brackets around words are looked through.

    Raises `ValueError` if the words differ.
    """
    due = [token for token in reference.split() if words_of(token)]
    given = [token for token in hypothesis.split() if words_of(token)]
    if words_of(" ".join(map(_unquoted, due))) != words_of(" ".join(map(_unquoted, given))):
        raise ValueError("the words differ, so that marks cannot be compared")
    return {
        "marks": _score(due, given, lambda token: _mark(token) != ""),
        "ends": _score(due, given, lambda token: _mark(token) in tuple(SENTENCE_ENDS)),
        "questions": _score(due, given, lambda token: _mark(token) in ("?", "？")),
        "capitals": _score(due, given, _is_capital),
    }


def _unquoted(token: str) -> str:
    return bare(token.strip(_QUOTES + MARKS))


def _mark(token: str) -> str:
    """Return the mark behind the word, a sentence end before any other, or an empty text."""
    behind = token[len(token.rstrip(_QUOTES + MARKS)) :]
    marks = [letter for letter in behind if letter in MARKS]
    ends = [mark for mark in marks if mark in SENTENCE_ENDS]
    return (ends or marks or [""])[-1]


def _is_capital(token: str) -> bool:
    word = _unquoted(token)
    return bool(word) and word[0].isupper()


def _score(due: list[str], given: list[str], has: Callable[[str], bool]) -> Score:
    pairs = [(has(one), has(other)) for one, other in zip(due, given, strict=True)]
    return Score(
        right=sum(one and other for one, other in pairs),
        wrong=sum(other and not one for one, other in pairs),
        missed=sum(one and not other for one, other in pairs),
    )
