"""The live list of segments: when, how sure, what. Ten thousand of them cost 0.1 s."""

from __future__ import annotations

from omoai_engine.results import ASRSegment
from omoai_tui import texts
from omoai_tui.cells import Span, runs, wrap
from omoai_tui.confidence import Level, doubtful_spans, level
from omoai_tui.formats import clock
from omoai_tui.jobs import Job, JobStatus
from omoai_tui.widgets.block_view import BlockView, Pieces

_KIND = {Level.HIGH: "", Level.MEDIUM: "medium", Level.LOW: "low"}


class SegmentList(BlockView):
    """Shows `job.segments`; the owner calls `show`, then `sync` when the job has grown."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.job: Job | None = None
        self._shown = 0
        self._long = False
        self._draft = ""

    def show(self, job: Job | None) -> None:
        """Show another job, or none."""
        self.job = job
        self._shown = len(job.segments) if job else 0
        self._long = self._has_hours()
        self._draft = self._provisional()
        self.set_live(job is not None and not job.status.over)
        self.reset()
        self.on_follow_changed()

    def sync(self) -> None:
        """Draw what is new in the job."""
        job = self.job
        if job is None:
            return
        if self._has_hours() != self._long or len(job.segments) < self._shown:
            self._long = self._has_hours()
            job.take_revised()
            self._shown = len(job.segments)
            self._draft = self._provisional()
            self._remeasure()
            self._follow()
            self.refresh()
            return
        for first, last in job.take_revised():
            self.revise(first, last)
        draft = self._provisional()
        if draft == self._draft and len(job.segments) == self._shown and self._shown:
            return
        if draft and self._draft and len(job.segments) == self._shown:
            self._draft = draft
            self.revise_last()
            return
        if self._draft and self._lines:
            # The provisional words stood below the last firm ones.
            self.keep(self._shown)
        self._shown, self._draft = len(job.segments), draft
        self.grow()

    @property
    def _segments(self) -> list[ASRSegment]:
        return self.job.segments if self.job else []

    def _provisional(self) -> str:
        provisional = self.job.provisional if self.job else None
        return provisional.text if provisional else ""

    def _has_hours(self) -> bool:
        job = self.job
        if job is None:
            return False
        last = job.segments[-1].end if job.segments else 0.0
        return max(job.duration or 0.0, last) >= 3600

    def _indent(self) -> int:
        return 10 if self._long else 8

    def _spans(self, index: int, width: int) -> list[Span]:
        return wrap(self._segments[index].text, width - self._indent() - 1)

    def block_count(self) -> int:
        """One block a segment, and one for provisional words."""
        return self._shown + bool(self._draft)

    def block_height(self, index: int, width: int) -> int:
        """Lines of the wrapped text."""
        if index >= self._shown:
            return len(wrap(self._draft, width - self._indent() - 1))
        return len(self._spans(index, width))

    def _draft_lines(self, width: int) -> list[Pieces]:
        lines: list[Pieces] = []
        for row, (a, b) in enumerate(wrap(self._draft, width - self._indent() - 1)):
            head = f"{'…':>{self._indent() - 1}} " if row == 0 else " " * self._indent()
            lines.append([(head, "muted"), (self._draft[a:b], "draft")])
        return lines

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """Time and mark on the first line, the text beside them."""
        if index >= self._shown:
            return self._draft_lines(width)
        segment = self._segments[index]
        sure = level(segment.confidence)
        kind = _KIND[sure]
        time = clock(segment.start, hours=self._long).rjust(self._indent() - 3)
        marks = doubtful_spans(segment.text, segment.words)
        lines: list[Pieces] = []
        for row, span in enumerate(self._spans(index, width)):
            head: Pieces = [(" " * self._indent(), "")]
            if row == 0:
                head = [(f"{time} ", "time"), (f"{sure.value} ", f"mark-{kind}" if kind else "")]
            lines.append(
                head + [(text, mark or kind) for text, mark in runs(segment.text, marks, span)]
            )
        return lines

    def empty_lines(self) -> tuple[str, ...]:
        """Say what will be here."""
        if self.job is None or self.job.status is JobStatus.WAITING:
            return texts.EMPTY_SEGMENTS if self.job is None else texts.EMPTY_SEGMENTS_WAITING
        if self.job.status is JobStatus.FAILED:
            return (self.job.reason,)
        if self.job.status.over:
            return texts.EMPTY_SEGMENTS_NONE
        return texts.EMPTY_SEGMENTS_RUNNING

    def empty_style(self) -> str:
        """A failure is not muted."""
        failed = self.job is not None and self.job.status is JobStatus.FAILED
        return "bad" if failed else "muted"

    def on_follow_changed(self) -> None:
        """Say in the frame whether the list follows, and what the marks mean."""
        note = texts.FOLLOW_HINT if self.live and not self.following else texts.LEGEND
        self.say_note(note)
