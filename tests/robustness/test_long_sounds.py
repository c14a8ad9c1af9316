"""Real files of many hours, in memory that does not grow; slow, so with LONG_TESTS=1 only.

Each is read to its end by the engine as a job reads it. The memory is that of this process; the
one that decodes lives under a limit of its own.
"""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
import psutil
import pytest

from omoai_engine.errors import AudioTooLongError
from omoai_engine.preprocess.source import open_audio

DAY = 86_400


def heard(path: Path) -> float:
    """Return the seconds that come out of a file, in memory that stays the same."""
    process = psutil.Process()
    end, before = 0.0, process.memory_info().rss
    with open_audio(path) as source:
        for block in source:
            end = block.end
    assert process.memory_info().rss - before < 64 * 1024 * 1024
    return end


def sparse_rf64(path: Path, rate: int, channels: int, size: int) -> None:
    """Write a file of `size` bytes of silence that takes none on the disk."""
    frame = 2 * channels
    with path.open("wb") as file:
        file.write(b"RF64" + struct.pack("<I", 0xFFFFFFFF) + b"WAVE")
        file.write(b"ds64" + struct.pack("<IQQQI", 28, size + 72, size, size // frame, 0))
        file.write(
            b"fmt " + struct.pack("<IHHIIHH", 16, 1, channels, rate, rate * frame, frame, 16)
        )
        file.write(b"data" + struct.pack("<I", 0xFFFFFFFF))
        file.truncate(file.tell() + size)


def silent_flac(path: Path, seconds: int) -> None:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("flac", rate=16_000, layout="mono")
        second = np.zeros((1, 16_000), np.int16)
        for at in range(seconds):
            frame = av.AudioFrame.from_ndarray(second, format="s16", layout="mono")
            frame.sample_rate, frame.pts = 16_000, at * 16_000
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def test_a_wav_of_five_thousand_million_bytes_is_heard_whole(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    size = 5_000_000_000
    sparse_rf64(path, 48_000, 2, size)
    assert heard(path) == pytest.approx(size / 192_000, abs=0.01)


def test_a_wav_of_more_than_a_day_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    sparse_rf64(path, 16_000, 1, 5_000_000_000)
    with pytest.raises(AudioTooLongError, match=r"longer than 24:00:00"):
        open_audio(path)


def test_a_day_of_silence_is_heard_whole_and_a_second_more_refused(tmp_path: Path) -> None:
    path = tmp_path / "day.flac"
    silent_flac(path, DAY)
    assert heard(path) == DAY
    # A little claim, so that only what is decoded can tell.
    silent_flac(path, DAY + 1)
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    path.write_bytes(data)
    with pytest.raises(AudioTooLongError, match=r"longer than 24:00:00"):
        heard(path)
