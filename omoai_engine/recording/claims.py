"""Which program works on a finished recording: a lock on the file, gone with its process.

Two programs on one folder never transcribe the same recording, and neither offers or deletes what
the other is at work on.
"""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

from omoai_engine.errors import RecordingError
from omoai_engine.recording.spool import folder_lock
from omoai_engine.text import shown_path


class Claims:
    """The recordings that this program works on; safe from any thread."""

    def __init__(self) -> None:
        self._held: dict[Path, int] = {}
        self._guard = threading.Lock()

    def take(self, path: Path) -> bool:
        """Make a recording ours; say whether it is. A file that cannot be locked is.

        Raises `RecordingError` when it cannot be opened.
        """
        with self._guard:
            if path in self._held:
                return True
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError as error:
                raise RecordingError(
                    f"the recording cannot be opened: {error.strerror}", where=shown_path(path)
                ) from None
            self._held[path] = descriptor
            try:
                # Whoever lists the folder tries every lock for a moment.
                with folder_lock(path.parent):
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(self._held.pop(path))
                return False
            except OSError:
                return True  # a disk that can only be read, or one without locks
            return True

    def take_for_job(self, path: Path, folder: Path) -> None:
        """Make a file ours that is about to be transcribed, where it is a recording in `folder`.

        Raises `RecordingError` where another program is transcribing it.
        """
        if path.parent == folder and path.exists() and not self.take(path):
            raise RecordingError(
                "another program is transcribing it",
                where=shown_path(path.name),
                hint="Wait until it has ended, or end it",
            )

    def let_go(self, path: Path) -> None:
        """Give a recording back: it was settled, or is offered again. Idempotent."""
        with self._guard:
            descriptor = self._held.pop(path, None)
            if descriptor is not None:
                os.close(descriptor)
