"""What the machine lacks, told as that: memory, processes, open files, room, a permission.

In: an exception that nobody foresaw, or the last words of a child process. Out: the error that
says what is lacking and what to do; `None` where it is something else, a fault of ours for one.
Standard library only.
"""

from __future__ import annotations

import errno
import re

from omoai_engine.errors import DiskSilentError, ShortageError
from omoai_engine.text import one_line, shown_path

MEMORY = ("memory ran out", "Close other programs, or choose a smaller model")
THREADS = (
    "the machine gives no further process or thread",
    "Close other programs; `ulimit -u` and `ulimit -v` show what this account may take",
)
FILES = ("too many files are open", "Raise the limit: ulimit -n 1024")
_CONNECTION = ("the disk or the connection to it failed", "Check it and try again")
_DENIED = ("permission is denied", "Check who owns it and who may use it")
CAUSES: dict[int, tuple[str, str]] = {
    errno.ENOMEM: MEMORY,
    errno.EAGAIN: THREADS,
    errno.EMFILE: FILES,
    errno.ENFILE: FILES,
    errno.ENOSPC: ("the disk is full", "Free some space"),
    errno.EDQUOT: ("the disk quota is used up", "Free some space"),
    errno.EFBIG: (
        "the file would be larger than this account may write",
        "`ulimit -f` shows the limit; some file systems have one, too",
    ),
    errno.EROFS: ("the file system is read-only", "Choose a folder that can be written"),
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EIO: _CONNECTION,
    errno.ESTALE: _CONNECTION,
    errno.ENODEV: _CONNECTION,
    errno.ENXIO: _CONNECTION,
    errno.ENOTCONN: _CONNECTION,
    errno.ETIMEDOUT: _CONNECTION,
    errno.EHOSTDOWN: _CONNECTION,
}
"""What an error of the system means for people, and what they can do."""
# What programs say when something is refused to them; the order is that of asking.
_SAYINGS = (
    (
        re.compile(
            r"can't start new thread|pthread_create failed|fork: retry"
            r"|resource temporarily unavailable",
            re.I,
        ),
        THREADS,
    ),
    (re.compile(r"too many open files|open file descriptors", re.I), FILES),
    (
        re.compile(
            r"bad_alloc|memoryerror|out of memory|(?:can't|cannot|could not|failed to) allocate"
            r"|memory allocation .*failed|failed to map segment",
            re.I,
        ),
        MEMORY,
    ),
    (re.compile(r"no space left on device", re.I), CAUSES[errno.ENOSPC]),
)


def shortage_of(error: BaseException) -> ShortageError | None:
    """Return what `error` tells of the machine, `None` where it tells of something else."""
    if isinstance(error, ShortageError):
        return error
    if isinstance(error, MemoryError):
        return _error(MEMORY)
    if isinstance(error, DiskSilentError):
        return ShortageError(error.what, where=error.where, hint=error.hint)
    if isinstance(error, OSError):
        cause = CAUSES.get(error.errno or 0)
        if cause is not None:
            named = error.filename if isinstance(error.filename, str | bytes) else None
            return _error(cause, shown_path(named) if named else None)
    if isinstance(error, RuntimeError | ImportError | OSError):
        found = shortage_in(str(error))
        if found is not None:
            return found
    if isinstance(error, ImportError) and not (error.name or "omoai").startswith("omoai"):
        what = f"the installed package {one_line(error.name or '')} cannot be loaded"
        return ShortageError(what, hint="Install omoai again, or mend the files' permissions")
    return None


def shortage_in(words: str) -> ShortageError | None:
    """Return what the last words of a program tell of the machine, if they do."""
    return next((_error(cause) for saying, cause in _SAYINGS if saying.search(words)), None)


def _error(cause: tuple[str, str], where: str | None = None) -> ShortageError:
    what, hint = cause
    return ShortageError(what, where=where, hint=hint)
