"""What a person sees on standard error while `omoai record` runs.

On a terminal the firm text above, and one line that is redrawn: time, level, the words that may
still change. Elsewhere the firm text as lines. Warnings stay, each once. At most four drawings a
second of one line each, so that a slow line over SSH is enough.
"""

from __future__ import annotations

import math
import os
import shutil
import sys
import time

from omoai_engine.cli.console import say
from omoai_engine.durations import clock
from omoai_engine.events import (
    Event,
    LanguageDetected,
    Notice,
    ProvisionalText,
    RecognizerChosen,
    SegmentRecognized,
)
from omoai_engine.recording.state import Phase, RecorderState
from omoai_engine.text import one_line

_DRAW_SECONDS = 0.25
_BAR = 10
_QUIETEST_DB = -60.0
_PHASES = {
    Phase.STARTING: "starting",
    Phase.WAITING: "waiting for a sender",
    Phase.RECORDING: "rec",
    Phase.PAUSED: "paused",
}


class RecordView:
    """Takes snapshots and events, draws them. For one thread."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        shown = sys.stderr is not None and sys.stderr.isatty()
        self._live = not quiet and shown and os.environ.get("TERM", "dumb") not in ("dumb", "")
        self._state = RecorderState()
        self._words = ""
        self._told: set[str] = set()
        self._drawn = 0.0
        self._line = ""

    def state(self, state: RecorderState) -> None:
        """Take a snapshot."""
        before, self._state = self._state, state
        if state.path and not before.path:
            self.note(f"recording {one_line(state.device)} into {one_line(state.path)}")
        for warning in state.warnings:
            if warning.code not in self._told:
                self.note(warning.text)
        self._told = {warning.code for warning in state.warnings}
        if self._live and time.monotonic() - self._drawn >= _DRAW_SECONDS:
            self._drawn = time.monotonic()
            self._draw(self._status())

    def event(self, event: Event) -> None:
        """Take what the live recogniser says."""
        if isinstance(event, SegmentRecognized):
            self._words = ""
            self.note(f"{clock(event.segment.start)}  {event.segment.text}")
        elif isinstance(event, ProvisionalText):
            self._words = one_line(event.text)
        elif isinstance(event, Notice):
            self.note(event.text)
        elif isinstance(event, RecognizerChosen):
            self.note(f"live text: {event.model} ({event.reason})")
        elif isinstance(event, LanguageDetected):
            self.note(f"language {event.language}")

    def note(self, text: str) -> None:
        """Write a line that stays."""
        if self._quiet:
            return
        self._draw("")
        say(one_line(text))

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._draw("")

    def _status(self) -> str:
        state = self._state
        level = ""
        if state.phase in (Phase.RECORDING, Phase.PAUSED):
            decibel = 20 * math.log10(max(state.peak, 1e-6))
            filled = round(_BAR * max(0.0, 1 - decibel / _QUIETEST_DB))
            level = f" [{'#' * filled}{' ' * (_BAR - filled)}]"
        head = f"{_PHASES.get(state.phase, '')} {clock(state.seconds)}{level} "
        room = shutil.get_terminal_size().columns - 1 - len(head)
        # The newest words matter: of a long line the beginning is left out.
        words = self._words if len(self._words) <= room else f"…{self._words[-max(1, room - 1) :]}"
        return (head + words)[: shutil.get_terminal_size().columns - 1]

    def _draw(self, line: str) -> None:
        if not self._live or line == self._line:
            return
        self._line = line
        try:
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()
        except (OSError, ValueError):  # the terminal is gone; the recording goes on to be saved
            self._live = False
