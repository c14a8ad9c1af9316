"""One line on standard error when a stage begins and ends, for programs that ask for it.

Off by default: `api.enable_progress_output` (`OMOAI_API__ENABLE_PROGRESS_OUTPUT=true`).
"""

from __future__ import annotations

import sys

from omoai_engine.events import Event, JobStarted, OnEvent, StageFinished, StageStarted


class ProgressLines:
    """Writes the lines and passes every event on."""

    def __init__(self, on_event: OnEvent | None) -> None:
        self._on_event = on_event

    def __call__(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, JobStarted):
            self._write(f"{event.source}: started")
        elif isinstance(event, StageStarted):
            self._write(f"{event.stage}: started")
        elif isinstance(event, StageFinished):
            factor = f", real-time factor {event.busy / event.audio:.3f}" if event.audio else ""
            self._write(f"{event.stage}: {event.busy:.2f} s{factor}")
        if self._on_event is not None:
            self._on_event(event)

    @staticmethod
    def _write(line: str) -> None:
        sys.stderr.write(f"omoai: {line}\n")
