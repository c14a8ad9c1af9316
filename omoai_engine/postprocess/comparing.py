"""How far a transcript is from a reference: error rates by edit distance, and where they differ.

In: the words of two transcripts, with times where they are known. Out: counts for words,
characters, marks and capitals, precision and recall of every mark, and the places that differ.
Words are compared in folded case without marks, quotes and brackets at their edges; marks are
aligned between the words that stand opposite each other; capitals are looked at on words that
both have. The edit distance is that of RapidFuzz, imported at the first use. Changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from omoai_engine.errors import OmoAIError
from omoai_engine.postprocess.words import MARKS, SENTENCE_ENDS
from omoai_engine.postprocess.written_words import Token

_NONE: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edits:
    """What a hypothesis has right, has otherwise, puts in and leaves out."""

    right: int = 0
    substituted: int = 0
    inserted: int = 0
    deleted: int = 0

    @property
    def due(self) -> int:
        """How many the reference has."""
        return self.right + self.substituted + self.deleted

    @property
    def errors(self) -> int:
        """How many edits make the reference out of the hypothesis."""
        return self.substituted + self.inserted + self.deleted

    @property
    def rate(self) -> float | None:
        """Errors per item of the reference (above 1 is possible); None where it has none."""
        return self.errors / self.due if self.due else None

    def __add__(self, other: Edits) -> Edits:
        return Edits(
            self.right + other.right,
            self.substituted + other.substituted,
            self.inserted + other.inserted,
            self.deleted + other.deleted,
        )


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of right, wrong and missed places, and what follows from them (0 to 1)."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

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


@dataclass(frozen=True, slots=True)
class Place:
    """A place that differs: what the reference has there and what the hypothesis has, either of
    them empty, and whether words differ or marks and capitals alone. `start` and `end` in seconds
    where a time is known; `context` is a few words of the hypothesis before and behind."""

    before: str
    after: str
    words: bool
    start: float | None
    end: float | None
    context: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that is counted. `by_mark` has an entry for every mark that one of the texts
    writes, `ends` takes all marks that end a sentence as one."""

    words: Edits
    characters: Edits
    marks: Edits
    capitals: Edits
    by_mark: Mapping[str, Score]
    ends: Score
    places: tuple[Place, ...]


def compare(reference: Sequence[Token], hypothesis: Sequence[Token]) -> Comparison:
    """Compare two transcripts. Raises `OmoAIError` where the reference has no words."""
    if not reference:
        raise OmoAIError("the reference has no words", hint="Give a transcript that has some")
    aligned = _aligned([one.word for one in reference], [one.word for one in hypothesis])
    marks, by_mark, ends = _marks(reference, hypothesis, aligned)
    return Comparison(
        words=_counted(aligned, reference, hypothesis),
        characters=_edits(_spelled(reference), _spelled(hypothesis)),
        marks=marks,
        capitals=_capitals(reference, hypothesis, aligned),
        by_mark=by_mark,
        ends=ends,
        places=tuple(_places(reference, hypothesis, aligned)),
    )


def _spelled(tokens: Sequence[Token]) -> str:
    return " ".join(token.word for token in tokens)


Pair = tuple[int | None, int | None]
"""A place in the reference and the one opposite in the hypothesis; None where there is none."""


def _aligned(ours: Sequence[str], theirs: Sequence[str]) -> list[Pair]:
    from rapidfuzz.distance import Levenshtein

    pairs: list[Pair] = []
    for part in Levenshtein.opcodes(ours, theirs, score_hint=_hint(ours, theirs)):
        here, there = (
            range(part.src_start, part.src_end),
            range(part.dest_start, part.dest_end),
        )
        if part.tag == "delete":
            pairs += [(at, None) for at in here]
        elif part.tag == "insert":
            pairs += [(None, at) for at in there]
        else:
            pairs += list(zip(here, there, strict=True))
    return pairs


def _edits(ours: Sequence[str], theirs: Sequence[str]) -> Edits:
    from rapidfuzz.distance import Levenshtein

    kinds = Counter(
        one.tag for one in Levenshtein.editops(ours, theirs, score_hint=_hint(ours, theirs))
    )
    return Edits(
        right=len(ours) - kinds["replace"] - kinds["delete"],
        substituted=kinds["replace"],
        inserted=kinds["insert"],
        deleted=kinds["delete"],
    )


def _hint(ours: Sequence[str], theirs: Sequence[str]) -> int:
    # Transcripts of one recording are alike: a narrow band is tried first.
    return max(len(ours), len(theirs)) // 10 + 32


