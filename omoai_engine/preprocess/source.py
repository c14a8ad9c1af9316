"""A recording being read: blocks of 16 kHz mono float32, in order, with a few seconds in flight.

Decoding happens in a child process (see `child`), so that a malformed file can neither crash nor
fill this one. Memory here does not grow with the length of the recording.
"""

from __future__ import annotations

import json
import os
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from omoai_engine.audio import SAMPLE_RATE_HZ, AudioBlock
from omoai_engine.errors import AudioInputError, AudioNotFoundError, AudioTooLongError, OmoAIError
from omoai_engine.preprocess.inputs import AudioInput, Fed, Named, OpenFile, open_input
from omoai_engine.preprocess.opening import MISSING
from omoai_engine.preprocess.process import DecoderProcess
from omoai_engine.preprocess.wire import Kind, Request
from omoai_engine.text import one_line

if TYPE_CHECKING:
    from omoai_engine.config import AudioSettings
    from omoai_engine.control import JobControl


_REFUSALS: dict[str, type[AudioInputError]] = {
    "too_long": AudioTooLongError,
    MISSING: AudioNotFoundError,
}


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What the header of a recording says.

    `duration`: seconds, None when the header does not tell; `duration_is_estimate`: it was
    guessed from the size and may be wrong. `sample_rate_hz`, `channels`: of the file, 0 when
    only decoding can tell. `has_video`: there are moving pictures beside the sound. `changed_ns`:
    when the file was last changed, 0 where there is no file.
    """

    name: str
    container: str
    codec: str
    duration: float | None
    duration_is_estimate: bool
    sample_rate_hz: int
    channels: int
    size_bytes: int
    has_video: bool
    changed_ns: int = 0


class AudioSource(Iterator[AudioBlock]):
    """Iterator over the blocks of one recording; made by `open_audio`. Use it in a `with`.

    Iteration raises `AudioInputError` (and `AudioTooLongError`) for sound that cannot be used,
    `WorkerDiedError` when the decoder is killed, `CancelledError` when the job is cancelled or
    the source is closed meanwhile. After the last block, `notices` is complete.
    """

    def __init__(
        self,
        decoder: DecoderProcess,
        name: str,
        check: Callable[[], None],
        stall_seconds: float,
        begin: float = 0.0,
    ) -> None:
        self._decoder = decoder
        self._check = check
        self._stall_seconds = stall_seconds
        self._notices: list[str] = []
        self._begin = begin
        self._samples = 0
        self._complete = False
        self._failure: OmoAIError | None = None
        self._finalizer = weakref.finalize(self, decoder.end)
        try:
            _, content = self._read(Kind.INFO)
        except BaseException:
            self.close()
            raise
        self.info = AudioInfo(name=name, **_clean(json.loads(content)))

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for the person about this recording, so far."""
        return tuple(self._notices)

    @property
    def decoder_pid(self) -> int:
        """Process id of the decoder, for those who measure it."""
        return self._decoder.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> AudioBlock:
        if self._complete:
            raise StopIteration
        kind, content = self._read(Kind.SOUND, Kind.END)
        if kind is Kind.END:
            self._complete = True
            self.close()
            raise StopIteration
        samples = np.frombuffer(content, dtype="<f4")
        block = AudioBlock(self._begin + self._samples / SAMPLE_RATE_HZ, samples)
        self._samples += len(samples)
        return block

    def close(self) -> None:
        """Kill the decoder at once; may be called again and from any thread."""
        self._finalizer()

    def _read(self, *wanted: Kind) -> tuple[Kind, bytearray]:
        """Return the next frame of a kind that is wanted, keeping the notices before it."""
        if self._failure is not None:
            raise self._failure
        try:
            self._check()
            while True:
                kind, content = self._decoder.read(self._check, self._stall_seconds)
                if kind is Kind.NOTICE:
                    self._notices.append(one_line(json.loads(content)))
                elif kind is Kind.ERROR:
                    raise self._refusal(json.loads(content))
                elif kind in wanted:
                    return kind, content
        except OmoAIError as error:
            self._failure = error
            self.close()
            raise

    def _refusal(self, told: dict[str, str]) -> AudioInputError:
        kind = _REFUSALS.get(told["reason"], AudioInputError)
        return kind(told["what"], where=self._decoder.where, hint=told["hint"] or None)


def _clean(fields: dict[str, Any]) -> dict[str, Any]:
    return {k: one_line(v) if isinstance(v, str) else v for k, v in fields.items()}


def open_audio(
    audio_input: AudioInput,
    settings: AudioSettings | None = None,
    *,
    control: JobControl | None = None,
    max_duration: float | None = None,
    begin: float = 0.0,
) -> AudioSource:
    """Start decoding and return when the header was read.

    Args:
        audio_input: a path, the bytes of a file, or a binary stream, which is read from where it
            stands (a stream without a file behind it is taken into the decoder's memory first).
        settings: limits; default: those of the configuration.
        control: cancels and pauses; looked at twice a second or more.
        max_duration: longest recording taken, seconds; default: that of `settings`.
        begin: the first block begins so many seconds into the recording; there is no block where
            the recording is shorter, and `AudioInputError`.

    Raises:
        AudioNotFoundError: there is no such file.
        AudioTooLongError: the header says that it is too long.
        AudioInputError: it cannot be opened, is no sound, has none, or is locked.
        CancelledError: cancelled meanwhile.
        WorkerDiedError: the decoder could not be started, or was killed.
    """
    return _open(
        audio_input,
        settings,
        control=control,
        max_duration=max_duration,
        probe=False,
        begin=begin,
    )


def probe_audio(audio_input: AudioInput, settings: AudioSettings | None = None) -> AudioInfo:
    """Return what the header says, without decoding. Raises as `open_audio`, but for length."""
    with _open(audio_input, settings, control=None, max_duration=None, probe=True) as source:
        return source.info


def _open(
    audio_input: AudioInput,
    settings: AudioSettings | None,
    *,
    control: JobControl | None,
    max_duration: float | None,
    probe: bool,
    begin: float = 0.0,
) -> AudioSource:
    if settings is None:
        from omoai_engine.config import get_config

        settings = get_config().audio
    limits = settings

    def check() -> None:
        if control is not None:
            control.checkpoint()

    def request(lifeline: int) -> Request:
        return Request(
            spool=isinstance(opened, Fed),
            offset=opened.offset if isinstance(opened, OpenFile) else 0,
            max_stream_bytes=limits.max_stream_bytes,
            max_duration=limits.max_duration if max_duration is None else max_duration,
            memory_mib=limits.decoder_memory_mib,
            probe=probe,
            lifeline_fd=lifeline,
            begin=begin,
            named=isinstance(opened, Named),
        )

    check()
    opened = open_input(audio_input)
    try:
        decoder = DecoderProcess(opened, request)
    finally:
        if isinstance(opened, OpenFile):
            os.close(opened.descriptor)
    return AudioSource(decoder, opened.name, check, limits.stall_seconds, begin)
