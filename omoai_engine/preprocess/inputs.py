"""What callers hand in, made ready for the decoder: an open regular file, or bytes to feed.

A path is opened here, by us: FFmpeg never sees a name. Nothing is read here but streams that
have no file behind them.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from omoai_engine.errors import AudioInputError, AudioNotFoundError
from omoai_engine.text import shown_path

AudioInput = bytes | bytearray | memoryview | Path | str | BinaryIO
"""Bytes are the sound itself; a `str` is a path; a stream is read from where it stands."""

_FEED_BYTES = 1 << 18
_CAUSES = {
    errno.EACCES: ("there is no permission to read it", "Change its permissions, or copy it"),
    errno.EPERM: ("there is no permission to read it", "Change its permissions, or copy it"),
    errno.ELOOP: ("its symbolic links lead in a circle", "Give the real file"),
    errno.ENAMETOOLONG: ("the name is too long", "Give a shorter name"),
    errno.ENXIO: ("it is a socket or device, not a file", "Give a sound file"),
    errno.EMFILE: ("too many files are open", "Close some, or raise the limit (ulimit -n)"),
    errno.ENFILE: ("too many files are open on this machine", "Close some programs"),
    errno.EIO: ("the disk reports an error", "Check the disk or connection"),
    errno.ESTALE: ("the network folder is gone", "Connect it again"),
}


@dataclass(frozen=True, slots=True)
class OpenFile:
    """An open regular file. `descriptor` is ours to close; `offset`: first byte to read."""

    name: str
    where: str
    descriptor: int
    offset: int


@dataclass(frozen=True, slots=True)
class Fed:
    """Bytes that somebody has to feed: `pieces` yields them, in order."""

    name: str
    where: str
    pieces: Callable[[], Iterator[bytes | memoryview]]


def open_input(audio_input: AudioInput, wait: Callable[[threading.Event], None]) -> OpenFile | Fed:
    """Return `audio_input` ready to be decoded.

    `wait(done)` returns when `done` is set, and raises to give up: a file on a stalled network
    folder can take forever to open. Raises `AudioNotFoundError` or `AudioInputError`.
    """
    if isinstance(audio_input, bytes | bytearray | memoryview):
        return _from_bytes(audio_input)
    if isinstance(audio_input, str | os.PathLike):
        return _from_path(os.fsdecode(audio_input), wait)
    if callable(getattr(audio_input, "read", None)):
        return _from_stream(audio_input)
    raise AudioInputError(
        f"a sound cannot be read from a {type(audio_input).__name__}",
        hint="Give a path, bytes or a binary stream",
    )


def _from_bytes(data: bytes | bytearray | memoryview) -> Fed:
    view = memoryview(data)
    if not view.c_contiguous:
        view = memoryview(view.tobytes())
    view = view.cast("B")

    def pieces() -> Iterator[memoryview]:
        for start in range(0, len(view), _FEED_BYTES):
            yield view[start : start + _FEED_BYTES]

    return Fed("sound in memory", "sound in memory", pieces)


def _from_path(path: str, wait: Callable[[threading.Event], None]) -> OpenFile:
    where = shown_path(path)
    if not path:
        raise AudioNotFoundError("no file was named", hint="Give the path of a sound file")
    outcome: list[int | BaseException] = []
    done, lock = threading.Event(), threading.Lock()
    given_up = False

    def work() -> None:
        try:
            result: int | BaseException = _open_regular(path)
        except (OSError, ValueError, AudioInputError) as error:
            result = error
        with lock:
            if given_up and isinstance(result, int):
                os.close(result)
            outcome.append(result)
        done.set()

    threading.Thread(target=work, name="open-sound", daemon=True).start()
    try:
        wait(done)
    except BaseException:
        with lock:
            given_up = True
            for late in outcome:
                if isinstance(late, int):
                    os.close(late)
        raise
    result = outcome[0]
    if isinstance(result, int):
        return OpenFile(shown_path(os.path.basename(path)), where, result, 0)  # noqa: PTH119
    raise _why(result, where) from None


def _open_regular(path: str) -> int:
    # Looked at before it is opened, because opening some devices does something; and again
    # afterwards, because it may have been exchanged in between.
    _refuse_irregular(os.stat(path).st_mode)  # noqa: PTH116
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        _refuse_irregular(os.fstat(descriptor).st_mode)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_irregular(mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise AudioInputError("it is a folder, not a sound file", hint="Give a file in it")
    kind = "a named pipe" if stat.S_ISFIFO(mode) else "a device"
    if stat.S_ISSOCK(mode):
        kind = "a socket"
    raise AudioInputError(f"it is {kind}, not a sound file", hint="Give a regular file")


def _why(error: BaseException, where: str) -> AudioInputError:
    if isinstance(error, AudioInputError):
        return type(error)(error.what, where=where, hint=error.hint)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        hint = "Only files on this machine are read" if "://" in where else "Check the name"
        return AudioNotFoundError("there is no such file", where=where, hint=hint)
    if isinstance(error, OSError):
        what, hint = _CAUSES.get(
            error.errno or 0, (f"it cannot be opened: {error.strerror}", "Check the path")
        )
        return AudioInputError(what, where=where, hint=hint)
    return AudioInputError("this can be no file name", where=where, hint="Check the name")


def _from_stream(stream: Any) -> OpenFile | Fed:
    named = getattr(stream, "name", None)
    name = shown_path(os.path.basename(named)) if isinstance(named, str) and named else ""  # noqa: PTH119
    name = name or "stream"
    if isinstance(stream, io.TextIOBase):
        raise AudioInputError("the stream gives text", where=name, hint="Open it in binary mode")
    if getattr(stream, "closed", False):
        raise AudioInputError("the stream is closed", where=name, hint="Open it first")
    descriptor = _real_file(stream)
    if descriptor is not None:
        return OpenFile(name, name, *descriptor)

    def pieces() -> Iterator[bytes]:
        read = getattr(stream, "read1", None) or stream.read
        while True:
            data = read(_FEED_BYTES)
            if data is None:
                yield b""
            elif not isinstance(data, bytes | bytearray | memoryview):
                raise AudioInputError(
                    "the stream gives no bytes", where=name, hint="Open it in binary mode"
                )
            elif not len(data):
                return
            else:
                yield bytes(data)

    return Fed(name, name, pieces)


def _real_file(stream: Any) -> tuple[int, int] | None:
    """Return a descriptor of our own and the stream's position, if a plain file is behind it."""
    # Only what Python itself opened: a wrapper (gzip, tar) may also tell a descriptor, but
    # gives other bytes than the file holds.
    if not isinstance(stream, io.BufferedReader | io.BufferedRandom | io.FileIO):
        return None
    if isinstance(stream, io.BufferedReader) and not isinstance(stream.raw, io.FileIO):
        return None
    with contextlib.suppress(OSError, ValueError):
        descriptor = stream.fileno()
        if stat.S_ISREG(os.fstat(descriptor).st_mode) and stream.readable():
            return os.dup(descriptor), stream.tell()
    return None
