"""Opening the file that a person named, in the decoder child: its disk may never answer, and who
waits for it cannot be ended.

In: a name. Out: an open regular file, or `Refused` in one sentence. Standard library only.
"""

from __future__ import annotations

import errno
import os
import stat

from omoai_engine.preprocess.wire import Refused

LONGEST_NAME_BYTES = 1 << 15
"""No system takes a longer one, and a pipe holds it without a reader."""
TOO_LONG = ("the name is too long", "Give a shorter name")
MISSING = "missing"
"""The reason where there is no such file."""

_CAUSES = {
    errno.EACCES: ("there is no permission to read it", "Change its permissions, or copy it"),
    errno.EPERM: ("there is no permission to read it", "Change its permissions, or copy it"),
    errno.ELOOP: ("its symbolic links lead in a circle", "Give the real file"),
    errno.ENAMETOOLONG: TOO_LONG,
    errno.ENXIO: ("it is a socket or device, not a file", "Give a sound file"),
    errno.EMFILE: ("too many files are open", "Close some, or raise the limit (ulimit -n)"),
    errno.ENFILE: ("too many files are open on this machine", "Close some programs"),
    errno.EIO: ("the disk reports an error", "Check the disk or connection"),
    errno.ESTALE: ("the network folder is gone", "Connect it again"),
    errno.ENOTCONN: ("the network folder is gone", "Connect it again"),
}


def named_on(descriptor: int) -> bytes:
    """Return the name that the parent wrote into a pipe, to its end."""
    name = b""
    while piece := os.read(descriptor, LONGEST_NAME_BYTES):
        name += piece
    return name


def open_regular(path: bytes) -> int:
    """Return a descriptor of the regular file `path`. Raises `Refused`."""
    try:
        # Looked at before it is opened, because opening some devices does something; and again
        # afterwards, because it may have been exchanged in between.
        _refuse_irregular(os.stat(path).st_mode)  # noqa: PTH116
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        _refuse_irregular(os.fstat(descriptor).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        hint = "Only files on this machine are read" if b"://" in path else "Check the name"
        raise Refused("there is no such file", hint, MISSING) from None
    except OSError as error:
        raise Refused(
            *_CAUSES.get(
                error.errno or 0, (f"it cannot be opened: {error.strerror}", "Check the path")
            )
        ) from None
    except ValueError:
        raise Refused("this can be no file name", "Check the name") from None
    return descriptor


def _refuse_irregular(mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise Refused("it is a folder, not a sound file", "Give a file in it")
    kind = "a named pipe" if stat.S_ISFIFO(mode) else "a device"
    if stat.S_ISSOCK(mode):
        kind = "a socket"
    raise Refused(f"it is {kind}, not a sound file", "Give a regular file")
