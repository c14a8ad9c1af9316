"""The confined child that decodes a sender's stream: any stream of FFmpeg in, raw PCM16 out.

In: a socket as standard input, as it comes. Out (standard output): one JSON line with the rate
and the channels, or an error; then samples, each as soon as it is decoded. Like the decoder of
files it can open nothing, write nothing and take only so much memory (`preprocess.confine`).
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import Any

import av

from omoai_engine.preprocess.confine import INPUT, OUTPUT, confine, stand_alone
from omoai_engine.preprocess.ffmpeg import DEMUXERS, FASTEST_HZ, SLOWEST_HZ, Log
from omoai_engine.preprocess.wire import Request
from omoai_engine.text import one_line

_READ_BYTES = 4096
"""Small, because FFmpeg fills its buffer before it looks at what is in it."""
_PROBE_BYTES = "32768"
_MEMORY_MIB = 512
_LONGEST_SECONDS = 7 * 86_400.0


class _Stream:
    """What PyAV reads from: it cannot seek, and gives what is there."""

    def read(self, size: int) -> bytes:
        return os.read(INPUT, size)


def _open(raw: tuple[int, int, str] | None) -> Any:
    options = {"protocol_whitelist": "none", "probesize": _PROBE_BYTES}
    if raw is None:
        return av.open(
            _Stream(),
            mode="r",
            options={**options, "format_whitelist": DEMUXERS, "analyzeduration": "500000"},
            buffer_size=_READ_BYTES,
            metadata_errors="replace",
        )
    rate_hz, channels, name = raw
    about = {"sample_rate": str(rate_hz), "ch_layout": f"{channels}c"}
    return av.open(
        _Stream(), mode="r", format=name, options={**options, **about}, buffer_size=_READ_BYTES
    )


def _send(data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(OUTPUT, rest) :]


def _serve(wish: dict[str, Any]) -> None:
    container = _open(tuple(wish["raw"]) if wish["raw"] else None)
    if not container.streams.audio:
        raise ValueError("it holds no sound")
    stream = container.streams.audio[0]
    stream.codec_context.thread_count = 1
    resampler: Any = None
    shape: object = None
    rate_hz, channels = wish["rate_hz"], wish["channels"]
    told = False
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.EOFError:
            break
        except av.error.FFmpegError:
            continue  # damaged on its way: what follows may be whole
        for frame in frames:
            if not SLOWEST_HZ <= frame.sample_rate <= FASTEST_HZ:
                raise ValueError(f"it claims {frame.sample_rate} samples a second")
            rate_hz = rate_hz or frame.sample_rate
            channels = channels or min(frame.layout.nb_channels, 2)
            if not told:
                told = True
                _send(json.dumps({"rate_hz": rate_hz, "channels": channels}).encode() + b"\n")
            new = (frame.format.name, frame.layout.name, frame.sample_rate)
            if new != shape:
                shape = new
                layout = {1: "mono", 2: "stereo"}.get(channels, f"{channels}c")
                resampler = av.AudioResampler("s16", layout, rate_hz)
            frame.pts = None
            _write(resampler.resample(frame), channels)
    if resampler is not None:
        _write(resampler.resample(None), channels)
    if not told:
        raise ValueError("it ended before any sound came")


def _write(frames: list[Any], channels: int) -> None:
    for frame in frames:
        # The plane is longer than the sound in it.
        _send(bytes(frame.planes[0])[: frame.samples * channels * 2])


def main() -> None:
    """Run the child; what is wished for is the last argument."""
    wish = json.loads(sys.argv[-1])
    request = Request(
        spool=False,
        offset=0,
        max_stream_bytes=0,
        max_duration=_LONGEST_SECONDS,
        memory_mib=_MEMORY_MIB,
        probe=False,
        lifeline_fd=wish["life"],
    )
    stand_alone(request)
    confine(request)
    Log()
    try:
        _serve(wish)
    except (av.error.FFmpegError, ValueError, MemoryError, OSError) as error:
        reason = one_line(getattr(error, "strerror", None) or str(error)) or "memory ran out"
        with contextlib.suppress(OSError):
            _send(json.dumps({"error": reason}).encode() + b"\n")
    os._exit(0)
