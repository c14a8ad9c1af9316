"""Events from the engine's threads to the app's thread, however fast they come.

Facts are kept in order; of a stage's progress only the latest is kept. The app is told once
that something waits (`notify`) and told again only after it has collected. So the app's message
queue never holds more than one message for a mailbox, and a flood of events costs no latency.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from omoai_engine.events import Event, StageProgress, TokensGenerated


class Mailbox:
    """Holds what one job said since the last `collect`. Thread-safe."""

    def __init__(self, notify: Callable[[], object]) -> None:
        self._notify = notify
        self._lock = threading.Lock()
        self._facts: list[Event] = []
        self._progress: dict[str, StageProgress | TokensGenerated] = {}
        self._told = False

    def put(self, event: Event) -> None:
        """Take in an event; called from any thread, never blocks, never raises."""
        with self._lock:
            if isinstance(event, StageProgress):
                self._progress[event.stage] = event
            elif isinstance(event, TokensGenerated):
                self._progress["tokens"] = event
            else:
                self._facts.append(event)
            tell, self._told = not self._told, True
        if tell:
            self._notify()

    def collect(self) -> list[Event]:
        """Return what waits, facts in order and then the latest progress, and empty the box."""
        with self._lock:
            events = [*self._facts, *self._progress.values()]
            self._facts.clear()
            self._progress.clear()
            self._told = False
        return events
