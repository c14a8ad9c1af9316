"""Looks at, lists and reads files for its parent, `far_files`: a child process of its own, because
a disk that does not answer holds whoever asks it for ever, beyond the reach of any signal.

Run as a file with the standard library alone. In: questions on standard input, a tuple each,
packed by `marshal` behind four bytes of length. Out: an answer each, `(True, value)` or
`(False, errno, what)`. Paths are bytes. It ends when nobody asks any more, and writes to no disk.
"""

from __future__ import annotations

import marshal
import os
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HEAD_BYTES = 4


def look(path: bytes) -> int | tuple[int, int, int]:
    """Return mode, bytes, time of the last change in ns; or the number of an error."""
    try:
        about = os.stat(path)  # noqa: PTH116 - lean imports
    except OSError as error:
        return error.errno or 5
    except ValueError:
        return 22  # EINVAL: no name at all
    return about.st_mode, about.st_size, about.st_mtime_ns


def listed(folder: bytes, most: int, sizes: bool) -> list[tuple[bytes, bool, int]]:
    """Return name, whether it is a folder, and bytes (0 without `sizes`) of the entries."""
    found: list[tuple[bytes, bool, int]] = []
    with os.scandir(folder) as scan:
        for item in scan:
            if len(found) >= most:
                break
            try:
                inside = item.is_dir()
                size = item.stat().st_size if sizes and not inside else 0
            except OSError:
                inside, size = False, 0
            found.append((item.name, inside, size))
    return found


class Server:
    """Answers one question after another; holds at most one file open."""

    def __init__(self) -> None:
        self._file = -1

    def answer(self, question: tuple[object, ...]) -> object:
        """Return what was asked for. Raises `OSError`."""
        match question:
            case ("look", list(paths)):
                return [look(path) for path in paths]
            case ("reach", bytes(mount), bytes(path)):
                # A look may be answered from memory: this goes to the server.
                os.statvfs(mount)
                return look(path)
            case ("list", bytes(folder), int(most), bool(sizes)):
                return listed(folder, most, sizes)
            case ("open", bytes(path)):
                return self._open(path)
            case ("read", int(at), int(size)):
                return os.pread(self._file, size, at)
        raise OSError(22, "there is no such question")

    def _open(self, path: bytes) -> int:
        mode = os.stat(path).st_mode  # noqa: PTH116 - lean imports
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(21, "it is a folder")
        # Opening some devices does something, and a pipe waits for its writer.
        if not stat.S_ISREG(mode):
            raise OSError(22, "it is no regular file")
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        self._file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        return os.fstat(self._file).st_size


def taken(size: int) -> bytes:
    """Return so many bytes of the questions, none where nobody asks any more."""
    data = b""
    while len(data) < size:
        more = os.read(0, size - len(data))
        if not more:
            return b""
        data += more
    return data


def main() -> None:
    """Answer until the parent is gone."""
    server = Server()
    while head := taken(HEAD_BYTES):
        question = marshal.loads(taken(int.from_bytes(head, "little")))  # noqa: S302 - our parent's
        try:
            answer: Any = (True, server.answer(question))
        except OSError as error:
            answer = (False, error.errno or 5, error.strerror or "")
        except ValueError:
            answer = (False, 22, "this can be no file name")
        except MemoryError:
            answer = (False, 12, "")
        data = marshal.dumps(answer)
        rest = memoryview(len(data).to_bytes(HEAD_BYTES, "little") + data)
        while rest:
            rest = rest[os.write(1, rest) :]


if __name__ == "__main__":
    try:
        main()
    except OSError:
        sys.exit(1)  # nobody listens
