"""Sounds without words, made from a seed: what pauses are filled with.

In: a random generator, a name of ``NOISES``, seconds. Out: samples at 16 kHz with a standard
deviation of 1; how loud they get is up to whoever mixes them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .sound import RATE

Wave = npt.NDArray[np.float64]

# How fast the power falls with the frequency, as its exponent.
_COLOURS = {"white": 0.0, "pink": 1.0, "brown": 2.0, "hiss": -1.0}
# Mains and machines: lowest frequency, and how fast the overtones fade.
_HUMS = {"hum50": (50.0, 1.0), "hum60": (60.0, 1.0), "buzz": (113.0, 0.3)}
# Noise that swells: how much, how often a second, colour.
_SWELLS = {"fan": (0.3, 12.0, 1.2), "traffic": (0.9, 0.25, 1.7)}
# Sounds that come and go: how many a second, how long they last.
_EVENTS = {
    "rain": (150.0, 0.01),
    "clicks": (4.0, 0.02),
    "knocks": (2.0, 0.2),
    "beeps": (1.5, 0.3),
    "chords": (1.2, 2.0),
    "melody": (4.0, 0.8),
}
NOISES = (*_COLOURS, *_HUMS, *_SWELLS, *_EVENTS)


def make_noise(rng: np.random.Generator, name: str, seconds: float) -> npt.NDArray[np.float32]:
    """A noise by its name; the same generator state gives the same noise."""
    n = int(seconds * RATE)
    if name in _COLOURS:
        wave = _coloured(rng, n, _COLOURS[name])
    elif name in _HUMS:
        wave = _hum(rng, n, *_HUMS[name])
    elif name in _SWELLS:
        wave = _swell(rng, n, *_SWELLS[name])
    else:
        wave = _happen(rng, n, name, *_EVENTS[name])
    return np.asarray(wave / max(float(wave.std()), 1e-9), dtype=np.float32)


def _coloured(rng: np.random.Generator, n: int, slope: float) -> Wave:
    """Noise whose power falls with the frequency to the power of ``slope``."""
    f = np.maximum(np.fft.rfftfreq(n, 1 / RATE), 20.0)
    wave = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * f ** (-slope / 2), n)
    return np.asarray(wave / wave.std())


def _hum(rng: np.random.Generator, n: int, base: float, fall: float) -> Wave:
    t = np.arange(n) / RATE
    wave = 0.02 * _coloured(rng, n, 1.0)
    for k in range(1, 40):
        if k < 3 or rng.random() < 0.7:
            wave += np.sin(2 * np.pi * base * k * t + rng.uniform(0, 6.3)) / k**fall
    return wave


def _swell(rng: np.random.Generator, n: int, depth: float, often: float, slope: float) -> Wave:
    phase = 2 * np.pi * often * rng.uniform(0.5, 1.5) * np.arange(n) / RATE
    return _coloured(rng, n, slope) * (1 + depth * np.sin(phase + rng.uniform(0, 6.3)))


def _happen(rng: np.random.Generator, n: int, name: str, often: float, lasting: float) -> Wave:
    wave = 0.003 * _coloured(rng, n, 1.0)
    for at in np.flatnonzero(rng.random(n) < often / RATE):
        length = min(int(lasting * RATE * rng.uniform(0.5, 1.5)), n - int(at))
        t = np.arange(length) / RATE
        if name in ("rain", "clicks"):
            sound = rng.standard_normal(len(t))
        elif name == "knocks":
            sound = _tone(t, rng.uniform(60, 400), 1) + 0.3 * rng.standard_normal(len(t))
        elif name == "beeps":
            sound = _tone(t, rng.uniform(700, 3500), 1)
        else:
            notes = 220 * 2 ** (rng.integers(0, 30, 3 if name == "chords" else 1) / 12)
            sound = np.sum([_tone(t, note, 6) for note in notes], axis=0)
        fade = np.ones(len(t)) if name == "beeps" else np.exp(-4 * t / lasting)
        wave[at : at + len(t)] += rng.uniform(0.2, 1.0) * sound * fade
    return wave


def _tone(t: Wave, hz: float, overtones: int) -> Wave:
    parts = [np.sin(2 * np.pi * hz * k * t) / k for k in range(1, overtones + 1) if hz * k < 7800]
    return np.asarray(np.sum(parts, axis=0))
