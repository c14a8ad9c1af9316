"""The app's log: one file in the state folder, readable by its owner alone.

Written by a thread: whoever logs never waits for the disk. Holds warnings and errors by kind and
place, and what C libraries and children write to the standard streams. Never transcript text.
Kept small: an old one is moved aside at the start.
"""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

from omoai_engine.private_folders import make_private_folder
from omoai_tui import texts
from omoai_tui.late_writer import LateWriter

MOST_BYTES = 1_000_000
_late = LateWriter(matters=False)


def log_path() -> Path:
    """Return where the log is."""
    import platformdirs

    return platformdirs.user_state_path("omoai") / "tui.log"


def open_log() -> tuple[int, str]:
    """Open the log for appending; return its file descriptor and its path for people.

    A home that cannot be written gives the null device: the app works without a log.
    """
    path = log_path()
    try:
        make_private_folder(path.parent)
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_size > MOST_BYTES:
                path.replace(path.with_suffix(".log.1"))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o600)
        os.fchmod(descriptor, 0o600)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY), os.devnull
    return descriptor, str(path)


class _LateHandler(logging.Handler):
    """Hands lines to the thread that writes."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def emit(self, record: logging.LogRecord) -> None:
        """Write it soon."""
        try:
            line = (self.format(record) + "\n").encode("utf-8", "backslashreplace")
        except Exception:
            self.handleError(record)
            return
        _late.write(object(), str(texts.DISK_LOG), lambda: self._write(line))

    def _write(self, line: bytes) -> None:
        with contextlib.suppress(OSError):  # a full disk: nobody can be told here
            os.write(self._descriptor, line)


def finish_log(timeout: float) -> None:
    """Wait until what was logged is written, at most so many seconds."""
    _late.flush(timeout)


def start_logging(descriptor: int) -> None:
    """Send warnings and errors of every logger to the log."""
    handler = _LateHandler(os.dup(descriptor))
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)
