"""The thread beside the review screen that reads and writes the library, one wish after another.

A wish is done in the order it came; what it gave comes back as a `DeskAnswered` message, whose
`tell` the screen calls in its own thread. Nothing here draws, nothing waits.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from textual.message import Message

from omoai_tui import texts
from omoai_tui.disk_watch import watch
from omoai_tui.pipeline_worker import sentence_for

if TYPE_CHECKING:
    from omoai_engine.library import Library

T = TypeVar("T")
Failed = Callable[[str], object]


class DeskAnswered(Message, bubble=False):
    """A wish was done, or failed: `tell()` hands it to whoever asked."""

    def __init__(self, tell: Callable[[], object]) -> None:
        super().__init__()
        self.tell = tell


class ReviewDesk:
    """Owns a library connection and its thread; `close` lets what was asked for come to its end."""

    def __init__(
        self, post: Callable[[Message], object], overrides: dict[str, Any], failed: Failed
    ) -> None:
        self._post = post
        self._overrides = overrides
        self._failed = failed
        self._library: Library | None = None
        self._wishes: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="omoai-review", daemon=True)
        self._thread.start()

    def do(
        self,
        work: Callable[[Library], T],
        done: Callable[[T], object],
        failed: Failed | None = None,
        *,
        writes: bool = False,
    ) -> None:
        """Let the thread do `work`; then `done` is called with what it gave, or `failed`, also
        where the library cannot be opened: the next wish tries again. `writes`: something of the
        person's would be lost without it."""
        words = str(texts.DISK_CHANGES if writes else texts.DISK_LIBRARY)
        complain = failed or self._failed

        def wish() -> None:
            try:
                with watch.at_work(words, writes=writes):
                    value = work(self._opened())
            except Exception as error:
                sentence = sentence_for(error)
                self._post(DeskAnswered(lambda: complain(sentence)))
            else:
                self._post(DeskAnswered(lambda: done(value)))

        self._wishes.put(wish)

    def close(self, timeout: float = 2.0) -> None:
        """Do what waits, then end; bounded, and at once where a silent disk holds it."""
        self._wishes.put(None)
        watch.join(self._thread, timeout)

    def _opened(self) -> Library:
        if self._library is None:
            from omoai_engine.config import load_config
            from omoai_engine.library import Library

            self._library = Library.open(load_config(**self._overrides))
        return self._library

    def _run(self) -> None:
        while (wish := self._wishes.get()) is not None:
            wish()
        if self._library is not None:
            self._library.close()
