"""Makes sounds for the tests: plain arrays, WAV bytes by hand, and anything PyAV can encode."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from omoai_engine.config import AudioSettings
from omoai_engine.preprocess import AudioInput, AudioSource, open_audio

Sound = NDArray[np.float32]
DATA = Path(__file__).parents[2] / "data"


def tone(seconds: float, hz: float = 440.0, rate: int = 16_000, level: float = 0.5) -> Sound:
    """A sine, (n,) float32."""
    times = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hz * times)).astype(np.float32)


def noise(seconds: float, rate: int = 16_000, level: float = 0.1, seed: int = 0) -> Sound:
    """White noise, (n,) float32."""
    generator = np.random.default_rng(seed)
    return (level * generator.standard_normal(round(seconds * rate))).astype(np.float32)


def wav(
    sound: Sound,
    rate: int = 16_000,
    *,
    coding: str = "s16",
    data_size: int | None = None,
    header_rate: int | None = None,
) -> bytes:
    """WAV bytes of (n,) or (n, channels); `data_size` and `header_rate` may lie."""
    sound = sound.reshape(len(sound), sound.shape[1] if sound.ndim > 1 else 1)
    if coding == "s16":
        data, kind, width = np.rint(np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes(), 1, 2
    elif coding == "u8":
        data, kind, width = np.rint(sound * 127 + 128).astype("u1").tobytes(), 1, 1
    elif coding == "s24":
        whole = np.rint(np.clip(sound, -1, 1) * 8388607).astype("<i4")
        data, kind, width = whole.view("u1").reshape(-1, 4)[:, :3].tobytes(), 1, 3
    else:
        data, kind, width = sound.astype("<f4").tobytes(), 3, 4
    channels = sound.shape[1]
    claimed = header_rate if header_rate is not None else rate
    size = len(data) if data_size is None else data_size
    head = struct.pack(
        "<HHIIHH",
        kind,
        channels,
        claimed,
        min(claimed * channels * width, 2**32 - 1),
        channels * width,
        width * 8,
    )
    riff = min(36 + size, 2**32 - 1)
    return (
        b"RIFF"
        + struct.pack("<I", riff)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + head
        + b"data"
        + struct.pack("<I", size)
        + data
    )


def encode(
    sound: Sound,
    container: str,
    codec: str,
    rate: int = 16_000,
    *,
    options: dict[str, str] | None = None,
    **fields: Any,
) -> bytes:
    """The sound, (n,) or (n, channels), in any container with any encoder that PyAV has."""
    target = io.BytesIO()
    with av.open(target, "w", format=container, options=options or {}) as output:
        add_track(output, sound, codec, rate, **fields)
    return target.getvalue()


def add_track(output: Any, sound: Sound, codec: str, rate: int, **fields: Any) -> None:
    """Write a whole sound track into an open container."""
    packed = np.ascontiguousarray(sound.reshape(len(sound), -1))
    layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[packed.shape[1]]
    stream = output.add_stream(codec, rate=rate, layout=layout, **fields)
    write_track(output, stream, packed, layout, rate)


def write_track(output: Any, stream: Any, packed: Sound, layout: str, rate: int) -> None:
    """Encode (n, channels) into a stream that is already there."""
    step = 1024
    for start in range(0, len(packed), step):
        part = packed[start : start + step].reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(part, "flt", layout)
        frame.sample_rate, frame.pts = rate, start
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def read(
    audio_input: AudioInput, settings: AudioSettings | None = None, **options: Any
) -> tuple[Sound, AudioSource]:
    """Decode everything: (n,) samples, and the closed source with its notices."""
    with open_audio(audio_input, settings or AudioSettings(), **options) as source:
        blocks = [block.samples for block in source]
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32), source


def level(sound: Sound, between: Sequence[float] = (0.1, 0.9)) -> float:
    """Root mean square of the middle of a sound."""
    middle = sound[int(len(sound) * between[0]) : int(len(sound) * between[1])]
    return float(np.sqrt(np.mean(middle.astype(np.float64) ** 2)))


def similarity(one: Sound, other: Sound) -> float:
    """Correlation of two sounds over what they share, best of small shifts."""
    best = -1.0
    for shift in range(-40, 41):
        first, second = one[max(0, shift) :], other[max(0, -shift) :]
        length = min(len(first), len(second))
        best = max(best, float(np.corrcoef(first[:length], second[:length])[0, 1]))
    return best
