"""Files that a person named, looked at and read without ever waiting for their disk.

A disk that stops answering (a network folder whose server is gone) holds the process that asks it
for ever: no signal ends it, and one that should end cannot. So a small child (`files_child`)
asks, and the parent waits as long as it likes: a child that hangs is left to its disk. In: paths.
Out: what `os` would say, and `OSError`s as it raises them; `DiskSilentError` where no answer came.
Never follows a name into a device or a pipe.
"""

from __future__ import annotations

import contextlib
import errno
import io
import marshal
import os
import select
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

from omoai_engine.errors import DiskSilentError
from omoai_engine.privacy import child_environment

SILENCE_SECONDS = 60.0
"""A disk that says nothing for so long does not answer any more, unless `audio.stall_seconds` says
otherwise."""
CHECK_SECONDS = 0.25
"""How often a waiting reader looks whether it should go on waiting."""
_PROGRAM = str(Path(__file__).absolute().with_name("files_child.py"))
_HEAD_BYTES = 4
_PIECE_BYTES = 1 << 20
_END_SECONDS = 0.5
_OURS = ("/dev/", "/proc/")

Check = Callable[[], None]
"""Raises to give up."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What there is under a name: mode, size in bytes, time of the last change in ns."""

    mode: int
    size: int
    changed_ns: int

    @property
    def is_file(self) -> bool:
        """Say whether it is a regular file."""
        return stat.S_ISREG(self.mode)

    @property
    def is_folder(self) -> bool:
        """Say whether it is a folder."""
        return stat.S_ISDIR(self.mode)


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of a folder. `size` in bytes, 0 for a folder."""

    name: str
    is_folder: bool
    size: int


def look_at(
    paths: Sequence[Path | str], *, seconds: float | None = None, check: Check | None = None
) -> list[Looked | OSError]:
    """Return what there is under each name, links followed, or why that cannot be told.

    Raises `DiskSilentError`, and whatever `check` raises.
    """
    with Disk(seconds=seconds, check=check) as disk:
        near = paths[0] if len(paths) == 1 else None
        answers = disk.ask("look", [os.fsencode(path) for path in paths], path=near)
    return [
        _error(answer, "", path) if isinstance(answer, int) else Looked(*answer)
        for path, answer in zip(paths, answers, strict=True)
    ]


def look(path: Path | str, *, seconds: float | None = None, check: Check | None = None) -> Looked:
    """Return what there is under a name, links followed. Raises `OSError`."""
    (found,) = look_at([path], seconds=seconds, check=check)
    if isinstance(found, OSError):
        raise found
    return found


def is_file(path: Path | str) -> bool:
    """Say whether there is a regular file. Raises `DiskSilentError`."""
    return _is(path, stat.S_ISREG)


def is_folder(path: Path | str) -> bool:
    """Say whether there is a folder. Raises `DiskSilentError`."""
    return _is(path, stat.S_ISDIR)


def _is(path: Path | str, kind: Callable[[int], bool]) -> bool:
    try:
        return kind(look(path).mode)
    except DiskSilentError:
        raise
    except (OSError, ValueError):
        return False


def list_folder(folder: Path | str, most: int, *, sizes: bool = True) -> list[Listed]:
    """Return at most so many entries of a folder, in its own order. Raises `OSError`.

    `sizes`: ask for them, which takes a look at every file.
    """
    with Disk() as disk:
        found = disk.ask("list", os.fsencode(folder), most, sizes, path=folder)
    return [Listed(os.fsdecode(name), inside, size) for name, inside, size in found]


class FarFile(io.RawIOBase):
    """A regular file, open for reading. Every read raises `OSError` as a near one would.

    `disk`: whom to ask where many files are read one after another; the last one opened counts.
    """

    def __init__(self, path: Path | str, disk: Disk | None = None) -> None:
        super().__init__()
        self._path, self._at = path, 0
        self._own = disk is None
        self._disk = disk or Disk()
        try:
            self.size = int(self._disk.ask("open", os.fsencode(path), path=path))
        except BaseException:
            self.close()
            raise

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that one can move in it."""
        return True

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move, as `io.IOBase.seek` does; the end is where it was when the file was opened."""
        target = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        if target < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._at = target
        return target

    def read(self, size: int | None = -1, /) -> bytes:
        """Return `size` bytes, fewer at the end only; all the rest where it is negative."""
        found = bytearray()
        while size is None or size < 0 or len(found) < size:
            wanted = _PIECE_BYTES if size is None or size < 0 else size - len(found)
            piece = self._disk.ask("read", self._at, min(wanted, _PIECE_BYTES), path=self._path)
            if not piece:
                break
            found += piece
            self._at += len(piece)
        return bytes(found)

    def readinto(self, target: Any, /) -> int:
        """Fill `target`; return how many bytes there were."""
        view = memoryview(target).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Let go of the file, whatever its disk does. Idempotent."""
        if self._own and not self.closed:
            self._disk.end()
        super().close()


