"""Short ways for callers who want a whole recording at once, or only to know what it is.

Everything is in memory; nothing is written. For long recordings prefer `open_audio`, which
gives blocks.
"""

from __future__ import annotations

import io
import os
import wave
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np

from omoai_engine.audio import SAMPLE_RATE_HZ
from omoai_engine.errors import AudioTooLongError
from omoai_engine.preprocess.inputs import AudioInput
from omoai_engine.preprocess.source import AudioInfo, open_audio, probe_audio

if TYPE_CHECKING:
    import torch

_LONGEST_EXPECTED_SECONDS = 86_400.0  # a header can claim more than there is memory for
# A WAV file counts its bytes in 32 bits.
_LONGEST_WAV_SECONDS = (2**32 - 64) // 2 / SAMPLE_RATE_HZ


def preprocess_audio_to_tensor(audio_input: AudioInput) -> torch.Tensor:
    """Return the whole recording: shape (1, samples), float32 in [-1, 1], 16 kHz mono.

    Raises as `open_audio` and its iteration do.
    """
    import torch

    with open_audio(audio_input) as source:
        expected = min(source.info.duration or 60.0, _LONGEST_EXPECTED_SECONDS)
        whole = np.empty(int(expected * SAMPLE_RATE_HZ), dtype=np.float32)
        filled = 0
        for block in source:
            end = filled + len(block.samples)
            if end > len(whole):
                grown = np.empty(max(end, len(whole) * 5 // 4), dtype=np.float32)
                grown[:filled] = whole[:filled]
                whole = grown
            whole[filled:end] = block.samples
            filled = end
    # Memory that was never touched was never taken either: a view is enough.
    return torch.from_numpy(whole[:filled]).unsqueeze(0)


def preprocess_audio_bytes(audio_data: bytes | bytearray | memoryview) -> bytes:
    """Return the sound in the bytes of any sound file as WAV: 16 kHz, mono, PCM16.

    Raises as `open_audio` and its iteration do.
    """
    return _to_wav(audio_data)


def preprocess_file_to_wav_bytes(path: Path | str) -> bytes:
    """Return the sound of any sound file as WAV: 16 kHz, mono, PCM16.

    Raises as `open_audio` and its iteration do.
    """
    return _to_wav(path)


def _to_wav(audio_input: AudioInput) -> bytes:
    target = io.BytesIO()
    with open_audio(audio_input) as source, wave.open(target, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE_HZ)
        for block in source:
            if block.end > _LONGEST_WAV_SECONDS:
                raise AudioTooLongError(
                    "the recording does not fit into a WAV file", hint="Cut it into parts"
                )
            samples = np.clip(np.rint(block.samples * 32768.0), -32768, 32767)
            writer.writeframesraw(samples.astype("<i2").tobytes())
    return target.getvalue()


def validate_audio_input(
    audio_input: AudioInput, max_duration: float | None = None
) -> AudioInfo | None:
    """Check that a recording can be transcribed: it opens, is not too long, and gives sound.

    Only its beginning is decoded. A stream is put back to where it stood; one that cannot be put
    back is left alone and None is returned, because looking would use it up. `max_duration` is
    in seconds. Raises as `open_audio` and its iteration do.
    """
    if _is_stream(audio_input):
        stream = cast("BinaryIO", audio_input)
        if not (hasattr(stream, "seekable") and stream.seekable()):
            return None
        stood = stream.tell()
        try:
            return _validate(stream, max_duration)
        finally:
            stream.seek(stood)
    return _validate(audio_input, max_duration)


def _validate(audio_input: AudioInput, max_duration: float | None) -> AudioInfo:
    with open_audio(audio_input, max_duration=max_duration) as source:
        next(source, None)
        return source.info


def get_audio_info(audio_input: AudioInput) -> dict[str, Any]:
    """Return what the header of a recording says; nothing is decoded.

    Keys: `name`, `container`, `codec`, `duration` (seconds, None when unknown),
    `duration_is_estimate`, `sample_rate` (Hz), `channels`, `size_bytes`, `has_video`. A stream
    that can seek is put back to where it stood; another is used up. Raises as `open_audio` does.
    """
    stood = None
    if _is_stream(audio_input):
        stream = cast("BinaryIO", audio_input)
        if hasattr(stream, "seekable") and stream.seekable():
            stood = stream.tell()
    try:
        info = probe_audio(audio_input)
    finally:
        if stood is not None:
            stream.seek(stood)
    return {
        "name": info.name,
        "container": info.container,
        "codec": info.codec,
        "duration": info.duration,
        "duration_is_estimate": info.duration_is_estimate,
        "sample_rate": info.sample_rate_hz,
        "channels": info.channels,
        "size_bytes": info.size_bytes,
        "has_video": info.has_video,
    }


def _is_stream(audio_input: AudioInput) -> bool:
    return not isinstance(audio_input, bytes | bytearray | memoryview | str | os.PathLike)
