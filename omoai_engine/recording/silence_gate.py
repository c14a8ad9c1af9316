"""A recording as its stretches of speech, so that silence costs no recognition.

In: 16 kHz blocks as they come. Out: one iterator of blocks for each stretch, with a second before
it and the pause after it. What the detector takes for silence is only looked at, for 5 ms of
processor time a second; the bar is low, so that soft speech passes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from omoai_engine.asr.voice_activity import SpeechProbabilities
from omoai_engine.audio import AudioBlock

_BEFORE_SECONDS = 1.0
_AFTER_SECONDS = 3.0
"""Longer than the pause between two sentences: the recogniser keeps what it knows over those."""
_SHARE_OF_THRESHOLD = 0.5


class SilenceGate:
    """Cuts the blocks of a recording; `on_silence` is told how far nothing was said (seconds)."""

    def __init__(
        self, blocks: Iterable[AudioBlock], threshold: float, on_silence: Callable[[float], None]
    ) -> None:
        self._blocks = iter(blocks)
        self._least = threshold * _SHARE_OF_THRESHOLD
        self._on_silence = on_silence
        self._detector = SpeechProbabilities()
        self._held: deque[AudioBlock] = deque()

    def stretches(self) -> Iterator[Iterator[AudioBlock]]:
        """Yield each stretch of speech; take all of one before the next."""
        for block in self._blocks:
            self._held.append(block)
            while block.end - self._held[0].end >= _BEFORE_SECONDS:
                self._held.popleft()
            if self._speaks(block):
                yield self._stretch()
            else:
                self._on_silence(block.end)

    def _stretch(self) -> Iterator[AudioBlock]:
        spoken = self._held[-1].end
        while self._held:
            yield self._held.popleft()
        for block in self._blocks:
            yield block
            if self._speaks(block):
                spoken = block.end
            elif block.end - spoken >= _AFTER_SECONDS:
                return

    def _speaks(self, block: AudioBlock) -> bool:
        return bool((self._detector.push(block.samples) >= self._least).any())
