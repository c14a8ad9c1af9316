"""The recording with its silences taken out, as a stream, and the way back to its times.

Blocks go in; stretches that hold speech come out, padded, with pauses shorter than two seconds
kept (recognisers need them, and sentences lie in them) and longer silence removed (it costs
time, and Whisper invents words in it). `SpeechBuffer` holds what is not yet recognised and
turns times in it into times of the recording. Only that much sound is in memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from omoai_engine.asr.voice_activity import HOP_SAMPLES, SpeechProbabilities
from omoai_engine.audio import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_KEPT_SILENCE_SECONDS = 2.0
_PADDING_SECONDS = 0.4
_PADDING_FRAMES = math.ceil(_PADDING_SECONDS * SAMPLE_RATE_HZ / HOP_SAMPLES)
_FIRST_FRAME_CUT = _PADDING_FRAMES * HOP_SAMPLES - round(_PADDING_SECONDS * SAMPLE_RATE_HZ)
_KEPT_SILENCE_FRAMES = round(_KEPT_SILENCE_SECONDS * SAMPLE_RATE_HZ / HOP_SAMPLES)
_SHORTEST_PAUSE_SECONDS = 0.2
RELEASE = 0.15
"""Once open, a stretch counts as speech down to the threshold less this much (hysteresis)."""


@dataclass(frozen=True, slots=True, eq=False)
class SpeechSpan:
    """A stretch of the recording from sample `start` on: `samples` (n,) float32 and one speech
    probability a frame of `HOP_SAMPLES`; the first and the last frame may be partial."""

    start: int
    samples: NDArray[np.float32]
    probabilities: NDArray[np.float32]


class SpeechStream:
    """Takes the samples of a recording in order, gives the spans that hold speech.

    `origin` is the sample of the recording that comes first.
    """

    def __init__(self, threshold: float, origin: int = 0) -> None:
        import numpy as np

        self._origin = origin
        self._threshold = threshold
        self._release = max(threshold - RELEASE, 0.01)
        self._detector = SpeechProbabilities()
        self._sound = np.zeros(0, np.float32)
        self._frames = np.zeros(0, np.float32)
        self._first = 0
        self._speaking = self._opening = False
        self._silent_frames = 0

    @property
    def silent_until(self) -> int:
        """Every sample before this one has been given out, or holds no speech."""
        return self._origin + self._first * HOP_SAMPLES

    def push(self, samples: NDArray[np.float32]) -> list[SpeechSpan]:
        """Take (n,) more samples, return the spans that they complete or go on with."""
        import numpy as np

        self._sound = np.concatenate((self._sound, samples))
        probabilities = self._detector.push(samples)
        return self._judge(probabilities)

    def padding(self) -> list[SpeechSpan]:
        """Return the padding behind speech now, without waiting for how long the pause gets."""
        if not self._speaking:
            return []
        held = max(0, len(self._frames) - self._silent_frames)
        return self._give(min(held + _PADDING_FRAMES, len(self._frames)))

    def finish(self) -> list[SpeechSpan]:
        """Return what is left at the end of the recording."""
        spans = self._judge(self._detector.flush())
        # A short silence at the end stays: Whisper likes to hear that speech is over.
        return spans + self._give(len(self._frames)) if self._speaking else spans

    def _judge(self, probabilities: NDArray[np.float32]) -> list[SpeechSpan]:
        import numpy as np

        spans: list[SpeechSpan] = []
        for probability in probabilities:
            self._frames = np.append(self._frames, probability)
            if not self._speaking:
                if probability >= self._threshold:
                    self._speaking, self._opening, self._silent_frames = True, True, 0
                elif len(self._frames) > _PADDING_FRAMES:
                    self._skip(len(self._frames) - _PADDING_FRAMES)
            elif probability >= self._release:
                self._silent_frames = 0
            else:
                self._silent_frames += 1
                if self._silent_frames >= _KEPT_SILENCE_FRAMES:
                    spans += self._give(len(self._frames) - self._silent_frames + _PADDING_FRAMES)
                    self._skip(len(self._frames) - _PADDING_FRAMES)
                    self._speaking = False
        if self._speaking:
            spans += self._give(len(self._frames) - self._silent_frames)
        return spans

    def _give(self, frames: int) -> list[SpeechSpan]:
        if frames <= 0:
            return []
        # The padding before speech is 0.4 s to the sample, so the first frame is cut.
        cut = _FIRST_FRAME_CUT if self._opening and self._first else 0
        self._opening = False
        samples = self._sound[cut : frames * HOP_SAMPLES]
        span = SpeechSpan(self.silent_until + cut, samples, self._frames[:frames])
        self._skip(frames)
        return [span]

    def _skip(self, frames: int) -> None:
        if frames > 0:
            self._sound = self._sound[frames * HOP_SAMPLES :]
            self._frames = self._frames[frames:]
            self._first += frames


class SpeechBuffer:
    """Spans one after another, without the silence between them, until they are recognised."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._release = max(threshold - RELEASE, 0.01)
        self._spans: list[SpeechSpan] = []

    def __len__(self) -> int:
        """Return how many samples wait."""
        return sum(len(span.samples) for span in self._spans)

    @property
    def start(self) -> int:
        """The sample of the recording with which the buffer begins."""
        return self._spans[0].start

    @property
    def end(self) -> int:
        """The sample of the recording with which the buffer ends."""
        return self._end_of(len(self._spans) - 1)

    def append(self, span: SpeechSpan) -> None:
        """Add the next span."""
        self._spans.append(span)

    def samples(self, count: int) -> NDArray[np.float32]:
        """Return the first `count` samples, or all where there are fewer."""
        import numpy as np

        return np.concatenate([span.samples for span in self._spans])[:count]

    def drop(self, count: int) -> None:
        """Forget `count` samples, rounded up to whole frames."""
        while count > 0 and self._spans:
            span = self._spans[0]
            if count >= len(span.samples):
                count -= len(span.samples)
                self._spans.pop(0)
                continue
            frames = -(-count // HOP_SAMPLES)
            rest = span.samples[frames * HOP_SAMPLES :]
            self._spans[:1] = (
                [SpeechSpan(span.start + frames * HOP_SAMPLES, rest, span.probabilities[frames:])]
                if len(rest)
                else []
            )
            return

    def drop_silence(self) -> None:
        """Forget what lies more than the padding before the first speech, or all without any."""
        frames = 0
        for span in self._spans:
            speech = (span.probabilities >= self._release).nonzero()[0]
            if len(speech):
                frames += int(speech[0])
                self.drop(max(0, frames - _PADDING_FRAMES) * HOP_SAMPLES)
                return
            frames += len(span.probabilities)
        self._spans.clear()

    def pause_between(
        self, earliest: float, latest: float, shortest: float = _SHORTEST_PAUSE_SECONDS
    ) -> int | None:
        """Return the sample in the middle of the longest pause that lies between two times
        (seconds in the buffer); `None` where there is none of at least `shortest` seconds."""
        import numpy as np

        low = int(earliest * SAMPLE_RATE_HZ) // HOP_SAMPLES
        high = int(latest * SAMPLE_RATE_HZ) // HOP_SAMPLES
        frames = np.concatenate([span.probabilities for span in self._spans])[low:high]
        best, run = (0, 0), 0
        for index, quiet in enumerate(frames < self._release):
            run = run + 1 if quiet else 0
            best = max(best, (run, index))
        if best[0] < shortest * SAMPLE_RATE_HZ / HOP_SAMPLES:
            return None
        return (low + best[1] + 1 - best[0] // 2) * HOP_SAMPLES

    def speech_between(self, start: float, end: float) -> tuple[float, float, float]:
        """Return where speech begins and ends between two times, and how much there is of it.

        All in seconds, the times in the buffer; 0 seconds of speech when there is none.
        """
        import numpy as np

        hop = HOP_SAMPLES / SAMPLE_RATE_HZ
        frames = np.concatenate([span.probabilities for span in self._spans])
        first = max(0, int(start / hop))
        speech = (frames[first : max(first, int(end / hop))] >= self._threshold).nonzero()[0]
        if not len(speech):
            return start, start, 0.0
        begin, last = first + int(speech[0]), first + int(speech[-1])
        return begin * hop, (last + 1) * hop, len(speech) * hop

    def to_recording(self, start: float, end: float) -> tuple[float, float]:
        """Turn times in the buffer (seconds) into times in the recording.

        Both are placed by the span that holds the middle, so that a word at a seam is not
        stretched over the silence that was cut there.
        """
        middle = (start + end) / 2 * SAMPLE_RATE_HZ
        offset = 0
        for index, span in enumerate(self._spans):
            if middle < offset + len(span.samples) or index + 1 == len(self._spans):
                break
            offset += len(span.samples)
        first = self._run_start(index)
        last = self._run_end(index)
        shift = (span.start - offset) / SAMPLE_RATE_HZ
        low, high = first / SAMPLE_RATE_HZ, last / SAMPLE_RATE_HZ
        start, end = min(max(start + shift, low), high), min(max(end + shift, low), high)
        return start, max(start, end)

    def evidence(self, start: float, end: float) -> tuple[float, float]:
        """Return for a stretch of the recording (seconds) which share of it is speech, and the
        mean probability of those frames."""
        import numpy as np

        first, last = start * SAMPLE_RATE_HZ, end * SAMPLE_RATE_HZ
        found = [
            span.probabilities[
                max(0, int(first - span.start) // HOP_SAMPLES) : max(
                    0, -int(-(last - span.start) // HOP_SAMPLES)
                )
            ]
            for span in self._spans
        ]
        frames = np.concatenate(found) if found else np.zeros(0, np.float32)
        speech = frames[frames >= self._release]
        if not len(speech):
            return 0.0, 0.0
        return len(speech) / len(frames), float(speech.mean())

    def _run_start(self, index: int) -> int:
        # Spans that follow one another without a gap are one stretch of the recording.
        while index and self._end_of(index - 1) == self._spans[index].start:
            index -= 1
        return self._spans[index].start

    def _run_end(self, index: int) -> int:
        while index + 1 < len(self._spans) and self._end_of(index) == self._spans[index + 1].start:
            index += 1
        return self._end_of(index)

    def _end_of(self, index: int) -> int:
        return self._spans[index].start + len(self._spans[index].samples)
