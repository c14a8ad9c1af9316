"""Whisper through faster-whisper (CTranslate2): the embedded default, any language.

The recording's speech, without its long silences, waits in a buffer; whenever 30 s are there
Whisper decodes them and says how far it came. Sampling is seeded for every window, so that a
recording gives the same words each time. What Whisper invents is cut by `hallucination.py` and
reported, never shown as speech.

Paper: Radford et al., Robust Speech Recognition via Large-Scale Weak Supervision (2022).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from omoai_engine.asr.hallucination import Hypothesis, judge
from omoai_engine.asr.recognizer import AudioProgress, RecognizerInfo, Report, ignore
from omoai_engine.asr.segmenting import segment_words
from omoai_engine.asr.speech_stream import SpeechBuffer, SpeechStream
from omoai_engine.asr.threads import thread_count
from omoai_engine.asr.whisper_window import (
    WINDOW_SECONDS,
    DecodedWindow,
    Decoding,
    WindowDecoder,
    WindowSegment,
)
from omoai_engine.audio import SAMPLE_RATE_HZ, AudioBlock
from omoai_engine.config import ASRSettings
from omoai_engine.control import JobControl
from omoai_engine.errors import ModelCorruptError, ModelError
from omoai_engine.events import LanguageDetected, ProvisionalText, SpeechDiscarded
from omoai_engine.privacy import forbid_telemetry
from omoai_engine.results import ASRSegment, Word
from omoai_engine.text import clean_text, shown_path

if TYPE_CHECKING:
    import numpy as np
    from faster_whisper import WhisperModel
    from numpy.typing import NDArray

_WINDOW = int(WINDOW_SECONDS * SAMPLE_RATE_HZ)
_EARLY_SECONDS = (8.0, 16.0)
"""The first text comes from a shorter window, cut at a pause between these times; a still shorter
one costs words."""
_LEAST_USED = SAMPLE_RATE_HZ // 2
"""A window that uses less than this would be decoded for ever."""
_TIMING_SLACK = 0.5
"""Whisper's word times are off by up to so many seconds."""
_PASSED_OVER_SECONDS = 0.7
"""So much detected speech without a word is a sentence left out, not an error of the times."""
_PASSED_OVER_MARGIN = 0.3
_SURE_SECONDS = 5.0
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
        """Load the model into memory without touching the network. Raises `ModelError`."""
        if self._model is not None:
            return
        forbid_telemetry()
        from faster_whisper import WhisperModel

        device = self._settings.device
        try:
            self._model = WhisperModel(
                str(self._folder),
                device=device,
                compute_type=self._compute_type(),
                cpu_threads=thread_count(self._settings.threads),
                local_files_only=True,
            )
        except (ValueError, RuntimeError, OSError, KeyError) as error:
            raise _load_error(error, self._folder) from None

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
        from omoai_engine.asr.whisper_live import LiveWhisper

        self.load()
        live: LiveWhisper | None = None
        shown: ProvisionalText | None = None
        for block in blocks:
            control.checkpoint()
            if live is None:
                origin = round(block.start * SAMPLE_RATE_HZ)
                live = LiveWhisper(WhisperJob(self, self._settings, report, origin, live=True))
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
                f"Whisper does not know the language {language!r}",
                hint="Give an ISO 639-1 code such as vi or en, or auto",
            ) from None

    def detect(self, buffer: SpeechBuffer) -> LanguageDetected:
        """Detect the language of the sound in the buffer, preferred ones first."""
        assert self._model is not None  # noqa: S101 - loaded before
        top, probability, ranked = self._model.detect_language(buffer.samples(_WINDOW))
        probabilities = dict(ranked)
        preferred = self._settings.preferred_languages
        if preferred and top not in preferred and probability < _FOREIGN_CERTAINTY:
            top = max(preferred, key=lambda code: probabilities.get(code, 0.0))
        return LanguageDetected(top, float(probabilities.get(top, probability)))

    def close(self) -> None:
        """Free the model."""
        self._model = None


