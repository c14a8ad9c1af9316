"""Whisper through faster-whisper (CTranslate2): the embedded default, any language.

The recording's speech, without its long silences, waits in a buffer; whenever 30 s are there
Whisper decodes them and says how far it came. Sampling is seeded for every window, so that a
recording gives the same words each time. What Whisper invents is cut by `hallucination.py` and
reported, never shown as speech.

Paper: Radford et al., Robust Speech Recognition via Large-Scale Weak Supervision (2022).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from omoai_engine.asr.recognizer import AudioProgress, RecognizerInfo, Report, ignore
from omoai_engine.asr.speech_stream import SpeechBuffer
from omoai_engine.asr.threads import thread_count
from omoai_engine.asr.whisper_check import broken, check_files, check_parts
from omoai_engine.asr.whisper_job import WINDOW_SAMPLES, WhisperJob
from omoai_engine.asr.whisper_window import (
    Decoding,
    WindowDecoder,
    is_multilingual,
)
from omoai_engine.audio import SAMPLE_RATE_HZ, AudioBlock
from omoai_engine.config import ASRSettings
from omoai_engine.control import JobControl
from omoai_engine.errors import ModelError, OmoAIError
from omoai_engine.events import LanguageDetected, ProvisionalText
from omoai_engine.privacy import forbid_telemetry
from omoai_engine.results import ASRSegment
from omoai_engine.shortage import shortage_of
from omoai_engine.text import shown_path

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

_FOREIGN_CERTAINTY = 0.85
"""A language nobody named needs this probability: on short noisy clips the base model takes
Vietnamese for Thai, Chinese or Portuguese at up to 0.83."""

DECODING = {
    "fast": Decoding("int8", 1, 1, 1.0, (0.0, 0.4, 0.8)),
    "balanced": Decoding("int8", 5, 5, 1.0, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
    "best": Decoding("float32", 10, 5, 2.0, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
}
"""The quality switch."""


class WhisperRecognizer:
    """The recogniser contract on a CTranslate2 Whisper folder."""

    def __init__(self, folder: Path, name: str, settings: ASRSettings) -> None:
        self._folder = folder
        self._settings = settings
        self._model: WhisperModel | None = None
        self._info = RecognizerInfo(
            name="whisper", model=name, languages=(), writes_punctuation=True, live=True
        )

    @property
    def info(self) -> RecognizerInfo:
        """What it can do; any language, its own punctuation."""
        return self._info

    def load(self) -> None:
        """Load the model into memory without touching the network.

        Raises `ModelError`, or `ShortageError` where the machine does not give enough.
        """
        if self._model is not None:
            return
        forbid_telemetry()
        from faster_whisper import WhisperModel

        check_files(self._folder)
        device = self._settings.device
        try:
            model = WhisperModel(
                str(self._folder),
                device=device,
                compute_type=self._compute_type(),
                cpu_threads=thread_count(self._settings.threads),
                local_files_only=True,
            )
        except MemoryError:
            raise
        except (
            Exception
        ) as error:  # the libraries behind raise any kind for a file they cannot read
            raise _load_error(error, self._folder) from None
        check_parts(model, self._folder)
        if not is_multilingual(model) and self._settings.language not in ("auto", "en"):
            # It would write English words for any sound, and call them that language.
            raise ModelError(
                f"this Whisper model knows English only, not {self._settings.language!r}",
                where=shown_path(self._folder),
                hint="Choose another model, or set the language to en",
            )
        self._model = model

    def _compute_type(self) -> str:
        precision = self._settings.precision
        if precision != "auto":
            return precision
        on_cpu = self._settings.device == "cpu" or not _has_cuda()
        return DECODING[self._settings.quality].precision if on_cpu else "float16"

    def recognize(
        self,
        blocks: Iterable[AudioBlock],
        *,
        control: JobControl,
        report: Report = ignore,
    ) -> Iterator[ASRSegment]:
        """Yield the segments of each window when it is decoded.

        A window takes up to a few seconds, in which `control` is not looked at: run it behind
        `isolated.py`, where cancelling ends the process, if that is too long.
        """
        self.load()
        job: WhisperJob | None = None
        reported = 0.0
        for block in blocks:
            control.checkpoint()
            if job is None:
                job = WhisperJob(self, self._settings, report, round(block.start * SAMPLE_RATE_HZ))
            for segment in job.push(block):
                yield segment
                control.checkpoint()
            if job.done - reported >= 1.0:
                reported = job.done
                report(AudioProgress(reported))
        if job is None:
            return
        for segment in job.finish():
            yield segment
            control.checkpoint()
        report(AudioProgress(job.done))

    def recognize_live(
        self,
        blocks: Iterable[AudioBlock],
        *,
        control: JobControl,
        report: Report = ignore,
    ) -> Iterator[ASRSegment]:
        """Follow a recording that is being made: see `whisper_live`.

        A pass takes up to a few seconds, in which `control` is not looked at.
        """
        from omoai_engine.asr.whisper_live import FIRM, LiveWhisper

        self.load()
        live: LiveWhisper | None = None
        shown: ProvisionalText | None = None
        for block in blocks:
            control.checkpoint()
            if live is None:
                origin = round(block.start * SAMPLE_RATE_HZ)
                job = WhisperJob(self, self._settings, report, origin, live=True, decoding=FIRM)
                live = LiveWhisper(job)
            yield from live.push(block)
            if live.shown is not None and live.shown != shown:
                report(live.shown)
            elif shown is not None and live.shown is None:
                report(ProvisionalText(shown.start, shown.end, ""))
            shown = live.shown
            report(AudioProgress(block.end))
        if live is None:
            return
        for segment in live.finish():
            yield segment
            control.checkpoint()
        if shown is not None:
            report(ProvisionalText(shown.start, shown.end, ""))

    def decoder(self, language: str, decoding: Decoding | None = None) -> WindowDecoder:
        """Return a decoder for one language, as hard as the settings or `decoding` say.

        Raises `ModelError` for one it does not know."""
        assert self._model is not None  # noqa: S101 - loaded before
        chosen = decoding or DECODING[self._settings.quality]
        if self._settings.beam_size and decoding is None:
            chosen = replace(chosen, beam_size=self._settings.beam_size)
        try:
            return WindowDecoder(self._model, chosen, language)
        except ValueError:
            raise ModelError(
                f"this Whisper model does not know the language {language!r}",
                hint="Give an ISO 639-1 code such as vi or en, or auto",
            ) from None

    def detect(self, buffer: SpeechBuffer) -> LanguageDetected:
        """Detect the language of the sound in the buffer, preferred ones first."""
        assert self._model is not None  # noqa: S101 - loaded before
        if not is_multilingual(self._model):
            return LanguageDetected("en", 1.0)
        if not self._model.model.is_multilingual:
            raise ModelError(
                "the library behind Whisper detects no language with this model",
                where=shown_path(self._folder),
                hint="Set the language, such as vi or en",
            )
        top, probability, ranked = self._model.detect_language(buffer.samples(WINDOW_SAMPLES))
        probabilities = dict(ranked)
        preferred = self._settings.preferred_languages
        if preferred and top not in preferred and probability < _FOREIGN_CERTAINTY:
            top = max(preferred, key=lambda code: probabilities.get(code, 0.0))
        return LanguageDetected(top, float(probabilities.get(top, probability)))

    def close(self) -> None:
        """Free the model."""
        self._model = None


def _has_cuda() -> bool:
    import ctranslate2

    return bool(ctranslate2.get_cuda_device_count())


def _load_error(error: Exception, folder: Path) -> OmoAIError:
    message = str(error)
    if "cuda" in message.lower():
        return ModelError(
            f"the GPU cannot be used: {message}", hint="Set asr.device to cpu, or mend the driver"
        )
    if (shortage := shortage_of(error)) is not None:
        return shortage
    if "compute type" in message:
        return ModelError(message, hint="Set asr.precision to auto")
    return broken(message, folder)
