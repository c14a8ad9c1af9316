"""How long this speaker's pauses are, learned while they speak.

In: the gaps between successive words, seconds, in order. Out: a gap as a multiple of the
speaker's usual pause. Recognisers differ in where they say a word ends (CTC models leave a gap
after every word, Whisper leaves none), so the usual gap inside a phrase is taken off first.
Keeps a fixed number of gaps, so memory does not grow and a new speaker is learned.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque

# A pause that people hear as a break begins about here (seconds above the usual gap).
_SHORTEST = 0.15
# What is assumed before anything is heard, and how many observations that belief is worth.
_USUAL_PRIOR = 0.5
_PRIOR_WEIGHT = 8
# The usual pause is looked for between these, whatever the speaker does (seconds).
_USUAL_RANGE = (0.25, 0.9)
_KEPT = 600


class PauseScale:
    """The running scale of one speaker's pauses."""

    def __init__(self) -> None:
        self._gaps = _RunningMedian(_KEPT)
        self._pauses = _RunningMedian(_KEPT)
        for _ in range(_PRIOR_WEIGHT):
            self._pauses.add(_USUAL_PRIOR)

    def hear(self, gap: float) -> None:
        """Learn one gap between two words, in seconds; overlaps count as none, and what is no
        number is passed over."""
        if not math.isfinite(gap):
            return
        gap = max(gap, 0.0)
        self._gaps.add(gap)
        pause = gap - self._inside_phrase()
        if pause >= _SHORTEST:
            # A long silence says nothing of how this person separates sentences.
            self._pauses.add(min(pause, 3 * _USUAL_RANGE[1]))

    def strength(self, gap: float) -> float:
        """Return `gap` as a multiple of the usual pause: 0 none, 1 usual, more is longer."""
        if math.isnan(gap):
            return 0.0
        low, high = _USUAL_RANGE
        usual = min(max(self._pauses.value(), low), high)
        return max(gap - self._inside_phrase(), 0.0) / usual

    def _inside_phrase(self) -> float:
        return min(self._gaps.value(), _USUAL_RANGE[1])


class _RunningMedian:
    """The median of the last `size` values."""

    def __init__(self, size: int) -> None:
        self._order: deque[float] = deque()
        self._sorted: list[float] = []
        self._size = size

    def add(self, value: float) -> None:
        if len(self._order) == self._size:
            del self._sorted[bisect_left(self._sorted, self._order.popleft())]
        self._order.append(value)
        insort(self._sorted, value)

    def value(self) -> float:
        return self._sorted[len(self._sorted) // 2] if self._sorted else 0.0
