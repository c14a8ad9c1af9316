"""Small files written by one thread, in the order they were wanted: no key waits for a disk.

In: what to do, and under which key; what is wanted again under a key that still waits is done once,
the latest. `flush` waits, bounded, until all is done. A program that is killed loses what waits:
milliseconds, unless the disk is silent.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable

from omoai_tui.disk_watch import watch

FLUSH_SECONDS = 5.0
_log = logging.getLogger(__name__)


class LateWriter:
    """One thread, started when there is something to do. From any thread.

    `matters`: whether the person is told of what could not be written at the end.
    """

    def __init__(self, *, matters: bool = True) -> None:
        self._matters = matters
        self._changed = threading.Condition()
        self._waiting: dict[Hashable, tuple[str, Callable[[], object]]] = {}
        self._working: tuple[Hashable, str] | None = None
        self._alive = False

    def write(self, key: Hashable, words: str, work: Callable[[], object]) -> None:
        """Do `work` soon; `words` name it for the person where the disk is silent."""
        with self._changed:
            self._waiting[key] = (words, work)
            if self._alive:
                return
            self._alive = True
            try:
                threading.Thread(target=self._run, name="omoai-late", daemon=True).start()
                return
            except RuntimeError:  # no further thread: then now
                self._alive = False
                del self._waiting[key]
        work()

    def waits(self, key: Hashable) -> bool:
        """Say whether what was wanted under this key is not done yet."""
        with self._changed:
            return self._waits(key)

    def _waits(self, key: Hashable) -> bool:
        return key in self._waiting or (self._working is not None and self._working[0] == key)

    def flush(self, timeout: float = FLUSH_SECONDS) -> bool:
        """Wait until everything is done; say whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._alive, timeout)

    def left(self) -> tuple[str, ...]:
        """Return the words for what is not done yet."""
        with self._changed:
            words = [words for words, _ in self._waiting.values()]
            if self._working is not None:
                words.insert(0, self._working[1])
        return tuple(dict.fromkeys(words))

    def _run(self) -> None:
        while True:
            with self._changed:
                self._working = None
                if not self._waiting:
                    self._alive = False
                    self._changed.notify_all()
                    return
                key = next(iter(self._waiting))
                words, work = self._waiting.pop(key)
                self._working = (key, words)
            try:
                with watch.at_work(words, writes=self._matters):
                    work()
            except Exception as error:
                # What waits behind it is somebody's, too. The log's own writer has nobody to tell.
                if self._matters:
                    _log.warning("%s: not written", type(error).__name__)


late = LateWriter()
"""The one of this process."""
