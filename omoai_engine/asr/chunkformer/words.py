"""Tokens with frames to words with seconds, and words to segments.

In: `TokenRun`s in time order. Out: `Word`s, then `ASRSegment`s, as soon as they are firm. A
word is firm when the next one begins or a pause has passed; a segment when a pause has passed
or its longest length is reached. What comes out does not depend on how the frames came in.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from omoai_engine.asr.chunkformer.ctc import TokenRun
from omoai_engine.asr.chunkformer.model import FRAME_SECONDS
from omoai_engine.asr.segmenting import segment_words
from omoai_engine.results import ASRSegment, Word
from omoai_engine.text import one_line

WORD_MARK = "\u2581"
_SPECIAL = re.compile(r"<[^<>\s]+>")  # <blank>, <unk>, <sos/eos>: never text


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word with the runs that it is made of, before times and text are final."""

    runs: tuple[TokenRun, ...]

    @property
    def first(self) -> int:
        """Its first frame."""
        return self.runs[0].first

    @property
    def last(self) -> int:
        """Its last frame, included."""
        return self.runs[-1].last


@dataclass(slots=True)
class WordBuilder:
    """Joins tokens to words. A piece without a word mark after a pause begins a word too."""

    vocabulary: Sequence[str]
    pause_frames: int
    _open: list[TokenRun] = field(default_factory=list)
    _starts: bytearray = field(init=False)
    _silent: bytearray = field(init=False)

    def __post_init__(self) -> None:
        marked = any(token.startswith(WORD_MARK) for token in self.vocabulary)
        self._starts = bytearray(
            token.startswith(WORD_MARK) or not marked for token in self.vocabulary
        )
        self._silent = bytearray(_SPECIAL.fullmatch(token) is not None for token in self.vocabulary)

    def push(self, runs: Sequence[TokenRun], now: int) -> list[HeardWord]:
        """Take closed runs; frames before `now` are decided. Return the words that are firm."""
        firm = []
        for run in runs:
            if self._silent[run.token]:
                continue
            apart = self._open and run.first - self._open[-1].last > self.pause_frames
            if self._open and (self._starts[run.token] or apart):
                firm.append(HeardWord(tuple(self._open)))
                self._open.clear()
            self._open.append(run)
        if self._open and now - self._open[-1].last > self.pause_frames:
            firm += self.finish()
        return firm

    def finish(self) -> list[HeardWord]:
        """Return the word that is still open."""
        word = [HeardWord(tuple(self._open))] if self._open else []
        self._open.clear()
        return word

    def draft(self, runs: Sequence[TokenRun]) -> list[HeardWord]:
        """Return the words that are not firm, as they would be if only `runs` followed."""
        kept = list(self._open)
        try:
            return self.push(runs, 0) + self.finish()
        finally:
            self._open = kept

    @property
    def begins(self) -> Sequence[int]:
        """1 for every token that begins a word, else 0."""
        return self._starts

    @property
    def open(self) -> tuple[TokenRun, ...]:
        """The runs of the word that may still grow."""
        return tuple(self._open)

    def text(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens, words apart."""
        pieces = [self.vocabulary[token] for token in tokens if not self._silent[token]]
        return one_line("".join(pieces).replace(WORD_MARK, " "))


def to_word(heard: HeardWord, text: str) -> Word | None:
    """Give a heard word its seconds and its confidence; `None` when there is no text in it.

    The confidence is the product of its tokens' probabilities, each at its best frame. Measured
    with the model in tests/data (tests/benchmarks/chunkformer_words.py): 778 words, said 0.984,
    right 0.981, mean gap over eight classes 0.007. Loud noise makes it say too much: 865 words,
    said 0.832, right 0.777, gap 0.055. The power that would mend one spoils the other (1.5 and
    0.6), so none is applied; no other model was at hand to measure.
    """
    if not text:
        return None
    log_prob = sum(run.log_prob for run in heard.runs)
    return Word(
        start=round(heard.first * FRAME_SECONDS, 2),
        end=round((heard.last + 1) * FRAME_SECONDS, 2),
        text=text,
        confidence=round(min(1.0, math.exp(log_prob)), 4),
    )


class Segmenter:
    """Words to segments by pause and by maximum length, each given out when it is firm."""

    def __init__(self, *, min_silence_seconds: float, max_segment_seconds: float) -> None:
        self._limits = {
            "min_silence_seconds": min_silence_seconds,
            "max_segment_seconds": max_segment_seconds,
        }
        self._words: list[Word] = []

    def push(self, words: Sequence[Word], now: float) -> list[ASRSegment]:
        """Take words; up to `now` seconds no other can come. Return the firm segments."""
        segments = []
        for word in words:
            self._words.append(word)
            runs = segment_words(self._words, **self._limits)
            for run in runs[:-1]:
                segments.append(make_segment([self._words[index] for index in run]))
            del self._words[: runs[-1].start]
        if self._words and now - self._words[-1].end >= self._limits["min_silence_seconds"]:
            segments += self.finish()
        return segments

    def finish(self) -> list[ASRSegment]:
        """Return what is left as a segment."""
        words, self._words = self._words, []
        return [make_segment(words)] if words else []

    @property
    def open(self) -> tuple[Word, ...]:
        """The words of the segment that may still grow."""
        return tuple(self._words)


def make_segment(words: Sequence[Word]) -> ASRSegment:
    """Join words, at least one, to a segment; its confidence is their mean."""
    known = [word.confidence for word in words if word.confidence is not None]
    return ASRSegment(
        start=words[0].start,
        end=words[-1].end,
        text=" ".join(word.text for word in words),
        confidence=round(sum(known) / len(known), 4) if known else None,
        words=tuple(words),
    )
