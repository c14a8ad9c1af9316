"""What FFmpeg reads from, in the decoder child: an open descriptor that seeks, never a name."""

from __future__ import annotations

import os
from typing import Protocol

from omoai_engine.preprocess.wire import Refused

_SPOOL_CHUNK = 1 << 20
_PLACEHOLDER_BYTES = 0x7F00_0000


class Reader(Protocol):
    """Bytes with a position."""

    @property
    def size(self) -> int:
        """Bytes there are."""

    @property
    def changed_ns(self) -> int:
        """When it was last changed, 0 where that cannot happen."""

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes, none at the end."""

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move, as `io.IOBase.seek` does."""

    def tell(self) -> int:
        """Return the position in bytes."""


class FileReader:
    """A regular file, read at its own position: the parent's position does not move."""

    def __init__(self, descriptor: int, offset: int) -> None:
        self._descriptor, self._offset, self._position = descriptor, offset, 0

    @property
    def size(self) -> int:
        """Bytes from the offset to the present end of the file."""
        return max(0, os.fstat(self._descriptor).st_size - self._offset)

    @property
    def changed_ns(self) -> int:
        """When the file was last changed."""
        return os.fstat(self._descriptor).st_mtime_ns

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes, none at the end."""
        data = os.pread(self._descriptor, size, self._offset + self._position)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move, as `io.IOBase.seek` does."""
        self._position = _target(offset, whence, self._position, self.size)
        return self._position

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position


class Spool:
    """A pipe, read to its end into memory, so that one can seek in it."""

    changed_ns = 0

    def __init__(self, descriptor: int, most_bytes: int) -> None:
        self._chunks: list[bytearray] = []
        self.size = 0
        self._position = 0
        while self._fill(descriptor):
            if self.size > most_bytes:
                raise Refused(
                    f"the stream is longer than {most_bytes} bytes",
                    "Save it as a file first, or raise audio.max_stream_bytes",
                )

    def _fill(self, descriptor: int) -> bool:
        chunk = bytearray(_SPOOL_CHUNK)
        view = memoryview(chunk)
        filled = 0
        while filled < _SPOOL_CHUNK:
            got = os.readv(descriptor, [view[filled:]])
            if not got:
                break
            filled += got
        self._chunks.append(chunk)
        self.size += filled
        return filled == _SPOOL_CHUNK

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes, none at the end."""
        index, within = divmod(self._position, _SPOOL_CHUNK)
        size = min(size, self.size - self._position)
        if size <= 0:
            return b""
        data = bytes(memoryview(self._chunks[index])[within : within + size])
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move, as `io.IOBase.seek` does."""
        self._position = _target(offset, whence, self._position, self.size)
        return self._position

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position


def promised_size(reader: Reader) -> int:
    """Return the bytes that the head of a WAV or AVI file says it has; 0 where nothing says so.

    FFmpeg silently corrects a length that a cut file cannot hold.
    """
    reader.seek(0)
    head = reader.read(24)
    reader.seek(0)
    promised = 0
    if head[:4] == b"RIFF":
        promised = int.from_bytes(head[4:8], "little") + 8
    elif head[:4] == b"riff":  # Wave64
        promised = int.from_bytes(head[16:24], "little")
    # Programs that write into a pipe put the greatest number there, not a true one.
    return promised if promised < _PLACEHOLDER_BYTES else 0


def _target(offset: int, whence: int, position: int, size: int) -> int:
    target = offset + (0, position, size)[whence]
    if target < 0:
        raise OSError(22, "seek before the beginning")
    return target
