"""Subtitle cues: the words of a transcript cut into pieces that can be read while they pass.

In: the punctuated segments. Out: cues in whole milliseconds, in order, none overlapping or
going backwards, each of one or two lines. The segments' own borders count for nothing: cues are
cut anew on words, at sentence ends, pauses and clauses.

The measures are those of `SubtitleRules`. Kept to always: the lines; a line wider than its
columns only where one word is; every word once, in order; each cue no longer than the longest
and after the one before. Kept to where the speech allows: the shortest cue, the characters a
second (a cue may stay a little after its last word while nothing follows), the gap between cues
that nearly touch. People who speak faster than others read are shown as they speak: words are
never left out.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from omoai_engine.export.options import SubtitleRules
from omoai_engine.export.timed_words import TimedWord, columns, joined, timed_words
from omoai_engine.results import ASRSegment

_USUAL = SubtitleRules()
# A pause this long ends a cue even inside a sentence (milliseconds).
_PAUSE = 800
# A cue may stay on the screen so long after its last word.
_LINGER = 1500
# Where words have no extent in time, a cue takes this much from what follows.
_INSTANT = 100

_SENTENCE_ENDS = ".?!…。？！"
_CLAUSE_ENDS = ",;:，、；："
_CLOSERS = "\"'”’»)]」』"
# The price of ending a cue somewhere: nothing at a sentence end, most inside a phrase. Whole
# numbers, so that equal prices are equal.
_PRICE_CUE = 6000
_PRICE_CLAUSE = 3000
_PRICE_PHRASE = 10 * _PAUSE
_PRICE_SENTENCE_INSIDE = 4000
# A millisecond that a cue is shorter than it should be.
_PRICE_SHORT = 6


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle: `start` and `end` in milliseconds, one or two lines."""

    start: int
    end: int
    lines: tuple[str, ...]


def cues(segments: Iterable[ASRSegment], rules: SubtitleRules = _USUAL) -> list[Cue]:
    """Return the cues of `segments`, which are in time order; none for no words."""
    groups: list[Sequence[TimedWord]] = []
    for run in _runs(timed_words(segments)):
        groups += _cut(run, rules)
    return _timed(groups, rules)


def _runs(words: Sequence[TimedWord]) -> list[Sequence[TimedWord]]:
    """Cut at pauses so long that no cue goes over them."""
    runs: list[Sequence[TimedWord]] = []
    start = 0
    for at in range(1, len(words)):
        if words[at].start - words[at - 1].end >= _PAUSE:
            runs.append(words[start:at])
            start = at
    if words:
        runs.append(words[start:])
    return runs


def _cut(run: Sequence[TimedWord], rules: SubtitleRules) -> list[Sequence[TimedWord]]:
    """Cut a run of words into cues at the least price, by dynamic programming.

    Where a cue that ends somewhere may begin only moves forwards, so the cheapest beginnings are
    kept as the least of two sliding windows: the time is in proportion to the words.
    """
    count = len(run)
    fits = _Layout(run, rules).fits
    starts = [word.start for word in run]
    # A word may end inside the one before it.
    ends = list(accumulate((word.end for word in run), max))
    inside = list(accumulate((_ends_with(w.text, _SENTENCE_ENDS) for w in run), initial=0))
    best = [0] * (count + 1)
    came_from = [0] * (count + 1)
    # Beginnings that give a cue of the shortest time or more, and those that give a shorter one.
    long, short = _Window(), _Window()
    first = enough = 0
    for end in range(1, count + 1):
        last = end - 1
        price = best[last] - _PRICE_SENTENCE_INSIDE * inside[last]
        short.add(last, price + _PRICE_SHORT * starts[last])
        # One word alone always makes a cue, however long it is.
        while first < last and (ends[last] - starts[first] > rules.longest or not fits(first, end)):
            first += 1
        while enough < end and ends[last] - starts[enough] >= rules.shortest:
            long.add(enough, best[enough] - _PRICE_SENTENCE_INSIDE * inside[enough])
            enough += 1
        missing = _PRICE_SHORT * (rules.shortest - ends[last])
        chosen = min(
            (least[0] + extra, least[1])
            for least, extra in ((long.least(first), 0), (short.least(max(first, enough)), missing))
            if least is not None
        )
        more = _PRICE_SENTENCE_INSIDE * inside[last] + _price_of_end(run, end)
        best[end], came_from[end] = chosen[0] + more, chosen[1]
    pieces: list[Sequence[TimedWord]] = []
    at = count
    while at > 0:
        pieces.append(run[came_from[at] : at])
        at = came_from[at]
    return pieces[::-1]


