"""One recording on its way through Whisper: its speech waits here and is decoded window by window.

In: 16 kHz blocks. Out: segments with word times, and what was cut as no speech, as events. What
the detector heard and Whisper passed over is decoded again alone. Files and live recordings take
the same way; `live` ones end their windows at pauses (`whisper_live.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from omoai_engine.asr.hallucination import Hypothesis, judge
from omoai_engine.asr.recognizer import Report, ignore
from omoai_engine.asr.segmenting import segment_words
from omoai_engine.asr.speech_stream import SpeechBuffer, SpeechStream
from omoai_engine.asr.whisper_window import (
    WINDOW_SECONDS,
    DecodedWindow,
    Decoding,
    WindowDecoder,
    WindowSegment,
)
from omoai_engine.audio import SAMPLE_RATE_HZ, AudioBlock
from omoai_engine.config import ASRSettings
from omoai_engine.events import LanguageDetected, SpeechDiscarded
from omoai_engine.results import ASRSegment, Word
from omoai_engine.text import clean_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from omoai_engine.asr.whisper import WhisperRecognizer

WINDOW_SAMPLES = int(WINDOW_SECONDS * SAMPLE_RATE_HZ)
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
"""A language that was detected on so much speech stands for the whole recording."""


class WhisperJob:
    """One recording on its way through Whisper; `live`: it is being made. `decoding`: how hard
    Whisper tries, where the settings shall not say it."""

    def __init__(
        self,
        recognizer: WhisperRecognizer,
        settings: ASRSettings,
        report: Report,
        origin: int,
        *,
        live: bool = False,
        decoding: Decoding | None = None,
    ) -> None:
        self._live, self._decoding = live, decoding
        self._heard = origin
        self._recognizer = recognizer
        self._settings = settings
        self._report = report
        self._stream = SpeechStream(settings.vad_threshold, origin)
        self._buffer = SpeechBuffer(settings.vad_threshold)
        self._language = None if settings.language == "auto" else settings.language
        self._decoders: dict[tuple[str, Decoding | None], WindowDecoder] = {}
        if self._language is not None:
            self._decoder_of(self._decoding)
        self._detected: tuple[int, LanguageDetected] | None = None
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

    def pause_between(self, early: int, late: int, shortest: float = 0.2) -> int | None:
        """Return the sample of the waiting speech in the longest pause between two others;
        `None` where there is none of `shortest` seconds."""
        return self._buffer.pause_between(early / SAMPLE_RATE_HZ, late / SAMPLE_RATE_HZ, shortest)

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
        while len(self._buffer) >= WINDOW_SAMPLES:
            yield from self.decode(WINDOW_SAMPLES)

    def finish(self) -> Iterator[ASRSegment]:
        """Yield what is left at the end of the recording."""
        self.end()
        while len(self._buffer):
            yield from self.decode(WINDOW_SAMPLES)

    def guess(self, decoding: Decoding) -> list[tuple[Word, str]]:
        """Return what the waiting speech may say, its unfinished end too; nothing is used up."""
        window = self._decoder_of(decoding).decode(
            self._buffer.samples(WINDOW_SAMPLES), unfinished_too=True
        )
        last_end = self._last_end
        words = list(self._words(window, ignore))
        self._last_end = last_end
        return words

    def _decoder_of(self, decoding: Decoding | None) -> WindowDecoder:
        language = self._language
        if language is None:
            detected = self._detect()
            language = detected.language
            # A live recording begins with less than the detection needs to be sure.
            if not self._live or len(self._buffer) >= _SURE_SECONDS * SAMPLE_RATE_HZ:
                self._report(detected)
                self._language = language
        key = (language, decoding)
        if key not in self._decoders:
            self._decoders[key] = self._recognizer.decoder(language, decoding)
        return self._decoders[key]

    def _detect(self) -> LanguageDetected:
        """Detect the language; a pass over a growing utterance asks only when it has doubled."""
        heard, sure = len(self._buffer), round(_SURE_SECONDS * SAMPLE_RATE_HZ)
        before = self._detected[0] if self._detected else 0
        if self._detected is None or not before <= heard < 2 * before or before < sure <= heard:
            self._detected = heard, self._recognizer.detect(self._buffer)
        return self._detected[1]

    def decode(self, count: int) -> Iterator[ASRSegment]:
        """Decode the first `count` samples that wait and yield their segments."""
        samples = self._buffer.samples(count)
        decoder = self._decoder_of(self._decoding)
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
