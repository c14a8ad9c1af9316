"""What callers hand in, made ready for the decoder: a name, an open regular file, or bytes to feed.

A name is opened by our own code in the decoder's process (see `opening`), never by FFmpeg and never
here: its disk may not answer. Nothing is read here but streams that have no file behind them.
"""

from __future__ import annotations

import contextlib
import io
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from omoai_engine.errors import AudioInputError, AudioNotFoundError
from omoai_engine.preprocess.opening import LONGEST_NAME_BYTES, MISSING, TOO_LONG, open_regular
from omoai_engine.preprocess.wire import Refused
from omoai_engine.text import shown_path

AudioInput = bytes | bytearray | memoryview | Path | str | BinaryIO
"""Bytes are the sound itself; a `str` is a path; a stream is read from where it stands."""

_FEED_BYTES = 1 << 18
# Names of what this process holds open: in the decoder they would mean its own. No disk's affair.
_OWN_DESCRIPTORS = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")


@dataclass(frozen=True, slots=True)
class Named:
    """A file that the decoder opens. `path` as the system writes names."""

    name: str
    where: str
    path: bytes


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


def open_input(audio_input: AudioInput) -> Named | OpenFile | Fed:
    """Return `audio_input` ready to be decoded. Raises `AudioNotFoundError`, `AudioInputError`."""
    if isinstance(audio_input, bytes | bytearray | memoryview):
        return _from_bytes(audio_input)
    if isinstance(audio_input, str | os.PathLike):
        return _from_path(os.fsdecode(audio_input))
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


def _from_path(path: str) -> Named | OpenFile:
    where = shown_path(path)
    if not path:
        raise AudioNotFoundError("no file was named", hint="Give the path of a sound file")
    try:
        raw = os.fsencode(path)
    except UnicodeEncodeError:
        raise AudioInputError(
            "this can be no file name", where=where, hint="Check the name"
        ) from None
    if len(raw) > LONGEST_NAME_BYTES:
        raise AudioInputError(TOO_LONG[0], where=where, hint=TOO_LONG[1])
    name = shown_path(os.path.basename(path))  # noqa: PTH119
    if path.startswith(_OWN_DESCRIPTORS):
        try:
            return OpenFile(name, where, open_regular(raw), 0)
        except Refused as error:
            kind = AudioNotFoundError if error.reason == MISSING else AudioInputError
            raise kind(error.what, where=where, hint=error.hint) from None
    return Named(name, where, raw)


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
