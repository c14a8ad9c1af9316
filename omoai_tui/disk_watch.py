"""Which work waits for a disk, and how long the disk has said nothing.

Whoever is about to touch files in a thread says so (`at_work`), with words for the person. A
thread that works uses the processor now and then; one that is held by a silent disk (a network
folder whose server is gone) uses none at all: that, not the time since it began, is what counts
as silence. Where the system does not tell (other than Linux), the time since it began does.
Touches no disk and never waits.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

LOOK_EVERY_SECONDS = 1.0
SILENT_AFTER_SECONDS = 5.0
"""So long without an answer is told to the person."""
_JOIN_SILENCE_SECONDS = 0.3
_JOIN_STEP_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Silence:
    """For how many `seconds` a disk has not answered; `waiting`: what waits, in words for people;
    `writing`: those of them that would be written."""

    seconds: float
    waiting: tuple[str, ...]
    writing: tuple[str, ...]


@dataclass(slots=True)
class _Work:
    words: str
    writes: bool
    thread: threading.Thread
    used: int | None
    quiet_since: float = field(default_factory=time.monotonic)


class DiskWatch:
    """Knows who works with files just now. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._works: dict[int, _Work] = {}

    @contextlib.contextmanager
    def at_work(self, words: str, *, writes: bool = False) -> Iterator[None]:
        """Note that this thread works with files; `writes`: something would be lost if it could
        not."""
        thread = threading.current_thread()
        work = _Work(words, writes, thread, _processor_time(thread))
        number = next(self._numbers)
        with self._lock:
            self._works[number] = work
        try:
            yield
        finally:
            with self._lock:
                del self._works[number]

    def silence(self, after_seconds: float = 0.0) -> Silence | None:
        """Return what waits for a disk that has said nothing for so long, if any does."""
        with self._lock:
            held = [one for one in self._works.values() if _quiet(one) >= after_seconds]
        if not held:
            return None
        return Silence(
            max(time.monotonic() - one.quiet_since for one in held),
            tuple(dict.fromkeys(one.words for one in held)),
            tuple(dict.fromkeys(one.words for one in held if one.writes)),
        )

    def join(self, thread: threading.Thread, timeout: float) -> bool:
        """Wait until a thread has ended, not where a disk holds it; say whether it has."""
        deadline = time.monotonic() + timeout
        while thread.is_alive() and time.monotonic() < deadline:
            thread.join(_JOIN_STEP_SECONDS)
            with self._lock:
                works = [one for one in self._works.values() if one.thread is thread]
                if any(_quiet(one) >= _JOIN_SILENCE_SECONDS for one in works):
                    break
        return not thread.is_alive()


def _quiet(work: _Work) -> float:
    used = _processor_time(work.thread)
    if used is not None and used != work.used:
        work.used, work.quiet_since = used, time.monotonic()
    return time.monotonic() - work.quiet_since


def _processor_time(thread: threading.Thread) -> int | None:
    """Return the nanoseconds of processor time that a thread has used, where it can be known."""
    try:
        told = Path(f"/proc/self/task/{thread.native_id}/schedstat").read_bytes()
        return int(told.split()[0])
    except (OSError, ValueError, IndexError):
        return None


watch = DiskWatch()
"""The one of this process."""
