"""A job in the library from its first words on, so that they can be corrected while it runs.

Segments come from the engine's threads and are written by a thread of this module, a few times a
second at most; the result goes in at the end, and what a person edited meanwhile stays. A job
that never says a word leaves nothing. A library that fails costs the job nothing. A job that goes
on where an earlier run ended fills the entry of that run.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.message import Message

from omoai_engine.errors import LibraryError
from omoai_engine.events import Event, SegmentRecognized
from omoai_engine.results import ASRSegment, PipelineResult
from omoai_engine.text import shown_path
from omoai_tui import texts
from omoai_tui.disk_watch import watch
from omoai_tui.messages import JobEntered

if TYPE_CHECKING:
    from omoai_engine.library import Library
    from omoai_engine.library.running import RunningEntry
    from omoai_engine.unfinished import Unfinished

TOGETHER_SECONDS = 0.3
"""Segments that come within so long are written together."""


class Keeper:
    """Keeps one job. `hear` is for the engine's threads, `end` for the one that ran the job."""

    def __init__(
        self,
        number: int,
        path: str,
        overrides: dict[str, Any],
        post: Callable[[Message], object],
        told: Callable[[BaseException], object],
    ) -> None:
        self._number, self._path = number, path
        self._overrides, self._post, self._told = overrides, post, told
        self._waiting: queue.SimpleQueue[ASRSegment | None] = queue.SimpleQueue()
        self._heard = 0
        self._thread: threading.Thread | None = None
        self._library: Library | None = None
        self._running: RunningEntry | None = None
        self._lost = False
        self._unfinished: Unfinished | None = None
        # So many segments are in the entry already, from an earlier run.
        self._there = 0

    def go_on(self, unfinished: Unfinished) -> None:
        """Fill the entry that an earlier run left, if there is one; call before `hear`."""
        self._unfinished = unfinished

    def hear(self, event: Event) -> None:
        """Take in an event; never waits."""
        if isinstance(event, SegmentRecognized) and event.index >= self._heard:
            self._heard = event.index + 1
            self._waiting.put(event.segment)
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="omoai-keep", daemon=True)
                self._thread.start()

    def end(self, result: PipelineResult | None, *, failed: bool = False) -> int | None:
        """Put the result in; return the entry's number, `None` where nothing is to be kept.

        `failed`: the result is what was done before the job failed. Raises `LibraryError`; the
        segments that came are in the library then, if it was there.
        """
        self._waiting.put(None)
        if self._thread is not None:
            self._thread.join()
        with self._at_work():
            return self._finish(result, failed)

    def _finish(self, result: PipelineResult | None, failed: bool) -> int | None:
        try:
            if self._running is not None and self._library is not None:
                entry = self._running.entry
                if result is not None and result.segments:
                    self._library.finish(entry, result, state="failed" if failed else None)
                else:
                    self._library.interrupt(entry)
                return entry
            return self._store(result, failed=failed)
        finally:
            if self._running is not None:
                self._running.close()
            if self._library is not None:
                self._library.close()

    def _at_work(self) -> AbstractContextManager[None]:
        name = shown_path(Path(self._path).name)
        return watch.at_work(texts.DISK_TRANSCRIPT.format(name=name), writes=True)

    def _open(self) -> Library | None:
        from omoai_engine.config import load_config
        from omoai_engine.library import Library

        config = load_config(**self._overrides)
        if not config.library.keep:
            return None
        self._copy = config.library.audio == "copy"
        return Library.open(config)

    def _store(self, result: PipelineResult | None, *, failed: bool) -> int | None:
        """Keep a job whose entry could not be begun, or that gave its words at the end only."""
        if result is None or not result.segments:
            return None
        earlier = self._unfinished.earlier if self._unfinished is not None else None
        if earlier is not None and earlier.entry is not None and self._heard == 0:
            return earlier.entry  # It ended before it told anything: all is there.
        if self._library is None:
            self._library = self._open()
        if self._library is None:
            return None
        entry = self._library.store(
            result,
            source=self._path,
            audio=Path(self._path).absolute(),
            keep_audio=self._copy,
            state="failed" if failed else None,
        )
        if self._unfinished is not None:
            self._unfinished.note_entry(entry)
        return entry

    def _begin(self) -> None:
        from omoai_engine.library.running import RunningEntry

        library = self._library = self._open()
        if library is None:
            self._lost = True
            return
        earlier = self._unfinished.earlier if self._unfinished is not None else None
        known = earlier.entry if earlier is not None else None
        if earlier is not None and known is not None:
            try:
                self._running = RunningEntry(library, lambda: _resumed(library, known))
            except LibraryError:
                pass  # It is gone, or somebody else's by now: a new one takes it all.
            else:
                self._there = len(earlier.segments)
                return
        audio = Path(self._path).absolute()
        self._running = RunningEntry(
            library, lambda: library.begin(self._path, audio=audio, keep_audio=self._copy)
        )
        if self._unfinished is not None:
            self._unfinished.note_entry(self._running.entry)

    def _write(self) -> None:
        while (first := self._waiting.get()) is not None:
            segments = [first]
            ended = False
            deadline = time.monotonic() + TOGETHER_SECONDS
            while not ended and (left := deadline - time.monotonic()) > 0:
                try:
                    segment = self._waiting.get(timeout=left)
                except queue.Empty:
                    break
                if segment is None:
                    ended = True
                else:
                    segments.append(segment)
            self._put(segments)
            if ended:
                return

    def _put(self, segments: list[ASRSegment]) -> None:
        if self._lost:
            return
        try:
            begun = self._running is not None
            with self._at_work():
                if not begun:
                    self._begin()
                if self._running is None or self._library is None:
                    return
                new = segments[self._there :]
                self._there -= len(segments) - len(new)
                if new:
                    self._library.append(self._running.entry, new)
            if not begun:
                self._post(JobEntered(self._number, self._running.entry))
        except Exception as error:
            # The end tries once more, with everything; only that is told to the person.
            self._lost = True
            self._told(error)


def _resumed(library: Library, entry: int) -> int:
    library.resume(entry)
    return entry


def take_over_abandoned(overrides: dict[str, Any]) -> int:
    """Make interrupted transcripts of those that a program left in the middle; say how many."""
    from omoai_engine.config import load_config
    from omoai_engine.library import Library
    from omoai_engine.library.library import FILE_NAME, library_folder
    from omoai_engine.library.running import take_over_abandoned as take_over

    config = load_config(**overrides)
    if not (library_folder(config) / FILE_NAME).exists():
        return 0
    with Library.open(config) as library:
        if not library.count(state="recording") and not library.count(
            state="recording", deleted=True
        ):
            return 0
        return len(take_over(library))
