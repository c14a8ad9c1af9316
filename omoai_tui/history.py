"""This machine's own past runs: how fast recordings went, for the time left and the small chart.

Numbers and the model's name only, never names of files. At most `MOST_RUNS` are kept. Reading and
writing touch the disk: call them from a thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from omoai_tui import state

MOST_RUNS = 100
CHART_RUNS = 16
SHORTEST_SECONDS = 5.0
"""Shorter recordings say more of the start than of the speed."""
_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Run:
    """One finished job: the recogniser's model, seconds of audio, seconds of wall time."""

    engine: str
    audio: float
    elapsed: float

    @property
    def speed(self) -> float:
        """How many times faster than real time."""
        return self.audio / self.elapsed


@dataclass(frozen=True, slots=True)
class History:
    """The runs, oldest first."""

    runs: tuple[Run, ...] = ()

    def with_run(self, run: Run) -> History:
        """Return the history with one more run, the oldest dropped where there are too many."""
        if run.audio < SHORTEST_SECONDS or run.elapsed <= 0:
            return self
        return History((*self.runs, run)[-MOST_RUNS:])

    def of(self, engine: str) -> tuple[Run, ...]:
        """Return the last runs with this model; with any while the model is not known."""
        same = [run for run in self.runs if not engine or run.engine == engine]
        return tuple(same[-CHART_RUNS:])

    def usual_speed(self, engine: str) -> float | None:
        """Return the median speed of those runs, None when there are none."""
        speeds = sorted(run.speed for run in self.of(engine))
        if not speeds:
            return None
        return (speeds[len(speeds) // 2] + speeds[(len(speeds) - 1) // 2]) / 2


def chart(runs: Sequence[Run]) -> str:
    """Return one bar a run, as high as it was fast."""
    top = max((run.speed for run in runs), default=0.0)
    return "".join(_BARS[min(7, int(run.speed / top * 7.999))] for run in runs)


def read() -> History:
    """Return what is kept; a line that makes no sense is left out."""
    document = state.read_json(state.folder() / "runs.json")
    runs = [run for entry in document if (run := _run(entry))] if isinstance(document, list) else []
    return History(tuple(runs[-MOST_RUNS:]))


def add(run: Run) -> History:
    """Keep one more run; return the history with it."""
    history = read().with_run(run)
    state.write_json(state.folder() / "runs.json", [asdict(kept) for kept in history.runs])
    return history


def _run(entry: Any) -> Run | None:
    try:
        run = Run(str(entry["engine"]), float(entry["audio"]), float(entry["elapsed"]))
    except (KeyError, TypeError, ValueError):
        return None
    sane = 0 < run.audio < 1e7 and 0 < run.elapsed < 1e7
    return run if sane else None
