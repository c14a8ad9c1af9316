"""How a running job is stopped or held: one object, shared by every stage of the job."""

from __future__ import annotations

import threading
from typing import Protocol

from omoai_engine.errors import CancelledError


class Cancellation(Protocol):
    """Anything that can say whether the job was cancelled, such as `threading.Event`."""

    def is_set(self) -> bool:
        """Say whether the job was cancelled."""
        ...


class JobControl:
    """Cancel, pause and resume for one job. Thread-safe.

    It answers `is_set()` like `threading.Event`, so that either may be given as the `cancel`
    argument of the engine's functions. A paused job that is cancelled ends.

    Args:
        parent: what else cancels this job and, if it is a `JobControl`, pauses it.
    """

    def __init__(self, parent: Cancellation | None = None) -> None:
        self._parent = parent
        self._cancelled = threading.Event()
        self._running = threading.Event()
        self._running.set()

    def cancel(self) -> None:
        """Ask every stage to end; each looks at least every 0.5 s."""
        self._cancelled.set()
        self._running.set()

    def is_set(self) -> bool:
        """Say whether the job was cancelled."""
        return self._cancelled.is_set() or (self._parent is not None and self._parent.is_set())

    def pause(self) -> None:
        """Hold the job until `resume` or `cancel`."""
        if not self._cancelled.is_set():
            self._running.clear()

    def resume(self) -> None:
        """Let a paused job go on."""
        self._running.set()

    @property
    def paused(self) -> bool:
        """Say whether the job is being held."""
        above = isinstance(self._parent, JobControl) and self._parent.paused
        return above or not self._running.is_set()

    def checkpoint(self) -> None:
        """Wait while paused; raise `CancelledError` when cancelled."""
        while self.paused and not self.is_set():
            self._running.wait(0.1)
            if isinstance(self._parent, JobControl):
                self._parent._running.wait(0.1)
        if self.is_set():
            raise CancelledError("the job was cancelled")
