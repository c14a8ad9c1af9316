"""What a person sees on standard error while something runs.

On a terminal one line that is redrawn: how far the sound is, how fast, how long it still takes,
and the last words. Elsewhere a sparse line now and then. With `--quiet` nothing but errors.
Times are seconds of sound unless named otherwise; texts from outside are never markup.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from omoai_engine.cli.console import say
from omoai_engine.cli.job_view import JobView
from omoai_engine.durations import clock
from omoai_engine.events import Event, StageProgress
from omoai_engine.text import one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, Task

    from omoai_engine.models.download import DownloadProgress

_SECONDS_BETWEEN_LINES = 10.0
_REDRAWS_A_SECOND = 2
_NARROW = 70

Tell = Callable[[JobView, float], str]
"""Says something of a recording at a time of the clock."""


class Reporter(Protocol):
    """Tells a person about one file after another."""

    def begin(self, label: str) -> None:
        """Say that the file `label` is next."""
        ...

    def event(self, event: Event) -> None:
        """Take in what the engine says."""
        ...

    def note(self, text: str) -> None:
        """Write a line that stays."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was. Idempotent."""
        ...


def make_reporter(*, quiet: bool) -> Reporter:
    """Return the reporter that fits standard error."""
    if quiet or sys.stderr is None:
        return QuietReporter()
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown"):
        return LiveReporter()
    return PlainReporter()


class QuietReporter:
    """Says nothing."""

    def begin(self, label: str) -> None:
        """Stay silent."""

    def event(self, event: Event) -> None:
        """Stay silent."""

    def note(self, text: str) -> None:
        """Stay silent."""

    def close(self) -> None:
        """Nothing to undo."""


class PlainReporter:
    """Sparse lines, for a log or a pipe."""

    def __init__(self) -> None:
        self._job = JobView("")
        self._last = 0.0

    def begin(self, label: str) -> None:
        """Start on a new file."""
        self._job = JobView(label)
        self._last = time.monotonic()

    def event(self, event: Event) -> None:
        """Write a line when it is time for one."""
        now = time.monotonic()
        line = self._job.take(event, now)
        if line is not None:
            say(line)
        if isinstance(event, StageProgress) and now - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = now
            job = self._job
            parts = [f"{clock(job.done)} of {clock(job.total)}" if job.total else clock(job.done)]
            if speed := job.speed():
                parts.append(f"{speed:.1f}x")
            if (left := job.remaining(now)) is not None:
                parts.append(f"about {clock(left)} left")
            say(f"{job.label}: {', '.join(parts)}")

    def note(self, text: str) -> None:
        """Write `text`."""
        say(text)

    def close(self) -> None:
        """Nothing to undo."""


class LiveReporter:
    """One redrawn line on a terminal."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, Progress, ProgressColumn
        from rich.table import Column
        from rich.text import Text

        self._console = _stderr_console()
        self._job = JobView("")
        reporter = self

        class Told(ProgressColumn):
            """A column that shows what a function of the job and the clock says."""

            def __init__(
                self, tell: Callable[[JobView, float], str], *, fills: bool = False
            ) -> None:
                fluid = Column(ratio=1, no_wrap=True, overflow="ellipsis")
                super().__init__(table_column=fluid if fills else Column(no_wrap=True))
                self._tell = tell

            def render(self, task: Task) -> Text:
                return Text(self._tell(reporter._job, time.monotonic()), end="")

        narrow = self._console.width < _NARROW
        columns: list[ProgressColumn] = [Told(_position), Told(_pace)]
        if not narrow:
            columns = [Told(_short_label), BarColumn(bar_width=20), *columns]
        columns.append(Told(_words, fills=True))
        self._progress: Progress = Progress(
            *columns,
            console=self._console,
            refresh_per_second=_REDRAWS_A_SECOND,
            transient=True,
            expand=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task("", total=None)
        self._progress.start()

    def begin(self, label: str) -> None:
        """Start on a new file."""
        self._job = JobView(label)
        with _even_if_hung_up():
            self._progress.reset(self._task, total=None)

    def event(self, event: Event) -> None:
        """Redraw, and keep the lines that should stay."""
        line = self._job.take(event, time.monotonic())
        self._progress.update(self._task, total=self._job.total, completed=self._job.done)
        if line is not None:
            self.note(line)

    def note(self, text: str) -> None:
        """Write `text` above the line that is redrawn."""
        with _even_if_hung_up():
            self._console.print(one_line(text), markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Take the line away and show the cursor."""
        with _even_if_hung_up():
            self._progress.stop()


def _even_if_hung_up() -> contextlib.AbstractContextManager[None]:
    """Let what is drawn be lost when the terminal has gone; the work goes on to be saved."""
    return contextlib.suppress(OSError)


def _short_label(job: JobView, _now: float) -> str:
    return job.label if len(job.label) <= 24 else f"{job.label[:11]}…{job.label[-12:]}"


def _position(job: JobView, _now: float) -> str:
    total = clock(job.total) if job.total else "?"
    return f"{clock(job.done)}/{total}"


def _pace(job: JobView, now: float) -> str:
    speed, left = job.speed(), job.remaining(now)
    shown = f"{speed:.1f}x" if speed else "--"
    return f"{shown} ETA {clock(left) if left is not None else '-:--'}"


def _words(job: JobView, _now: float) -> str:
    return job.stage or job.latest


def _stderr_console() -> Console:
    from rich.console import Console

    return Console(stderr=True, markup=False, highlight=False, emoji=False)


@contextlib.contextmanager
def download_progress(total: int) -> Iterator[Callable[[DownloadProgress], None]]:
    """Show how far a download of `total` bytes is; yields what to tell it with."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield _plain_download(total)
        return
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=_stderr_console(),
        refresh_per_second=_REDRAWS_A_SECOND,
        transient=True,
    ) as progress:
        task = progress.add_task("", total=total)

        def tell(step: DownloadProgress) -> None:
            progress.update(task, description=one_line(step.file)[:24], completed=step.done)

        yield tell


def _plain_download(total: int) -> Callable[[DownloadProgress], None]:
    last = -1

    def tell(step: DownloadProgress) -> None:
        nonlocal last
        tenths = step.done * 10 // total if total else 10
        if tenths > last:
            last = tenths
            say(f"{tenths * 10} % ({step.done / 1e6:.0f} of {total / 1e6:.0f} MB)")

    return tell