def _counted(
    aligned: Sequence[Pair], reference: Sequence[Token], hypothesis: Sequence[Token]
) -> Edits:
    right = substituted = inserted = deleted = 0
    for here, there in aligned:
        if here is None:
            inserted += 1
        elif there is None:
            deleted += 1
        elif reference[here].word == hypothesis[there].word:
            right += 1
        else:
            substituted += 1
    return Edits(right, substituted, inserted, deleted)


def _marks(
    reference: Sequence[Token], hypothesis: Sequence[Token], aligned: Sequence[Pair]
) -> tuple[Edits, Mapping[str, Score], Score]:
    edits = Edits()
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    ends = Score()
    for ours, theirs in _gaps(reference, hypothesis, aligned):
        if ours or theirs:
            ends += _score(
                *(any(mark in SENTENCE_ENDS for mark in side) for side in (ours, theirs))
            )
        for one, other in _opposite(ours, theirs):
            edits += Edits(
                right=one == other,
                substituted=one != other and bool(one and other),
                inserted=not one,
                deleted=not other,
            )
            if one == other:
                right[one] += 1
                continue
            missed[one] += bool(one)
            wrong[other] += bool(other)
    named = sorted((right + wrong + missed).keys(), key=MARKS.find)
    return edits, {m: Score(right[m], wrong[m], missed[m]) for m in named}, ends


def _gaps(
    reference: Sequence[Token], hypothesis: Sequence[Token], aligned: Sequence[Pair]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield the marks of both texts from each pair of opposite words to the next."""
    ours, theirs = _NONE, _NONE
    for here, there in aligned:
        if here is not None and there is not None:
            yield ours, theirs
            ours, theirs = _NONE, _NONE
        if here is not None:
            ours += reference[here].marks
        if there is not None:
            theirs += hypothesis[there].marks
    yield ours, theirs


def _opposite(ours: tuple[str, ...], theirs: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield the marks of one gap side by side; an empty text where there is none."""
    if len(ours) <= 1 and len(theirs) <= 1:
        if ours or theirs:
            yield "".join(ours), "".join(theirs)
        return
    for here, there in _aligned(ours, theirs):
        yield ours[here] if here is not None else "", theirs[there] if there is not None else ""


def _capitals(
    reference: Sequence[Token], hypothesis: Sequence[Token], aligned: Sequence[Pair]
) -> Edits:
    edits = Counter(
        (reference[here].capital, hypothesis[there].capital)
        for here, there in aligned
        if here is not None and there is not None and reference[here].word == hypothesis[there].word
    )
    return Edits(edits[True, True], 0, edits[False, True], edits[True, False])


def _score(due: bool, given: bool) -> Score:
    return Score(due and given, given and not due, due and not given)


# Where they differ.

_CONTEXT_WORDS = 4


def _places(
    reference: Sequence[Token], hypothesis: Sequence[Token], aligned: Sequence[Pair]
) -> Iterator[Place]:
    differs = [not _same(reference, hypothesis, pair) for pair in aligned]
    edges = [False, *differs, False]
    borders = [at for at, (one, other) in enumerate(pairwise(edges)) if one != other]
    for first, end in zip(borders[::2], borders[1::2], strict=True):
        part = aligned[first:end]
        ours = [reference[here] for here, _ in part if here is not None]
        theirs = [hypothesis[there] for _, there in part if there is not None]
        around = [
            " ".join(
                hypothesis[there].text
                for _, there in aligned[max(start, 0) : stop]
                if there is not None
            )
            for start, stop in ((first - _CONTEXT_WORDS, first), (end, end + _CONTEXT_WORDS))
        ]
        timed = [one for one in (*theirs, *ours) if one.start is not None]
        before = [hypothesis[there] for _, there in aligned[:first][-1:] if there is not None]
        yield Place(
            before=" ".join(token.text for token in ours),
            after=" ".join(token.text for token in theirs),
            words=[token.word for token in ours] != [token.word for token in theirs],
            start=timed[0].start if timed else before[0].end if before else None,
            end=timed[-1].end if timed else before[0].end if before else None,
            context=(around[0], around[1]),
        )


def _same(reference: Sequence[Token], hypothesis: Sequence[Token], pair: Pair) -> bool:
    here, there = pair
    if here is None or there is None:
        return False
    ours, theirs = reference[here], hypothesis[there]
    return (ours.word, ours.marks, ours.capital) == (theirs.word, theirs.marks, theirs.capital)
