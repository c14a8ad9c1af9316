"""`ChunkFormerASR`: the ChunkFormer engine for programs, one recording, many at once, or live.

In: sound as a path, bytes, an open file, samples (tensor or array, 16 kHz mono, float32 in
[-1, 1] or int16), or an iterator of blocks. Out: `ASRResult`s, or segments as they become firm.
Nothing is loaded before the first recording. For a job with punctuation, summary and events use
the pipeline instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from omoai_engine.audio import SAMPLE_RATE_HZ, AudioBlock
from omoai_engine.control import JobControl
from omoai_engine.errors import AudioInputError
from omoai_engine.results import ASRResult, ASRSegment

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from omoai_engine.asr.chunkformer.live import LiveTranscription
    from omoai_engine.asr.chunkformer.recognizer import ChunkFormerRecognizer
    from omoai_engine.config import ASRSettings
    from omoai_engine.preprocess.inputs import AudioInput

    Samples = torch.Tensor | NDArray[np.float32] | NDArray[np.int16]
    Sound = Path | str | bytes | BinaryIO | Samples | Iterable[AudioBlock | Samples]

_BLOCK = SAMPLE_RATE_HZ  # samples: one second


class ChunkFormerASR:
    """Speech to text with the ChunkFormer model in a folder.

    Args:
        model: the folder with `config.yaml`, `vocab.txt` and the weights.
        settings: device, precision, chunk and context sizes, segment limits; by default those
            of the configuration.
        hotwords: words and names to prefer where the sound allows; by default those of the
            settings.
    """

    def __init__(
        self,
        model: Path | str,
        settings: ASRSettings | None = None,
        *,
        hotwords: Sequence[str] = (),
    ) -> None:
        self._folder, self._settings, self._hotwords = Path(model), settings, tuple(hotwords)
        self._made: ChunkFormerRecognizer | None = None

    @property
    def recognizer(self) -> ChunkFormerRecognizer:
        """The recogniser behind this object, made at first use."""
        if self._made is None:
            from omoai_engine.asr.chunkformer.recognizer import ChunkFormerRecognizer
            from omoai_engine.asr.hotwords import read_hotwords
            from omoai_engine.config import get_config

            settings = self._settings or get_config().asr
            hotwords = self._hotwords or read_hotwords(settings.hotwords)
            self._made = ChunkFormerRecognizer(
                self._folder, self._folder.name, settings, hotwords=hotwords
            )
        return self._made

    def transcribe(self, sound: Sound, *, control: JobControl | None = None) -> ASRResult:
        """Transcribe one recording in file mode.

        Raises `AudioInputError` for sound that cannot be used, `ModelError` for a model that
        cannot, `CancelledError` when `control` is cancelled.
        """
        seconds = 0.0

        def measured() -> Iterator[AudioBlock]:
            nonlocal seconds
            for block in blocks_of(sound):
                seconds = block.end
                yield block

        control = control or JobControl()
        segments = tuple(self.recognizer.recognize(measured(), control=control))
        return _result(segments, seconds, self._folder.name)

    def transcribe_batch(
        self, sounds: Sequence[Sound], *, control: JobControl | None = None
    ) -> list[ASRResult]:
        """Transcribe several recordings in one pass; results in the order of the inputs.

        The same words as one by one; raises as `transcribe`.
        """
        control = control or JobControl()
        found = self.recognizer.recognize_batch(list(map(blocks_of, sounds)), control=control)
        return [_result(tuple(parts), seconds, self._folder.name) for parts, seconds in found]

    def stream(self, sound: Sound, *, control: JobControl | None = None) -> Iterator[ASRSegment]:
        """Yield the segments of one recording in file mode as they become firm."""
        control = control or JobControl()
        yield from self.recognizer.recognize(blocks_of(sound), control=control)

    def live(self) -> LiveTranscription:
        """Begin a live recording: `push` samples, get firm segments and provisional words."""
        return self.recognizer.live()

    def close(self) -> None:
        """Free everything. Idempotent; the next recording loads the model again."""
        if self._made is not None:
            self._made.close()


def blocks_of(sound: Sound) -> Iterator[AudioBlock]:
    """Return any kind of sound as blocks of 16 kHz mono float32 samples."""
    import numpy as np

    if isinstance(sound, str | Path | bytes | bytearray | memoryview) or hasattr(sound, "read"):
        from omoai_engine.preprocess import open_audio

        with open_audio(cast("AudioInput", sound)) as source:
            yield from source
        return
    whole = hasattr(sound, "dtype")
    start = 0.0
    if not whole and not hasattr(sound, "__iter__"):
        raise _no_sound(f"a value of type {type(sound).__name__}")
    for piece in [sound] if whole else sound:
        samples = piece.samples if isinstance(piece, AudioBlock) else _as_float(piece)
        for block in np.array_split(samples, range(_BLOCK, len(samples), _BLOCK)):
            yield AudioBlock(start, block)
            start += len(block) / SAMPLE_RATE_HZ


def _as_float(samples: Any) -> NDArray[np.float32]:
    """(n,) or (1, n) float or int16 samples as (n,) float32; raises `AudioInputError`."""
    import numpy as np

    if hasattr(samples, "detach"):
        samples = samples.detach().cpu()
        samples = samples.float() if samples.is_floating_point() else samples  # also bfloat16
    array = np.asarray(samples)
    if array.ndim == 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim != 1 or array.dtype.kind not in "fi":
        raise _no_sound(f"samples of shape {array.shape} and type {array.dtype}")
    if array.dtype.kind == "i":
        return array.astype(np.float32) / float(2 ** (8 * array.dtype.itemsize - 1))
    return np.ascontiguousarray(array, dtype=np.float32)


def _no_sound(what: str) -> AudioInputError:
    return AudioInputError(
        f"{what} cannot be taken as one channel of sound",
        hint="Give a path, the bytes of a file, or (n,) or (1, n) samples at 16 kHz: float32 in "
        "[-1, 1], or int16",
    )


def _result(segments: tuple[ASRSegment, ...], seconds: float, model: str) -> ASRResult:
    return ASRResult(
        segments=segments,
        transcript=" ".join(segment.text for segment in segments),
        audio_duration_seconds=seconds,
        sample_rate=SAMPLE_RATE_HZ,
        metadata={"recognizer": "chunkformer", "model": model},
    )
