"""A recording that is being made, as the recogniser wants it: 16 kHz mono blocks, as they come.

In: the file of a recording, live, cut or finished. Out: `AudioBlock`s without a gap until its
writer is gone and all was read. Channels are mixed as those of files are, and the resampler's
state is carried, so that nothing is heard at the seams. The file is only read; how far it is
written is told by its size, and that its writer is gone by its lock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omoai_engine.audio import SAMPLE_RATE_HZ, AudioBlock
from omoai_engine.control import JobControl
from omoai_engine.errors import RecordingError
from omoai_engine.recording.files import is_locked
from omoai_engine.recording.wav import HEAD_BYTES, PcmFormat, read_format
from omoai_engine.text import shown_path

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LOOK_SECONDS = 0.05
_MOST_BLOCK_SECONDS = 0.5


def follow(
    path: Path, *, start: float = 0.0, control: JobControl | None = None
) -> Iterator[AudioBlock]:
    """Yield the sound of a recording from `start` seconds on, until it is complete.

    Raises `RecordingError` when it cannot be read, `CancelledError` when `control` is cancelled.
    """
    descriptor = _open(path)
    try:
        pcm = read_format(os.pread(descriptor, HEAD_BYTES, 0))
        if pcm is None:
            raise RecordingError("this is no recording of ours", where=shown_path(path))
        first = max(0, round(start * pcm.rate_hz))
        convert = _Conversion(pcm, first / pcm.rate_hz)
        at = HEAD_BYTES + first * pcm.frame_bytes
        most = pcm.frame_bytes * round(pcm.rate_hz * _MOST_BLOCK_SECONDS)
        complete = False
        while True:
            if control is not None:
                control.checkpoint()
            data = os.pread(descriptor, most, at)
            data = data[: pcm.whole(len(data))]
            if data:
                at += len(data)
                yield from convert.push(data)
            elif complete:
                yield from convert.finish()
                return
            else:
                # Asked before the next reading, so that nothing is left behind.
                complete = not is_locked(descriptor)
                if not complete:
                    time.sleep(_LOOK_SECONDS)
    except OSError as error:
        raise RecordingError(
            f"the recording cannot be read: {error.strerror or error}", where=shown_path(path)
        ) from None
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    names = [path]
    if path.suffix == ".part":  # it may have been finished meanwhile
        names.append(path.with_name(path.name.removesuffix(".part")))
    for name in names:
        try:
            return os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise RecordingError(
                f"the recording cannot be read: {error.strerror or error}", where=shown_path(name)
            ) from None
    raise RecordingError("there is no such recording", where=shown_path(path))


class _Conversion:
    """PCM16 in pieces to blocks; counts the samples, and so the time."""

    def __init__(self, pcm: PcmFormat, start: float) -> None:
        from omoai_engine.preprocess.mixing import Mixer

        self._pcm = pcm
        self._start = start
        self._samples = 0
        self._mixer = Mixer(pcm.channels, lambda _topic, _sentence: None)
        self._resampler: Any = None
        if pcm.rate_hz != SAMPLE_RATE_HZ:
            import av

            self._resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE_HZ)

    def push(self, data: bytes) -> Iterator[AudioBlock]:
        import numpy as np

        sound = np.frombuffer(data, "<i2").reshape(-1, self._pcm.channels)
        mono = self._mixer.mix(sound.astype(np.float32) / 32768.0)
        if self._resampler is None:
            yield self._block(mono)
            return
        import av

        frame = av.AudioFrame.from_ndarray(mono.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate = self._pcm.rate_hz
        frame.pts = None
        yield from self._resampled(frame)

    def finish(self) -> Iterator[AudioBlock]:
        if self._resampler is not None:
            yield from self._resampled(None)

    def _resampled(self, frame: Any) -> Iterator[AudioBlock]:
        for out in self._resampler.resample(frame):
            if out.samples:
                yield self._block(out.to_ndarray().reshape(-1))

    def _block(self, mono: NDArray[np.float32]) -> AudioBlock:
        block = AudioBlock(self._start + self._samples / SAMPLE_RATE_HZ, mono)
        self._samples += len(mono)
        return block
