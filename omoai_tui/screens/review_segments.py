"""What the review does to segments: merging, deleting, times, speakers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from omoai_engine.library.edits import (
    Delete,
    Merge,
    RenameSpeaker,
    SetSpeaker,
    SetTimes,
)
from omoai_engine.library.records import EditOutcome, Segment
from omoai_tui import texts_review
from omoai_tui.screens.review_doubts import DoubtQueue
from omoai_tui.widgets.review_details import exact_time

if TYPE_CHECKING:
    pass

_CLOCK = r"(?:(\d+):)?(?:(\d+):)?(\d+(?:[.,]\d+)?)"
_SPAN = re.compile(rf"\s*{_CLOCK}\s*[-–—\s]\s*{_CLOCK}\s*")


def parse_span(text: str) -> tuple[float, float] | None:
    """Return start and end in seconds of `1:02.5 - 1:05`; `None` where it is not that."""
    match = _SPAN.fullmatch(text)
    if match is None:
        return None
    times = []
    for first, second, rest in (match.groups()[:3], match.groups()[3:]):
        whole = [int(part) for part in (first, second) if part is not None]
        seconds = 0.0
        for part in whole:
            seconds = seconds * 60 + part
        times.append(seconds * 60 + float(rest.replace(",", ".")))
    return times[0], times[1]


class ReviewSegments(DoubtQueue):
    """The part of the review that changes segments."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "m",
            "merge(1)",
            texts_review.english(texts_review.DO_MERGE),
            show=False,
            id="review.merge",
        ),
        Binding(
            "M",
            "merge(-1)",
            texts_review.english(texts_review.DO_MERGE_BEFORE),
            show=False,
            id="review.merge_before",
        ),
        Binding(
            "d,delete",
            "delete",
            texts_review.english(texts_review.DO_DELETE),
            show=False,
            id="review.delete",
        ),
        Binding(
            "left_square_bracket",
            "nudge(-0.1, 0)",
            texts_review.english(texts_review.DO_START_EARLIER),
            show=False,
            id="review.start_earlier",
        ),
        Binding(
            "right_square_bracket",
            "nudge(0.1, 0)",
            texts_review.english(texts_review.DO_START_LATER),
            show=False,
            id="review.start_later",
        ),
        Binding(
            "left_curly_bracket",
            "nudge(-1, 0)",
            texts_review.english(texts_review.DO_START_EARLIER_1),
            show=False,
            id="review.start_earlier_1",
        ),
        Binding(
            "right_curly_bracket",
            "nudge(1, 0)",
            texts_review.english(texts_review.DO_START_LATER_1),
            show=False,
            id="review.start_later_1",
        ),
        Binding(
            "comma",
            "nudge(0, -0.1)",
            texts_review.english(texts_review.DO_END_EARLIER),
            show=False,
            id="review.end_earlier",
        ),
        Binding(
            "full_stop",
            "nudge(0, 0.1)",
            texts_review.english(texts_review.DO_END_LATER),
            show=False,
            id="review.end_later",
        ),
        Binding(
            "less_than_sign",
            "nudge(0, -1)",
            texts_review.english(texts_review.DO_END_EARLIER_1),
            show=False,
            id="review.end_earlier_1",
        ),
        Binding(
            "greater_than_sign",
            "nudge(0, 1)",
            texts_review.english(texts_review.DO_END_LATER_1),
            show=False,
            id="review.end_later_1",
        ),
        Binding(
            "T", "times", texts_review.english(texts_review.DO_TIMES), show=False, id="review.times"
        ),
        Binding(
            "S",
            "speaker",
            texts_review.english(texts_review.DO_SPEAKER),
            show=False,
            id="review.speaker",
        ),
        Binding(
            "R",
            "rename_speaker",
            texts_review.english(texts_review.DO_RENAME),
            show=False,
            id="review.rename_speaker",
        ),
    ]

    def chosen(self) -> list[Segment]:
        """The marked segments, else the one under the cursor."""
        return self.document.chosen(self.view.cursor) if self.document else []

    def _marks_done(self, _outcome: EditOutcome | None = None) -> None:
        if self.document and self.document.marked:
            self.document.marked.clear()
            self.view.redraw()
            self.sync()

    def action_merge(self, step: int) -> None:
        """Make one segment of the marked ones, or of this and the next (or the one before)."""
        document, chosen = self.document, self.chosen()
        if document is None or not chosen:
            return
        if len(chosen) == 1:
            at = document.index[chosen[0].key] + step
            if not 0 <= at < len(document.segments):
                self.say(texts_review.NOTHING_TO_MERGE)
                return
            chosen = sorted([*chosen, document.segments[at]], key=lambda one: one.position)
        keys = tuple(segment.key for segment in chosen)

        def merged(outcome: EditOutcome) -> None:
            self._marks_done(outcome)
            if document is self.document and (at := document.index.get(keys[0])) is not None:
                self.view.show_block(at)

        self.make([Merge(keys)], then=merged)

    def action_delete(self) -> None:
        """Take the segments out; `u` brings them back."""
        keys = tuple(segment.key for segment in self.chosen())
        if keys:
            self.make([Delete(keys)], then=self._marks_done)
            self.say(texts_review.DELETED.format(count=len(keys)), 3)

    def action_nudge(self, start: float, end: float) -> None:
        """Let the segment begin or end a little earlier or later."""
        if (segment := self.current()) is not None:
            wanted = SetTimes(
                segment.key,
                round(max(0.0, segment.start + start), 3),
                round(segment.end + end, 3),
            )
            self.make([wanted])

    def action_times(self) -> None:
        """Ask for start and end."""
        from omoai_tui.screens.review_dialogs import LineDialog

        segment = self.current()
        if segment is None:
            return

        def answered(text: str | None) -> None:
            if text is None:
                return
            if (span := parse_span(text)) is None:
                self.say(texts_review.NO_TIMES)
                return
            self.make([SetTimes(segment.key, *span)])

        first = f"{exact_time(segment.start)} - {exact_time(segment.end)}"
        self.app.push_screen(LineDialog(texts_review.TIMES_TITLE, first, ()), answered)

    def action_speaker(self) -> None:
        """Say who speaks in the segments."""
        from omoai_tui.screens.review_dialogs import LineDialog

        document, chosen = self.document, self.chosen()
        if document is None or not chosen:
            return
        keys = tuple(segment.key for segment in chosen)

        def answered(name: str | None) -> None:
            if name is not None:
                self.make([SetSpeaker(keys, name or None)], then=self._marks_done)

        dialog = LineDialog(
            texts_review.SPEAKER_TITLE.format(count=len(keys)),
            chosen[0].speaker or "",
            document.speakers(),
            keys=texts_review.SPEAKER_KEYS,
            empty=True,
        )
        self.app.push_screen(dialog, answered)

    def action_rename_speaker(self) -> None:
        """Give the speaker of this segment another name everywhere."""
        from omoai_tui.screens.review_dialogs import LineDialog

        segment, document = self.current(), self.document
        if segment is None or document is None:
            return
        if not segment.speaker:
            self.say(texts_review.NO_SPEAKER)
            return
        old = segment.speaker

        def answered(name: str | None) -> None:
            if name and name != old:
                self.make([RenameSpeaker(old, name)])

        title = texts_review.RENAME_TITLE.format(name=old)
        self.app.push_screen(LineDialog(title, old, document.speakers()), answered)
