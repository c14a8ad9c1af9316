"""How loud the sound is, and whether any was lost: PCM16 in, levels and counts out.

Levels are linear, 1.0 is full scale. Losses are counted against a clock, because drivers do not
tell of them. Standard library only: the capture process imports this.
"""

from __future__ import annotations

import array
import math
import operator

_FULL = 32767
_LISTENED_A_BLOCK = 2000
"""Samples that the loudness of a block is reckoned from: more would cost and say no more."""


class LevelMeter:
    """Peak, loudness and clipped samples since they were last taken."""

    def __init__(self) -> None:
        self._peak = 0
        self._squares = 0.0
        self._count = 0
        self.clipped = 0
        """Samples at full scale so far."""
        self.only_zeros = True
        """Whether no sample so far was anything but zero."""

    def push(self, data: bytes) -> None:
        """Take PCM16 of any number of channels, native byte order."""
        samples = array.array("h")
        samples.frombytes(data[: len(data) // 2 * 2])
        if not samples:
            return
        peak = max(max(samples), -min(samples))
        if peak:
            self.only_zeros = False
        if peak >= _FULL:
            self.clipped += samples.count(_FULL) + samples.count(-_FULL - 1)
        self._peak = max(self._peak, peak)
        part = samples[:: len(samples) // _LISTENED_A_BLOCK + 1]
        self._squares += sum(map(operator.mul, part, part))
        self._count += len(part)

    def take(self) -> tuple[float, float]:
        """Return peak and loudness (root mean square) since the last time, and begin anew."""
        peak = min(1.0, self._peak / _FULL)
        loudness = math.sqrt(self._squares / self._count) / _FULL if self._count else 0.0
        self._peak, self._squares, self._count = 0, 0.0, 0
        return peak, min(1.0, loudness)


class LossCounter:
    """Counts samples that the device did not deliver, by the clock.

    Sound may come late and all at once, so only the least delay of a window counts; a device
    whose clock runs a little slow is followed. A delay that stays is sound that was lost.
    """

    _WINDOW_SECONDS = 4.0
    _LEAST_LOSS_SECONDS = 0.05
    _DRIFT = 0.001

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._first: float | None = None
        self._frames = 0
        self._window_end = 0.0
        self._least = math.inf
        self._usual: float | None = None
        self._lost_seconds = 0.0

    @property
    def lost(self) -> int:
        """Frames lost so far."""
        return round(self._lost_seconds * self._rate_hz)

    def restart(self) -> None:
        """Begin the clock anew after a pause; what was lost stays counted."""
        self._first, self._frames, self._least, self._usual = None, 0, math.inf, None

    def push(self, now: float, frames: int) -> None:
        """Say that so many frames came at a time of the clock (seconds)."""
        if self._first is None:
            self._first = now
            self._window_end = now + self._WINDOW_SECONDS
            return  # what came with the first call was recorded before the clock began
        self._frames += frames
        self._least = min(self._least, now - self._first - self._frames / self._rate_hz)
        if now < self._window_end:
            return
        self._window_end = now + self._WINDOW_SECONDS
        least, self._least = self._least, math.inf
        more = 0.0 if self._usual is None else least - self._usual
        self._usual = least
        if abs(more) > self._LEAST_LOSS_SECONDS + self._WINDOW_SECONDS * self._DRIFT:
            # What was given up and then came after all is no loss.
            self._lost_seconds = max(0.0, self._lost_seconds + more)
