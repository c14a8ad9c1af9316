"""A transcript of the library as the review screen knows it: segments, doubts, drafts, marks.

Outcomes of edits go in (`apply`), what to draw again comes out. Pure: knows neither widgets nor
the database. Indices are places in the list, keys the segments' own names.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from omoai_engine.library.doubts import Doubt, doubts_of, same_sound
from omoai_engine.library.records import (
    EditOutcome,
    Entry,
    Segment,
    StoredSuggestion,
    Transcript,
)
from omoai_engine.results import SummaryResult

_LONGEST_PACE = 120.0
_PACES = 20
_PACES_TO_SAY = 3


@dataclass(slots=True)
class Pace:
    """How fast a person settles doubts; seconds."""

    taken: list[float] = field(default_factory=list)
    since: float | None = None
    settled: int = 0

    def begin(self, now: float) -> None:
        """The person looks at a doubt."""
        if self.since is None:
            self.since = now

    def settle(self, now: float) -> None:
        """One is settled; the next is looked at. A long pause was no work."""
        if self.since is not None and now - self.since <= _LONGEST_PACE:
            self.taken = [*self.taken[1 - _PACES :], now - self.since]
        self.since = now
        self.settled += 1

    def left(self, places: int) -> float | None:
        """Return the seconds that so many places take; `None` while the pace is not known."""
        if len(self.taken) < _PACES_TO_SAY:
            return None
        return sorted(self.taken)[len(self.taken) // 2] * places


@dataclass(frozen=True, slots=True)
class Redraw:
    """Which segments look different: `first..last`, or all where the list is another one."""

    first: int
    last: int
    everything: bool = False


class ReviewDocument:
    """One transcript under review."""

    def __init__(self, transcript: Transcript) -> None:
        self.entry: Entry = transcript.entry
        self.segments: list[Segment] = list(transcript.segments)
        self.summary: SummaryResult = transcript.summary
        self.paragraph_starts = transcript.paragraph_starts
        self.bullet_keys = transcript.bullet_keys
        self.suggestions: list[StoredSuggestion] = []
        self.same: dict[str, list[str]] = {}
        self.marked: set[int] = set()
        self.drafts: dict[int, str] = {}
        self.pace = Pace()
        self.index: dict[int, int] = {}
        self._doubts: dict[int, list[Doubt]] = {}
        self.places: list[Doubt] = []
        self._order: list[tuple[int, int]] = []
        self._reindex()

    def _reindex(self) -> None:
        self.index = {segment.key: at for at, segment in enumerate(self.segments)}

    # Doubts.

    def find_doubts(self, suggestions: Sequence[StoredSuggestion]) -> None:
        """Look for doubts everywhere; may take a while for a long transcript: any thread, before
        the document is shown, or the app's."""
        self.suggestions = list(suggestions)
        self.same = same_sound(self.segments)
        self._doubts = {}
        self._find(self.segments)

    def take_doubts(self, other: ReviewDocument) -> None:
        """Take what `other`, a copy of this document in another thread, found."""
        self.suggestions, self.same = other.suggestions, other.same
        self._doubts = {}
        self._find(segment for segment in self.segments if not self._same_doubts(segment, other))

    def _same_doubts(self, segment: Segment, other: ReviewDocument) -> bool:
        at = other.index.get(segment.key)
        if at is None or other.segments[at] is not segment:
            return False
        if found := other._doubts.get(segment.key):
            self._doubts[segment.key] = found
        return True

    def _find(self, segments: Iterable[Segment]) -> None:
        of: dict[int, list[StoredSuggestion]] = defaultdict(list)
        for one in self.suggestions:
            of[one.key].append(one)
        for segment in segments:
            found = doubts_of(segment, of.get(segment.key, ()), self.same)
            if found:
                self._doubts[segment.key] = found
            else:
                self._doubts.pop(segment.key, None)
        self._line_up()

    def _line_up(self) -> None:
        index = self.index
        keys = sorted((key for key in self._doubts if key in index), key=index.__getitem__)
        self.places = [doubt for key in keys for doubt in self._doubts[key]]
        self._order = [(index[doubt.key], doubt.begin) for doubt in self.places]

    def doubts_in(self, key: int) -> list[Doubt]:
        """Return the doubtful places of a segment."""
        return self._doubts.get(key, [])

    def next_place(self, at: tuple[int, int], step: int) -> Doubt | None:
        """Return the doubt after (or before) letter `at[1]` of segment number `at[0]`; `None`
        where there is none that way."""
        if step > 0:
            found = bisect_right(self._order, at)
            return self.places[found] if found < len(self.places) else None
        before = [n for n in range(len(self._order)) if self._order[n] < at]
        return self.places[before[-1]] if before else None

    def number_of(self, doubt: Doubt) -> int:
        """Return which of the doubts this is, from 1; 0 when it is settled."""
        return self.places.index(doubt) + 1 if doubt in self.places else 0

    # Edits.

    def apply(self, outcome: EditOutcome) -> Redraw | None:
        """Take in what an edit, an undo or a redo did; return what to draw again."""
        changed: set[int] = set()
        same_list = True
        for step in outcome.steps:
            added = {segment.key: segment for segment in step.added}
            gone = {segment.key for segment in step.removed}
            if gone == added.keys():
                for key, segment in added.items():
                    if (at := self.index.get(key)) is not None:
                        same_list &= self.segments[at].position == segment.position
                        self.segments[at] = segment
                        changed.add(key)
                continue
            same_list = False
            self.segments = [one for one in self.segments if one.key not in gone]
            self.segments += step.added
            changed |= added.keys()
            for key in gone - added.keys():
                self._doubts.pop(key, None)
                self.marked.discard(key)
            self._resort()
        if not same_list:
            self._resort()
        if not changed and same_list:
            return None
        self._find(self.segments[self.index[key]] for key in changed if key in self.index)
        places = [self.index[key] for key in changed if key in self.index]
        first, last = min(places, default=0), max(places, default=0)
        return Redraw(first, last, everything=not same_list or len(places) > 50)

    def _resort(self) -> None:
        self.segments.sort(key=lambda segment: segment.position)
        self._reindex()

    def add(self, segments: Iterable[Segment]) -> bool:
        """Take in segments that came meanwhile; say whether there were any."""
        new = [segment for segment in segments if segment.key not in self.index]
        if new:
            self.segments += new
            self._resort()
            self._find(new)
        return bool(new)

    def settled(self, suggestion: int, state: Literal["accepted", "refused"]) -> None:
        """A suggestion was settled."""
        self.suggestions = [
            replace(one, state=state) if one.id == suggestion else one for one in self.suggestions
        ]

    def refresh(self, key: int) -> None:
        """Look for the doubts of one segment again."""
        if (at := self.index.get(key)) is not None:
            self._find([self.segments[at]])

    def chosen(self, at: int) -> list[Segment]:
        """Return the marked segments in order, else the one at `at`."""
        if self.marked:
            return [segment for segment in self.segments if segment.key in self.marked]
        return [self.segments[at]] if 0 <= at < len(self.segments) else []

    def at_time(self, seconds: float) -> int:
        """Return the segment that is heard at a time: the last that begins by then."""
        found = 0
        for at, segment in enumerate(self.segments):
            if segment.start > seconds + 0.01:
                break
            found = at
        return found

    def speakers(self) -> list[str]:
        """Return the names that occur, in the order they come."""
        return list(dict.fromkeys(one.speaker for one in self.segments if one.speaker))