def read_file(path: Path | str, most: int) -> bytes:
    """Return the content of a file, at most so many bytes. Raises `OSError`.

    What the shell gives this process to read (`<(...)`, `/dev/stdin`) is no disk's.
    """
    if os.fspath(path).startswith(_OURS):
        with Path(path).open("rb") as near:
            return near.read(most)
    with FarFile(path) as file:
        return file.read(most)


class Disk:
    """Whom to ask about files: one child at a time, started when there is a question.

    Gives up on a question after `seconds` without an answer (default: `audio.stall_seconds`; may
    be set anew between questions), or when `check` raises.
    """

    def __init__(self, *, seconds: float | None = None, check: Check | None = None) -> None:
        self.seconds, self._check = seconds, check
        self._child: subprocess.Popen[bytes] | None = None

    def _start(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-I", "-S", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # The terminal's signals are the parent's affair.
            start_new_session=True,
            env=child_environment(),
            bufsize=0,
        )
        self._in = cast("IO[bytes]", self._child.stdin)
        self._out = cast("IO[bytes]", self._child.stdout)
        os.set_blocking(self._in.fileno(), False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def ask(self, *question: Any, path: Path | str | None = None) -> Any:
        """Return the answer to a question. Raises `OSError` about `path`."""
        data = marshal.dumps(question)
        if self._child is None:
            self._start()
        try:
            self._send(path, len(data).to_bytes(_HEAD_BYTES, "little") + data)
            length = int.from_bytes(self._taken(path, _HEAD_BYTES), "little")
            told = marshal.loads(self._taken(path, length))  # noqa: S302 - our own child wrote it
        except BaseException:
            self.end()  # What it was asked for may still come.
            raise
        if told[0]:
            return told[1]
        raise _error(told[1], told[2], path)

    def _send(self, path: Path | str | None, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._wait(path, self._in.fileno(), select.POLLOUT)
            try:
                rest = rest[os.write(self._in.fileno(), rest) :]
            except BrokenPipeError:
                raise self._died() from None

    def _taken(self, path: Path | str | None, size: int) -> bytearray:
        found = bytearray()
        while len(found) < size:
            self._wait(path, self._out.fileno(), select.POLLIN)
            data = os.read(self._out.fileno(), size - len(found))
            if not data:
                raise self._died()
            found += data
        return found

    def _wait(self, path: Path | str | None, descriptor: int, event: int) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        waited = 0.0
        while True:
            before = time.monotonic()
            if poll.poll(CHECK_SECONDS * 1000):
                return
            if self._check is not None:
                self._check()
            # Slices of the wait, not the clock: we may have been held ourselves.
            waited += min(time.monotonic() - before, 2 * CHECK_SECONDS)
            if waited >= (patience := self._patience):
                raise DiskSilentError(patience, path)

    @property
    def _patience(self) -> float:
        if self.seconds is None:
            self.seconds = _configured_patience()
        return self.seconds

    def _died(self) -> OSError:
        return OSError(errno.EIO, "the process that reads it ended unexpectedly")

    def end(self) -> None:
        """Let the child go; one that hangs is left to its disk. Idempotent."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        self._in.close()
        self._out.close()
        try:
            child.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(RuntimeError):  # no further thread: the system buries it
                threading.Thread(target=child.wait, name="bury-asker", daemon=True).start()


def _configured_patience() -> float:
    # Read when a disk lets us wait: most never do.
    from omoai_engine.config import get_config
    from omoai_engine.errors import ConfigError

    try:
        return get_config().audio.stall_seconds
    except ConfigError:
        return SILENCE_SECONDS


def _error(number: int, what: str, path: Path | str | None) -> OSError:
    said = what or os.strerror(number)
    return OSError(number, said) if path is None else OSError(number, said, os.fspath(path))
