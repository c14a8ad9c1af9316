"""Whisper on a recording that is being made: provisional words while one speaks, firm ones after.

In: 16 kHz blocks as they come. Out: segments, firm a little after each pause; and, while one
speaks, what two successive quick passes agree on, then the newest guess (local agreement: Liu et
al. 2020, Macháček et al. 2023). Silence costs no pass. Passes are spaced by what they cost, and
left out while sound waits, so that Whisper keeps up on a slow machine.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from omoai_engine.asr.whisper_window import Decoding
from omoai_engine.audio import SAMPLE_RATE_HZ, AudioBlock
from omoai_engine.events import ProvisionalText
from omoai_engine.results import ASRSegment, Word

if TYPE_CHECKING:
    from omoai_engine.asr.whisper_job import WhisperJob

QUICK = Decoding("int8", 1, 1, 1.0, (0.0,), padded=False, bounded=True)
"""A provisional pass: no search, no second try, and no 30 s of encoder for 3 s of sound."""
FIRM = Decoding("int8", 5, 3, 1.0, (0.0, 0.4), bounded=True)
"""A firm pass: as for files, but it may not take six tries while more is said."""
_ENDING_SECONDS = ((3.0, 1.2), (8.0, 0.8), (float("inf"), 0.5))
"""Silence that ends an utterance up to so long: the first words of a sentence need the rest, and
after a long one a breath will do."""
_PAUSES_SECONDS = ((5.0, 0.4), (float("inf"), 0.2))
"""A silence inside an utterance up to so long at which it may be cut: a long one at a breath."""
_LEAST_CUT_SECONDS = 1.5
_WAIT_SECONDS = 2.5
"""Speech goes on so long after a pause before what lies before it is made firm."""
_LONG_SECONDS = (8.0, 14.0)
"""An utterance without a pause is cut in its longest breath between these times."""
_LEAST_NEW_SECONDS = 0.8
_LAST_WORDS_SECONDS = 0.25
"""So much new speech before so long a silence is looked at once more: it may be the last."""
_SHARE = 1.6
"""A pass waits for so many times its own cost in new sound, but for no more than this: """
_MOST_NEW_SECONDS = 4.0
_BEHIND_SECONDS = 0.1
"""So much sound came while a pass was at work: a guess that leaves it out would be late already."""


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
        self._guessed: list[tuple[Word, str]] = []
        self._passed = 0
        self._cost = 0.0
        self._behind = 0.0
        self._shown: ProvisionalText | None = None

    @property
    def shown(self) -> ProvisionalText | None:
        """The provisional text that stands now."""
        return self._shown

    def push(self, block: AudioBlock) -> Iterator[ASRSegment]:
        """Take the next sound; yield what is firm, and bring `shown` up to date."""
        began, seconds = time.monotonic(), block.end - block.start
        self._behind = max(0.0, self._behind - seconds)
        yield from self._take(block, behind=self._behind > _BEHIND_SECONDS)
        self._behind += max(0.0, time.monotonic() - began - seconds)

    def finish(self) -> Iterator[ASRSegment]:
        """Yield what is left at the end of the recording."""
        self._job.end()
        if self._job.waiting:
            yield from self._firm(self._job.waiting)

    def _take(self, block: AudioBlock, *, behind: bool) -> Iterator[ASRSegment]:
        job = self._job
        job.take(block)
        if not job.waiting:
            return
        if job.silence_seconds >= _of_length(_ENDING_SECONDS, job.waiting):
            job.end_utterance()
            yield from self._firm(job.waiting)
            return
        cut = self._cut()
        if cut:
            yield from self._firm(cut, once=True)
            return
        new, last = job.waiting - self._passed, _samples(_LAST_WORDS_SECONDS)
        fallen_silent = new >= last and job.silence_seconds >= _LAST_WORDS_SECONDS
        due = not behind and (new >= self._step() or fallen_silent)
        if due or new >= _samples(_MOST_NEW_SECONDS):
            self._guess()

    def _cut(self) -> int | None:
        """Return how much of the waiting speech to make firm while it goes on."""
        waiting = self._job.waiting
        least = _samples(_LEAST_CUT_SECONDS)
        before = waiting - _samples(_WAIT_SECONDS)
        shortest = _of_length(_PAUSES_SECONDS, waiting)
        if before > least and self._job.pause_between(least, before, shortest):
            return self._job.pause_between(least, waiting, shortest)
        early, late = map(_samples, _LONG_SECONDS)
        if waiting < late:
            return None
        return self._job.pause_between(early, late) or late

    def _step(self) -> int:
        return _samples(min(max(_LEAST_NEW_SECONDS, self._cost * _SHARE), _MOST_NEW_SECONDS))

    def _firm(self, count: int, *, once: bool = False) -> Iterator[ASRSegment]:
        self._agreement, self._passed = Agreement(), 0
        end = 0.0
        while count > 0 and self._job.waiting:
            before = self._job.waiting
            for segment in self._job.decode(count):
                end = segment.end
                # What was guessed behind it stands until it is guessed anew.
                self._show([(w, raw) for w, raw in self._guessed if once and w.start >= end])
                yield segment
            count = 0 if once else count - (before - self._job.waiting)
        if not (once and end):
            self._show([])

    def _guess(self) -> None:
        began = time.monotonic()
        words = self._job.guess(QUICK)
        self._cost = time.monotonic() - began
        self._passed = self._job.waiting
        texts = self._agreement.insert([raw for _, raw in words])
        self._show(words, texts)

    def _show(self, words: list[tuple[Word, str]], texts: Sequence[str] = ()) -> None:
        self._guessed, self._shown = words, None
        if words:
            text = "".join(texts or [raw for _, raw in words]).strip()
            self._shown = ProvisionalText(words[0][0].start, words[-1][0].end, text)


def _samples(seconds: float) -> int:
    return int(seconds * SAMPLE_RATE_HZ)


def _of_length(rule: Sequence[tuple[float, float]], waiting: int) -> float:
    """Return what a rule (pairs of length and value, in seconds) says of so many samples."""
    return next(value for longest, value in rule if waiting <= longest * SAMPLE_RATE_HZ)