class WhisperJob:
    """One recording on its way through Whisper; `live`: it is being made."""

    def __init__(
        self,
        recognizer: WhisperRecognizer,
        settings: ASRSettings,
        report: Report,
        origin: int,
        *,
        live: bool = False,
    ) -> None:
        self._live = live
        self._heard = origin
        self._recognizer = recognizer
        self._settings = settings
        self._report = report
        self._stream = SpeechStream(settings.vad_threshold, origin)
        self._buffer = SpeechBuffer(settings.vad_threshold)
        self._language = None if settings.language == "auto" else settings.language
        self._decoders: dict[tuple[str, Decoding | None], WindowDecoder] = {}
        if self._language is not None:
            self._decoder_of(None)
        self._early = True
        self._last_end = 0.0

    @property
    def done(self) -> float:
        """Seconds of the recording that need no more work."""
        waiting = self._buffer.start if len(self._buffer) else self._stream.silent_until
        return waiting / SAMPLE_RATE_HZ

    @property
    def waiting(self) -> int:
        """Samples of speech that are not decoded yet."""
        return len(self._buffer)

    @property
    def silence_seconds(self) -> float:
        """How long nobody has spoken since the speech that waits."""
        return (self._heard - self._buffer.end) / SAMPLE_RATE_HZ

    def pause_between(self, early: int, late: int) -> int | None:
        """Return the sample of the waiting speech in the longest pause between two others."""
        return self._buffer.pause_between(early / SAMPLE_RATE_HZ, late / SAMPLE_RATE_HZ)

    def take(self, block: AudioBlock) -> None:
        """Take the next sound; what is speech in it waits."""
        self._heard += len(block.samples)
        for span in self._stream.push(block.samples):
            self._buffer.append(span)
        if self._live and len(self._buffer):
            # A span may be nothing but the silence after speech that is decoded already.
            self._buffer.drop_silence()

    def end_utterance(self) -> None:
        """Let a little of the silence after the speech wait with it: last words need it."""
        for span in self._stream.padding():
            self._buffer.append(span)

    def end(self) -> None:
        """Let what is left at the end of the recording wait, too."""
        for span in self._stream.finish():
            self._buffer.append(span)
        if self._live and len(self._buffer):
            self._buffer.drop_silence()

    def push(self, block: AudioBlock) -> Iterator[ASRSegment]:
        """Take the next sound; yield the segments of the windows that it fills."""
        self.take(block)
        early, late = (int(seconds * SAMPLE_RATE_HZ) for seconds in _EARLY_SECONDS)
        if self._early and len(self._buffer) >= late:
            self._early = False
            cut = self.pause_between(early, late)
            if cut is not None:
                yield from self.decode(cut)
        while len(self._buffer) >= _WINDOW:
            yield from self.decode(_WINDOW)

    def finish(self) -> Iterator[ASRSegment]:
        """Yield what is left at the end of the recording."""
        self.end()
        while len(self._buffer):
            yield from self.decode(_WINDOW)

    def guess(self, decoding: Decoding) -> list[tuple[Word, str]]:
        """Return what the waiting speech may say, its unfinished end too; nothing is used up."""
        window = self._decoder_of(decoding).decode(
            self._buffer.samples(_WINDOW), unfinished_too=True
        )
        last_end = self._last_end
        words = list(self._words(window, ignore))
        self._last_end = last_end
        return words

    def _decoder_of(self, decoding: Decoding | None) -> WindowDecoder:
        language = self._language
        if language is None:
            detected = self._recognizer.detect(self._buffer)
            language = detected.language
            # A live recording begins with less than the detection needs to be sure.
            if not self._live or len(self._buffer) >= _SURE_SECONDS * SAMPLE_RATE_HZ:
                self._report(detected)
                self._language = language
        key = (language, decoding)
        if key not in self._decoders:
            self._decoders[key] = self._recognizer.decoder(language, decoding)
        return self._decoders[key]

    def decode(self, count: int) -> Iterator[ASRSegment]:
        """Decode the first `count` samples that wait and yield their segments."""
        samples = self._buffer.samples(count)
        decoder = self._decoder_of(None)
        window = decoder.decode(samples)
        if window.segments:
            window = self._with_passed_over_speech(window, samples, decoder)
        else:
            start, end = self._buffer.to_recording(0.0, len(samples) / SAMPLE_RATE_HZ)
            self._report(SpeechDiscarded(start, end, "", "the recogniser heard no words there"))
        words = list(self._words(window, self._report))
        self._buffer.drop(max(window.used_samples, _LEAST_USED))
        if len(self._buffer):
            self._buffer.drop_silence()
        runs = segment_words(
            [word for word, _ in words],
            min_silence_seconds=self._settings.min_silence_seconds,
            max_segment_seconds=self._settings.max_segment_seconds,
        )
        for run in runs:
            yield _segment(words[run.start : run.stop])

    def _with_passed_over_speech(
        self, window: DecodedWindow, samples: NDArray[np.float32], decoder: WindowDecoder
    ) -> DecodedWindow:
        """Decode again, alone, what the detector heard and Whisper left out.

        Whisper passes over whole sentences between two of its timestamps. What lies behind its
        last word is not decoded here: it stays in the buffer and comes with what follows it.
        """
        found: list[WindowSegment] = []
        previous = 0.0
        for segment in window.segments:
            start, end = segment.words[0].start, segment.words[-1].end
            first, last, speech = self._buffer.speech_between(
                previous + _PASSED_OVER_MARGIN, start - _PASSED_OVER_MARGIN
            )
            if speech >= _PASSED_OVER_SECONDS:
                first = max(previous, first - _PASSED_OVER_MARGIN)
                last = min(start, last + _PASSED_OVER_MARGIN)
                part = samples[int(first * SAMPLE_RATE_HZ) : int(last * SAMPLE_RATE_HZ)]
                found += [again.shifted(first) for again in decoder.decode(part).segments]
            found.append(segment)
            previous = max(previous, end)
        used = window.used_samples
        _, _, behind = self._buffer.speech_between(
            previous + _PASSED_OVER_MARGIN, used / SAMPLE_RATE_HZ
        )
        if behind >= _PASSED_OVER_SECONDS:
            used = min(used, round(previous * SAMPLE_RATE_HZ))
        return DecodedWindow(tuple(found), used)

    def _words(self, window: DecodedWindow, report: Report) -> Iterator[tuple[Word, str]]:
        for segment in window.segments:
            words: list[tuple[Word, str]] = []
            for word in segment.words:
                raw = clean_text(word.raw)
                if not raw.strip():
                    continue
                start, end = self._buffer.to_recording(word.start, word.end)
                # The alignment may step back at the seam of two spans.
                start = max(start, self._last_end)
                self._last_end = end = max(end, start)
                confidence = min(1.0, max(0.0, word.probability))
                words.append((Word(start, end, raw.strip(), confidence), raw))
            if not words:
                continue
            overlap, strength = self._buffer.evidence(
                words[0][0].start - _TIMING_SLACK, words[-1][0].end + _TIMING_SLACK
            )
            kept, cuts = judge(Hypothesis(tuple(words), segment, overlap, strength))
            for cut in cuts:
                report(SpeechDiscarded(cut.start, cut.end, cut.text, cut.reason))
            yield from kept


def _segment(words: list[tuple[Word, str]]) -> ASRSegment:
    # The raw pieces know where the language writes a blank and where it writes none.
    text = "".join(raw for _, raw in words).strip()
    logs = [math.log(max(word.confidence or 0.0, 1e-6)) for word, _ in words]
    return ASRSegment(
        start=words[0][0].start,
        end=words[-1][0].end,
        text=text,
        confidence=math.exp(sum(logs) / len(logs)),
        words=tuple(word for word, _ in words),
    )


def _has_cuda() -> bool:
    import ctranslate2

    return bool(ctranslate2.get_cuda_device_count())


def _load_error(error: Exception, folder: Path) -> ModelError:
    message = str(error)
    if "cuda" in message.lower():
        return ModelError(
            f"the GPU cannot be used: {message}", hint="Set asr.device to cpu, or mend the driver"
        )
    if "compute type" in message:
        return ModelError(message, hint="Set asr.precision to auto")
    return ModelCorruptError(
        f"the Whisper model cannot be loaded: {message}",
        where=shown_path(folder),
        hint="Run `omoai models verify`, or remove the folder and get the model again",
    )
