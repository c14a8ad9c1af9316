"""Live levels of the microphones, while a person chooses one: a child of the engine listens.

`listen` and `close` may be called from any thread; they take some hundredths of a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omoai_engine.recording.devices import DeviceMeters, Level

SETTLED_SECONDS = 2.5


class MeterFeed:
    """The newest level of each device, by its index; empty when nobody listens."""

    def __init__(self) -> None:
        self.levels: Mapping[int, Level] = {}
        self._began = 0.0
        self._meters: DeviceMeters | None = None
        self._lock = threading.Lock()

    def listen(self, devices: Sequence[int]) -> None:
        """Listen to these devices instead of those before. Raises `RecordingError`."""
        from omoai_engine.recording.devices import DeviceMeters

        with self._lock:
            self._end()
            if devices:
                self._began = time.monotonic()
                self._meters = DeviceMeters(devices, self._take)

    @property
    def settled(self) -> bool:
        """Whether a device has had the time to give something else than zeros."""
        return bool(self.levels) and time.monotonic() - self._began > SETTLED_SECONDS

    def close(self) -> None:
        """Let go of every device. Idempotent."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        meters, self._meters = self._meters, None
        if meters is not None:
            meters.close()
        self.levels = {}

    def _take(self, levels: Mapping[int, Level]) -> None:
        self.levels = levels
