"""What the library gives out: frozen dataclasses; and how segments stand in the database.

Times are seconds from the first sample; `created` and `deleted` are seconds since 1970 (UTC).
A segment keeps its `key` for ever, whatever is split or merged around it; a transcript is in
the order of `position`, a string of digits after a decimal point, between any two of which
there is always another.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from omoai_engine.results import ASRSegment, SummaryResult, Word

State = Literal["finished", "interrupted", "failed", "recording"]
STATES: tuple[State, ...] = ("finished", "interrupted", "failed", "recording")
AudioKind = Literal["none", "kept", "referenced"]

END_POSITION = "99999999"


class StoredMapping(Mapping[str, Any]):
    """A mapping that stays JSON text until somebody looks into it: a list of 10,000 entries
    is never looked into."""

    __slots__ = ("_text", "_values")

    def __init__(self, text: str) -> None:
        self._text = text
        self._values: dict[str, Any] | None = None

    def _read(self) -> dict[str, Any]:
        if self._values is None:
            self._values = json.loads(self._text)
        return self._values

    def __getitem__(self, key: str) -> Any:
        return self._read()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return repr(self._read())


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment as it stands now; `edited` once a person has changed it."""

    key: int
    position: str
    start: float
    end: float
    text: str
    confidence: float | None = None
    speaker: str | None = None
    words: tuple[Word, ...] = ()
    edited: bool = False

    def asr(self) -> ASRSegment:
        """Return it as the rest of the engine knows segments."""
        return ASRSegment(
            self.start, self.end, self.text, self.confidence, self.words, self.speaker
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One transcript of the library without its text."""

    id: int
    created: float
    title: str
    source: str
    state: State
    duration: float
    language: str | None
    engine: str | None
    model: str | None
    words: int
    audio: AudioKind
    audio_path: str | None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    deleted: float | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Transcript:
    """An entry with its text as it stands now.

    `paragraph_starts` are the keys of the segments that begin a paragraph; `bullet_keys[i]` the
    keys of the segments that support `summary.bullets[i]`; both may name segments that are gone.
    """

    entry: Entry
    segments: tuple[Segment, ...]
    summary: SummaryResult
    paragraph_starts: frozenset[int] = frozenset()
    bullet_keys: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class StoredSuggestion:
    """What a language model would have written in place of words `first..last` of segment
    `key`; `words` is what stood there. A person settles it: `accepted` or `refused`."""

    id: int
    key: int
    first: int
    last: int
    words: str
    text: str
    state: Literal["open", "accepted", "refused"] = "open"


@dataclass(frozen=True, slots=True)
class Hit:
    """A segment that answers a search; `spans` are the places in `text` to mark."""

    entry: int
    title: str
    created: float
    key: int
    start: float
    end: float
    text: str
    speaker: str | None
    spans: tuple[tuple[int, int], ...]

    def snippet(self, width: int = 80) -> str:
        """Return about `width` letters of the text around the first place."""
        if len(self.text) <= width:
            return self.text
        first = self.spans[0][0] if self.spans else 0
        begin = max(min(first - width // 3, len(self.text) - width), 0)
        piece = self.text[begin : begin + width].strip()
        return f"{'…' if begin else ''}{piece}{'…' if begin + width < len(self.text) else ''}"


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Hits, newest entry first. `loosened`: nothing had the marks of the query, so these are
    the places that match without them. `more`: there are further hits."""

    hits: tuple[Hit, ...]
    more: bool = False
    loosened: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A change of one transcript: these segments went, those came. Undone by swapping them."""

    removed: tuple[Segment, ...]
    added: tuple[Segment, ...]

    def inverse(self) -> Step:
        """Return the step that takes this one back."""
        return Step(self.added, self.removed)


@dataclass(frozen=True, slots=True)
class EditOutcome:
    """What an edit, an undo or a redo did: `label` for people, `steps` in order."""

    label: str
    steps: tuple[Step, ...]
    revision: int

    @property
    def changed(self) -> int:
        """How many segments went or came."""
        return sum(max(len(step.removed), len(step.added)) for step in self.steps)


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One line of an entry's history."""

    created: float
    label: str
    undone: bool


def first_position(index: int) -> str:
    """Return the position of the segment that came as number `index`, from 0."""
    return f"{index + 1:08d}".rstrip("0")


def between(before: str, after: str) -> str:
    """Return a position strictly between two; `before` < `after`."""
    length = max(len(before), len(after)) + 1
    middle = (int(before.ljust(length, "0")) + int(after.ljust(length, "0"))) // 2
    return str(middle).rjust(length, "0").rstrip("0")


def next_position(before: str, after: str) -> str:
    """Return a position between two that leaves room behind it: halving would grow long."""
    simple = first_position(int(before[:8].ljust(8, "0")))
    return simple if before < simple < after else between(before, after)


def sound_time(value: float, least: float = 0.0) -> float:
    """Return a time that is a finite number, at least `least`."""
    return max(float(value), least) if math.isfinite(value) else least


def words_to_json(words: Sequence[Word]) -> str:
    """Return words as compact JSON rows."""
    rows: list[list[Any]] = []
    for word in words:
        row: list[Any] = [word.start, word.end, word.text]
        if word.alternatives:
            row += [word.confidence, [list(pair) for pair in word.alternatives]]
        elif word.confidence is not None:
            row.append(word.confidence)
        rows.append(row)
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def words_from_json(text: str) -> tuple[Word, ...]:
    """Return the words of `words_to_json`."""
    return tuple(
        Word(
            row[0],
            row[1],
            row[2],
            row[3] if len(row) > 3 else None,
            tuple((other, chance) for other, chance in row[4]) if len(row) > 4 else (),
        )
        for row in json.loads(text)
    )


def step_to_data(step: Step) -> list[Any]:
    """Return a step as JSON data; a segment whose words did not change holds them once."""
    before = {segment.key: segment for segment in step.removed}
    added = []
    for segment in step.added:
        old = before.get(segment.key)
        row = _segment_row(segment)
        if old is not None and old.words == segment.words:
            row[-1] = None
        added.append(row)
    return [[_segment_row(segment) for segment in step.removed], added]


def step_from_data(data: list[Any]) -> Step:
    """Return the step of `step_to_data`."""
    removed = tuple(_segment(row) for row in data[0])
    words = {segment.key: segment.words for segment in removed}
    return Step(removed, tuple(_segment(row, words) for row in data[1]))


def _segment_row(segment: Segment) -> list[Any]:
    return [
        segment.key,
        segment.position,
        segment.start,
        segment.end,
        segment.text,
        segment.confidence,
        segment.speaker,
        int(segment.edited),
        words_to_json(segment.words),
    ]


def _segment(row: list[Any], known: Mapping[int, tuple[Word, ...]] | None = None) -> Segment:
    key, position, start, end, text, confidence, speaker, edited, words = row
    return Segment(
        key,
        position,
        start,
        end,
        text,
        confidence,
        speaker,
        (known or {})[key] if words is None else words_from_json(words),
        bool(edited),
    )
