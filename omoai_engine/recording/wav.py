"""The head of a recording: 80 bytes that make raw PCM16 a WAV file, at any length.

In: rate, channels and bytes of sound. Out: a head that any player reads. Room for 64-bit sizes
is kept from the start (a `JUNK` chunk), so that a recording that outgrows 4 GiB becomes RF64 in
place (EBU Tech 3306). Reads only heads that it wrote; never touches the sound.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

HEAD_BYTES = 80
_SAMPLE_BYTES = 2
_PLACEHOLDER = 0xFFFF_FFFF
LARGEST_RIFF_BYTES = 0xFFFF_FF00
"""Sizes from here on do not fit 32 bits, or are taken for placeholders."""
_ENDS = struct.Struct("<4sI4s")
_CHUNK = struct.Struct("<4sI")
_SIZES = struct.Struct("<QQQI")
_FORMAT = struct.Struct("<HHIIHH")


@dataclass(frozen=True, slots=True)
class PcmFormat:
    """16-bit PCM, little endian: samples a second of each channel, and channels."""

    rate_hz: int
    channels: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of one moment: a sample of every channel."""
        return self.channels * _SAMPLE_BYTES

    def whole(self, data_bytes: int) -> int:
        """Return `data_bytes` less the unfinished frame at the end."""
        return data_bytes - data_bytes % self.frame_bytes

    def seconds(self, data_bytes: int) -> float:
        """Return how long so many bytes of sound are."""
        return data_bytes // self.frame_bytes / self.rate_hz


def head(pcm: PcmFormat, data_bytes: int) -> bytes:
    """Return the `HEAD_BYTES` bytes before `data_bytes` bytes of sound."""
    riff_bytes = HEAD_BYTES - 8 + data_bytes
    large = riff_bytes > LARGEST_RIFF_BYTES
    sizes = _SIZES.pack(riff_bytes, data_bytes, data_bytes // pcm.frame_bytes, 0) if large else b""
    name, size = (b"RF64", _PLACEHOLDER) if large else (b"RIFF", riff_bytes)
    return b"".join(
        (
            _ENDS.pack(name, size, b"WAVE"),
            _CHUNK.pack(b"ds64" if large else b"JUNK", _SIZES.size),
            sizes.ljust(_SIZES.size, b"\0"),
            _CHUNK.pack(b"fmt ", _FORMAT.size),
            _FORMAT.pack(
                1,
                pcm.channels,
                pcm.rate_hz,
                pcm.rate_hz * pcm.frame_bytes,
                pcm.frame_bytes,
                8 * _SAMPLE_BYTES,
            ),
            _CHUNK.pack(b"data", _PLACEHOLDER if large else data_bytes),
        )
    )


def read_format(content: bytes) -> PcmFormat | None:
    """Return the format of a head that `head` wrote; `None` for anything else, also a torn one."""
    if len(content) < HEAD_BYTES or content[:4] not in (b"RIFF", b"RF64"):
        return None
    if content[8:12] != b"WAVE" or content[48:52] != b"fmt " or content[72:76] != b"data":
        return None
    kind, channels, rate_hz, _, frame_bytes, bits = _FORMAT.unpack_from(content, 56)
    if (kind, bits, frame_bytes) != (1, 8 * _SAMPLE_BYTES, channels * _SAMPLE_BYTES):
        return None
    return PcmFormat(rate_hz, channels) if rate_hz and channels else None
