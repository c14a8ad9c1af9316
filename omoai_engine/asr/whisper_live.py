"""Whisper on a recording that is being made: provisional words while one speaks, firm ones after.

In: 16 kHz blocks as they come. Out: segments, firm at a pause or when an utterance grows long,
by the same decoding as for files; and, while one speaks, what two successive quick passes agree
on, then the newest guess (local agreement: Liu et al. 2020, Macháček et al. 2023). Silence costs
no pass. Passes are spaced by what they cost, so that Whisper keeps up on a slow machine.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from omoai_engine.asr.whisper_window import Decoding
from omoai_engine.audio import SAMPLE_RATE_HZ, AudioBlock
from omoai_engine.events import ProvisionalText
from omoai_engine.results import ASRSegment

if TYPE_CHECKING:
    from omoai_engine.asr.whisper_job import WhisperJob

QUICK = Decoding("int8", 1, 1, 1.0, (0.0,), padded=False)
"""A provisional pass: no search, no second try, and no 30 s of encoder for 3 s of sound."""
_PAUSE_SECONDS = 0.9
"""Silence that ends an utterance: shorter ones lie inside sentences."""
_LONG_SECONDS = (8.0, 16.0)
"""An utterance without a pause is cut in its longest breath between these times."""
_LEAST_NEW_SECONDS = 0.8
_SHARE = 1.6
"""A pass waits for so many times its own cost in new sound, but for no more than this: """
_MOST_NEW_SECONDS = 4.0


class Agreement:
    """What successive guesses at the same speech have in common from its beginning."""

    def __init__(self) -> None:
        self._last: tuple[str, ...] = ()
        self._agreed: tuple[str, ...] = ()

    def insert(self, words: Sequence[str]) -> tuple[str, ...]:
        """Take a new guess; return the words to show: those agreed on stay as they are."""
        new = tuple(words)
        common = 0
        for old, word in zip(self._last, new, strict=False):
            if _bare(old) != _bare(word):
                break
            common += 1
        self._last = new
        if common > len(self._agreed):
            self._agreed += new[len(self._agreed) : common]
        return self._agreed + new[len(self._agreed) :]


def _bare(word: str) -> str:
    return word.strip(".,!?…:;\"'()").casefold()


class LiveWhisper:
    """One live recording on its way through Whisper; `job` holds its sound."""

    def __init__(self, job: WhisperJob) -> None:
        self._job = job
        self._agreement = Agreement()
        self._passed = 0
        self._cost = 0.0
        self._shown: ProvisionalText | None = None

    @property
    def shown(self) -> ProvisionalText | None:
        """The provisional text that stands now."""
        return self._shown

    def push(self, block: AudioBlock) -> Iterator[ASRSegment]:
        """Take the next sound; yield what is firm, and bring `shown` up to date."""
        job = self._job
        job.take(block)
        if not job.waiting:
            return
        if job.silence_seconds >= _PAUSE_SECONDS:
            job.end_utterance()
            yield from self._firm(job.waiting)
            return
        early, late = (int(seconds * SAMPLE_RATE_HZ) for seconds in _LONG_SECONDS)
        if job.waiting >= late:
            yield from self._firm(job.pause_between(early, late) or late, once=True)
        elif job.waiting - self._passed >= self._step():
            self._guess()

    def finish(self) -> Iterator[ASRSegment]:
        """Yield what is left at the end of the recording."""
        self._job.end()
        if self._job.waiting:
            yield from self._firm(self._job.waiting)

    def _step(self) -> int:
        seconds = min(max(_LEAST_NEW_SECONDS, self._cost * _SHARE), _MOST_NEW_SECONDS)
        return int(seconds * SAMPLE_RATE_HZ)

    def _firm(self, count: int, *, once: bool = False) -> Iterator[ASRSegment]:
        self._agreement, self._passed, self._shown = Agreement(), 0, None
        while count > 0 and self._job.waiting:
            before = self._job.waiting
            yield from self._job.decode(count)
            count = 0 if once else count - (before - self._job.waiting)

    def _guess(self) -> None:
        began = time.monotonic()
        words = self._job.guess(QUICK)
        self._cost = time.monotonic() - began
        self._passed = self._job.waiting
        texts = self._agreement.insert([raw for _, raw in words])
        if not words:
            self._shown = None
            return
        text = "".join(texts).strip()
        self._shown = ProvisionalText(words[0][0].start, words[-1][0].end, text)
