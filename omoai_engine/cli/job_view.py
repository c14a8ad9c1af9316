"""How far one recording is, as its events tell: a value that the reporters draw.

In: events of the engine and the time of a clock in seconds. Out: what is done, how fast, how
long it still takes, the latest words. Never writes.
"""

from __future__ import annotations

from omoai_engine.events import (
    Event,
    JobStarted,
    LanguageDetected,
    Notice,
    RecognizerChosen,
    SegmentRecognized,
    StageProgress,
    StageStarted,
    TextBackendChosen,
)
from omoai_engine.text import one_line

_TELLING_SECONDS = 5.0
"""So much sound must be done before a speed is told."""


class JobView:
    """How far the current file is; `now` is a clock in seconds."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.total: float | None = None
        self.done = 0.0
        self.stage = "opening"
        self.latest = ""
        self._began: float | None = None
        self._last = 0.0

    def take(self, event: Event, now: float) -> str | None:
        """Take in an event; return a line that should stay on the screen, if it gives one."""
        if isinstance(event, JobStarted):
            self.total = event.duration
        elif isinstance(event, StageStarted):
            if event.stage == "model_loading":
                self.stage = "loading the model"
            elif event.stage == "asr":
                self.stage, self._began = "", now
        elif isinstance(event, StageProgress) and event.stage == "asr":
            self.stage = ""
            if self._began is None:
                self._began = now
            if event.done > self.done:
                self._last = now
            self.done = event.done
            self.total = event.total or self.total
        elif isinstance(event, SegmentRecognized):
            self.latest = one_line(event.segment.text)
        elif isinstance(event, RecognizerChosen):
            return f"{self.label}: {event.model} ({event.reason})"
        elif isinstance(event, TextBackendChosen):
            backend = f"{event.backend} {one_line(event.model)}".strip()
            return f"{self.label}: text by {backend} ({event.reason})"
        elif isinstance(event, LanguageDetected):
            sure = f"{event.probability:.0%}".replace("%", " %")
            return f"{self.label}: language {event.language} ({sure} sure)"
        elif isinstance(event, Notice):
            # A notice may name the recording itself.
            named = event.text.startswith(self.label)
            return event.text if named else f"{self.label}: {event.text}"
        return None

    def speed(self) -> float | None:
        """Return seconds of sound a second, once that can be told."""
        # Recognition advances window by window: the first steps say nothing of the speed, and
        # the time since the last step is not yet anything's.
        if self._began is None or self.done < _TELLING_SECONDS or self._last <= self._began:
            return None
        return self.done / (self._last - self._began)

    def remaining(self, now: float) -> float | None:
        """Return the seconds of wall time that are left, once that can be told."""
        speed = self.speed()
        if speed is None or self.total is None:
            return None
        return max(0.0, (self.total - self.done) / speed - (now - self._last))