class _Window:
    """The least of what was added, leaving out what has become too old; the oldest of equals."""

    def __init__(self) -> None:
        self._kept: deque[tuple[int, int]] = deque()

    def add(self, at: int, price: int) -> None:
        """Add a price at a place behind all others."""
        kept = self._kept
        while kept and kept[-1][0] > price:
            kept.pop()
        kept.append((price, at))

    def least(self, first: int) -> tuple[int, int] | None:
        """Return price and place of the least from place `first` on, which never goes back."""
        kept = self._kept
        while kept and kept[0][1] < first:
            kept.popleft()
        return kept[0] if kept else None


class _Layout:
    """Answers at once whether words `start..end` fit into the lines of a cue."""

    def __init__(self, run: Sequence[TimedWord], rules: SubtitleRules) -> None:
        self._two_lines = rules.lines > 1
        self._glued = [word.glued for word in run] + [False]
        widths = (columns(word.text) + (not word.glued) for word in run)
        self._before = list(accumulate(widths, initial=0))
        # The first word that no longer fits on a line that begins with word `start`.
        self._line_ends: list[int] = []
        end = 0
        for start in range(len(run)):
            end = max(end, start + 1)
            while end < len(run) and self._width(start, end + 1) <= rules.columns:
                end += 1
            self._line_ends.append(end)

    def fits(self, start: int, end: int) -> bool:
        """Say whether a first line filled as far as possible leaves one line or less."""
        second = self._line_ends[start]
        return end <= second or (self._two_lines and end <= self._line_ends[second])

    def _width(self, start: int, end: int) -> int:
        # The blank before the first word of a line is not written.
        return self._before[end] - self._before[start] - (not self._glued[start])


def _price_of_end(run: Sequence[TimedWord], end: int) -> int:
    if end == len(run) or _ends_with(run[end - 1].text, _SENTENCE_ENDS):
        return _PRICE_CUE
    if _ends_with(run[end - 1].text, _CLAUSE_ENDS):
        return _PRICE_CUE + _PRICE_CLAUSE
    pause = run[end].start - run[end - 1].end
    return _PRICE_CUE + _PRICE_PHRASE - _PRICE_PHRASE // _PAUSE * min(max(pause, 0), _PAUSE)


def _ends_with(text: str, marks: str) -> bool:
    bare = text.rstrip(_CLOSERS)
    return bool(bare) and bare[-1] in marks


def _lines(piece: Sequence[TimedWord], limit: int) -> tuple[str, ...]:
    """Return the piece as one line, or as the two that are best balanced; a single word wider
    than a line stays whole."""
    whole = joined(piece)
    width = columns(whole)
    if width <= limit or len(piece) == 1:
        return (whole,)
    best: tuple[int, tuple[str, ...]] | None = None
    letters = upper = 0
    for at in range(1, len(piece)):
        blank = at > 1 and not piece[at - 1].glued
        letters += len(piece[at - 1].text) + blank
        upper += columns(piece[at - 1].text) + blank
        gap = not piece[at].glued
        lower = width - upper - gap
        if (upper > limit and at > 1) or (lower > limit and at < len(piece) - 1):
            continue
        price = abs(upper - lower)
        if _ends_with(whole[:letters], _SENTENCE_ENDS + _CLAUSE_ENDS):
            price -= 20
        if best is None or price < best[0]:
            best = price, (whole[:letters], whole[letters + gap :])
    return best[1] if best else (whole,)


def _timed(groups: Sequence[Sequence[TimedWord]], rules: SubtitleRules) -> list[Cue]:
    made: list[Cue] = []
    free_from = 0
    for at, group in enumerate(groups):
        start = max(group[0].start, free_from)
        lines = _lines(group, rules.columns)
        following = groups[at + 1][0].start if at + 1 < len(groups) else None
        made.append(Cue(start, _end(group, start, lines, following, rules), lines))
        free_from = made[-1].end
    return made


def _end(
    group: Sequence[TimedWord],
    start: int,
    lines: Sequence[str],
    following: int | None,
    rules: SubtitleRules,
) -> int:
    """Return when the cue goes: with its last word, later where it must be read longer."""
    spoken = max(group[-1].end, start + _INSTANT)
    characters = sum(len(line) for line in lines)
    to_read = start + max(rules.shortest, math.ceil(characters * 1000 / rules.characters_a_second))
    end = min(
        max(spoken, min(to_read, max(spoken + _LINGER, start + rules.shortest))),
        start + rules.longest,
    )
    if following is None or end + rules.gap <= following:
        return end
    if following - start > 2 * rules.gap:
        return following - rules.gap
    # The next words begin at once: touch them, or take a moment where they begin no later.
    return max(following, start + _INSTANT)
