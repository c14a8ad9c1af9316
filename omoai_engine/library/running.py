"""Which entries a program is still filling: each holds a lock that its death lets go.

A transcript in the state `recording` whose lock nobody holds was left by a program that ended
in the middle: `take_over_abandoned` makes it an interrupted one, with everything that was
recognised and edited. By locks, never by a guess of time.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from omoai_engine.errors import LibraryError
from omoai_engine.library.library import Library
from omoai_engine.private_folders import make_private_folder

_FOLDER = "running"


class RunningEntry:
    """An entry that this program fills; `close` lets it go. The file goes with it."""

    def __init__(self, library: Library, begin: Callable[[], int]) -> None:
        """Call `begin`, which makes the entry, and hold it. Raises what `begin` raises."""
        folder = library.folder / _FOLDER
        with _alone(folder):
            self.entry = begin()
            self._path = folder / f"{self.entry}.lock"
            self._descriptor: int | None = _locked(self._path)

    def close(self) -> None:
        """Let go. Idempotent."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            self._path.unlink(missing_ok=True)
            os.close(descriptor)


def take_over_abandoned(library: Library) -> list[int]:
    """Make interrupted transcripts of those that nobody fills any more; return their numbers.

    One that holds nothing yet is removed.
    """
    folder = library.folder / _FOLDER
    taken = []
    with _alone(folder):
        for deleted in (False, True):
            for found in library.entries(state="recording", deleted=deleted):
                path = folder / f"{found.id}.lock"
                descriptor = _locked(path)
                if descriptor is None:
                    continue
                try:
                    if found.words or found.tags or found.audio == "kept":
                        library.interrupt(found.id)
                        taken.append(found.id)
                    else:
                        # It died before the first word.
                        library.delete(found.id)
                        library.remove(found.id)
                finally:
                    path.unlink(missing_ok=True)
                    os.close(descriptor)
    return taken


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other programs from beginning or taking over meanwhile; a few milliseconds."""
    try:
        make_private_folder(folder)
        descriptor = _opened(folder / "begin.lock")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
    except OSError as error:
        raise LibraryError(
            f"the library's folder cannot be used: {error.strerror}", hint="Check its permissions"
        ) from None


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _locked(path: Path) -> int | None:
    """Return a descriptor that holds the lock, `None` where somebody else holds it."""
    descriptor = _opened(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
