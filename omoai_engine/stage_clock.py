"""What each stage of a job takes, and the events that say so. Seconds, of the wall clock."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from omoai_engine.events import (
    STAGES,
    OnEvent,
    Stage,
    StageFinished,
    StageProgress,
    StageStarted,
)

_PROGRESS_SECONDS = 0.2


@dataclass(slots=True)
class _Clock:
    started: float
    elapsed: float | None = None
    busy: float = 0.0
    told: float = 0.0


class StageClocks:
    """The clocks of one job; each stage is used by one thread."""

    def __init__(self, tell: OnEvent) -> None:
        self._tell = tell
        self._began = time.monotonic()
        self._clocks: dict[Stage, _Clock] = {}

    @property
    def since_start(self) -> float:
        """Seconds since the job began."""
        return time.monotonic() - self._began

    def start(self, stage: Stage) -> None:
        """Start the clock of a stage."""
        self._clocks[stage] = _Clock(time.monotonic())
        self._tell(StageStarted(stage))

    def is_running(self, stage: Stage) -> bool:
        """Say whether a stage began and has not finished."""
        return stage in self._clocks and self._clocks[stage].elapsed is None

    @contextlib.contextmanager
    def working(self, stage: Stage) -> Iterator[None]:
        """Count the time inside as work of the stage, not as waiting."""
        clock = self._clocks[stage]
        before = time.monotonic()
        try:
            yield
        finally:
            clock.busy += time.monotonic() - before

    def add(self, stage: Stage, seconds: float) -> None:
        """Count work of the stage that was done beside its thread."""
        self._clocks[stage].busy += seconds

    def progress(self, stage: Stage, done: float, total: float | None) -> None:
        """Tell how many seconds of sound are done, at most five times a second."""
        clock = self._clocks[stage]
        now = time.monotonic()
        if now - clock.told >= _PROGRESS_SECONDS:
            clock.told = now
            self._tell(StageProgress(stage, done, total, now - clock.started))

    def finish(self, stage: Stage, audio: float) -> None:
        """Stop the clock after `audio` seconds of sound."""
        clock = self._clocks[stage]
        clock.elapsed = time.monotonic() - clock.started
        self._tell(StageFinished(stage, clock.elapsed, audio, clock.busy))

    def timing(self) -> dict[str, float]:
        """Return the work of every stage and the total, in seconds."""
        times: dict[str, float] = dict.fromkeys(STAGES, 0.0)
        times.update({stage: clock.busy for stage, clock in self._clocks.items()})
        times["total"] = self.since_start
        return times
