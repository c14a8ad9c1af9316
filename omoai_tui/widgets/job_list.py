"""The queue: every recording of this sitting and where it stands."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from omoai_tui import texts
from omoai_tui.cells import fit, pad, wrap
from omoai_tui.formats import clock
from omoai_tui.jobs import Job, JobStatus
from omoai_tui.widgets.block_view import BlockView, Pieces

_KIND = {
    JobStatus.WAITING: "muted",
    JobStatus.RUNNING: "busy",
    JobStatus.PAUSED: "busy",
    JobStatus.STOPPING: "busy",
    JobStatus.DONE: "good",
    JobStatus.STOPPED: "muted",
    JobStatus.FAILED: "bad",
}


class JobList(BlockView):
    """Shows `jobs` in their order; the one that the panes show is strong."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R", "app.retry", texts.DO_RETRY, id="queue.retry"),
        Binding("K,shift+up", "app.move_job(-1)", texts.DO_MOVE_UP, id="queue.up"),
        Binding("J,shift+down", "app.move_job(1)", texts.DO_MOVE_DOWN, id="queue.down"),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.jobs: list[Job] = []
        self.shown: Job | None = None
        self._drawn: list[tuple[object, ...]] = []

    def sync(self, jobs: list[Job], shown: Job | None) -> None:
        """Draw the rows that differ from what is on the screen."""
        self.jobs, self.shown = jobs, shown
        rows = [self._row_key(job) for job in jobs]
        if rows == self._drawn:
            return
        before, self._drawn = self._drawn, rows
        if len(before) > len(rows) or not before:
            self.reset()
            self._move_to(len(rows) - 1)
            return
        for index, key in enumerate(before):
            if key != rows[index]:
                self.revise(index, index)
        if len(rows) > len(before):
            self.grow()

    def may_move(self) -> bool:
        """Say whether there are waiting jobs to change places."""
        return sum(job.status is JobStatus.WAITING for job in self.jobs) > 1

    def job_at_cursor(self) -> Job | None:
        """Return the job under the cursor."""
        return self.jobs[self.cursor] if 0 <= self.cursor < len(self.jobs) else None

    def _row_key(self, job: Job) -> tuple[object, ...]:
        percent = job.progress
        return (
            job.number,
            job.status,
            job.reason,
            job is self.shown,
            job.duration,
            int(percent * 50) if percent is not None and job.status.active else None,
        )

    def _right(self, job: Job) -> str:
        if job.status.active and job.status is not JobStatus.STOPPING:
            percent = job.progress
            word = "" if job.status is JobStatus.RUNNING else texts.STATUS[job.status.value]
            return f"{word} {int(percent * 50) * 2} %".strip() if percent is not None else word
        if job.status is JobStatus.DONE and job.duration:
            return clock(job.duration)
        return texts.STATUS[job.status.value]

    def block_count(self) -> int:
        """One block a job."""
        return len(self.jobs)

    def block_height(self, index: int, width: int) -> int:
        """One line, and the wrapped reason of a failed job."""
        job = self.jobs[index]
        return 1 + (len(wrap(job.reason, width - 5)) if job.reason else 0)

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """Mark, name, state; below a failed job its reason."""
        job = self.jobs[index]
        kind = _KIND[job.status]
        right = self._right(job)
        room = max(4, width - 5 - len(right))
        name = pad(fit(job.name, room), room)
        lines: list[Pieces] = [
            [
                (f" {texts.STATUS_MARK[job.status.value]} ", kind),
                (name, "strong" if job is self.shown else ""),
                (f" {right}", kind),
            ]
        ]
        if job.reason:
            lines.extend([(f"   {job.reason[a:b]}", "bad")] for a, b in wrap(job.reason, width - 5))
        return lines

    def empty_lines(self) -> tuple[str, ...]:
        """Say how to fill it."""
        return texts.EMPTY_QUEUE
