"""Many channels to one: (n, channels) float32 at 16 kHz comes in, (n,) float32 in [-1, 1] goes out.

Channels are averaged. Two kinds of recording would suffer from that and are treated apart:
a channel that carries nothing is left out (averaging would halve the level), and channels that
cancel each other (one wired the wrong way round) give way to the loudest of them. The choice is
made anew for each block, from what was heard so far, and changes with a short fade.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from omoai_engine.preprocess.wire import BLOCK_SAMPLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A channel 60 dB below the loudest one carries nothing.
_DEAD = 1e-3
# Below -80 dBFS a block says nothing about how channels relate.
_QUIET = 1e-4
# Cancelling: the average has lost more than 17 dB (two channels) against the loudest channel.
_CANCELS, _NO_LONGER_CANCELS = 0.02, 0.1
_FADE_SAMPLES = 320
# Lossy codecs overshoot full scale a little; only more than that is worth a word.
_FAR_BEYOND = 1.5


Say = Callable[[str, str], None]
"""Takes a topic and a sentence for the person; one sentence a topic is enough."""


class Mixer:
    """Mixes the blocks of one recording with a fixed number of channels; keeps state."""

    def __init__(self, channels: int, say: Say) -> None:
        self.channels = channels
        self._say = say
        self._loudness = np.zeros(channels)
        self._weights: NDArray[np.float32] | None = None
        self._chosen: int | None = None

    def mix(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (n,) from (n, channels); `sound` must be finite."""
        if self.channels == 1:
            return np.clip(sound[:, 0], -1.0, 1.0)
        weights = self._choose(sound)
        before, self._weights = self._weights, weights
        mono = sound @ weights
        if before is not None and not np.array_equal(before, weights):
            fade = min(_FADE_SAMPLES, len(sound))
            ramp = np.linspace(0.0, 1.0, fade, dtype=np.float32)
            mono[:fade] = mono[:fade] * ramp + (sound[:fade] @ before) * (1.0 - ramp)
        return np.clip(mono, -1.0, 1.0, out=mono)

    def finish(self) -> None:
        """Say what is only certain at the end: which channels never carried anything."""
        alive = int(np.count_nonzero(self._alive()))
        if alive == self.channels or self._loudness.max() < _QUIET:
            return
        if self.channels == 2:
            self._say("dead", "one of the two channels is silent: the other was taken alone")
        else:
            self._say("dead", f"only {alive} of the {self.channels} channels carry sound")

    def _alive(self) -> NDArray[np.bool_]:
        alive: NDArray[np.bool_] = self._loudness >= self._loudness.max() * _DEAD
        return alive

    def _choose(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        power = np.einsum("ij,ij->j", sound, sound, dtype=np.float64) / max(len(sound), 1)
        np.maximum(self._loudness, np.sqrt(power), out=self._loudness)
        alive = self._alive()
        weights: NDArray[np.float32] = (alive / alive.sum()).astype(np.float32)
        loudest = float(power.max())
        if alive.sum() > 1 and loudest > _QUIET**2:
            average = sound @ weights
            left = float(average @ average) / len(sound) / loudest * int(alive.sum()) / 2
            if self._chosen is None and left < _CANCELS:
                self._chosen = int(power.argmax())
                self._say(
                    "cancel",
                    "the channels cancel each other (one is wired the wrong way round): "
                    f"channel {self._chosen + 1} was taken alone",
                )
            elif left > _NO_LONGER_CANCELS:
                self._chosen = None
        if self._chosen is not None:
            weights[:] = 0.0
            weights[self._chosen] = 1.0
        return weights


class Repair:
    """Makes every sample a number, and counts what had to be changed."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._total = 0
        self._broken = 0
        self._beyond = 0

    def mend(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return `sound` with NaN as 0 and infinities as full scale; counts what is far beyond."""
        self._total += sound.size
        peak = float(np.abs(sound).max(initial=0.0))
        if not np.isfinite(peak):
            self._broken += sound.size - int(np.count_nonzero(np.isfinite(sound)))
            sound = np.nan_to_num(sound, nan=0.0, posinf=1.0, neginf=-1.0)
            peak = float(np.abs(sound).max(initial=0.0))
        if peak > _FAR_BEYOND:
            self._beyond += int(np.count_nonzero(np.abs(sound) > _FAR_BEYOND))
            # Averaging must not overflow, and one absurd sample must not hide the others.
            sound = np.clip(sound, -1.0, 1.0)
        self._judge(BLOCK_SAMPLES)
        return sound

    def finish(self) -> None:
        """Say at the end what was less than half a second, but a good part of the whole."""
        self._judge(max(1, self._total // 100))

    def _judge(self, many: int) -> None:
        if self._broken >= many:
            self._say("nan", "many samples are no numbers (NaN or infinite): they were replaced")
        if self._beyond >= many:
            self._say("clip", "much of the sound is far beyond full scale: it was clipped")
