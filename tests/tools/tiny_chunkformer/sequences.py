"""Training sequences: sentences laid on a line, with pauses, changing voices, rooms and noises.

In: `Speech` and a random generator. Out: a `Batch` of log-mel sequences of equal length, with the
token of every encoder frame and the tokens in order. All changes are made on log-mel values, where
a gain is an addition, a microphone a curve and a noise a sum of powers: no sound is made anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from .noises import NOISES, make_noise
from .sound import FLOOR, MEL_BINS, Features, log_mel
from .speech import PAD, WORD_LIST, Speech
from .words import WORD_TOKENS

FRAME = 0.08  # seconds of one encoder frame
DB = np.log(10) / 10  # one decibel in log-mel units
SPEECH_DB = -21.0  # how loud espeak-ng speaks; 0 is a noise of deviation 1
BOUNDARY_WEIGHT = (
    4.0  # of the blank frame between two equal words, which decides between one and two
)

_PIECES = [WORD_TOKENS[w] for w in WORD_LIST]


@dataclass(frozen=True)
class Batch:
    """``labels`` -1 where a frame does not count; ``tokens`` end to end with their ``counts``."""

    features: torch.Tensor  # (B, F, 80)
    labels: torch.Tensor  # (B, T)
    weights: torch.Tensor  # (B, T)
    tokens: torch.Tensor  # (sum of counts,)
    counts: torch.Tensor  # (B,)


@dataclass
class _Room:
    """What stays the same for a while: who speaks, how it is recorded, what is heard behind."""

    speaker: int
    warp: Features  # (80, 80) another length of the vocal tract
    curve: Features  # (80,) microphone and loudness, added
    noise: Features | None  # (frames, 80)


class Sequences:
    """Draws batches; ``strength`` from 0 (clean) to 1 (everything) makes them harder."""

    def __init__(self, speech: Speech, seed: int) -> None:
        self._speech = speech
        self._rng = np.random.default_rng([seed, 1])
        owners = speech.speakers
        self._sentences = [np.flatnonzero(owners == s) for s in np.unique(owners)]
        noise = np.random.default_rng([seed, 2])
        self._noises = [
            log_mel(torch.from_numpy(make_noise(noise, name, 45.0))).numpy() for name in NOISES
        ]

    def draw(self, count: int, seconds: float, strength: float) -> Batch:
        """``count`` sequences of ``seconds`` each."""
        frames = int(seconds * 100)
        length = (frames - 15) // 8 + 1
        features = np.empty((count, frames, MEL_BINS), np.float32)
        labels = np.zeros((count, length), np.int64)
        weights = np.ones((count, length), np.float32)
        tokens: list[int] = []
        counts: list[int] = []
        for b in range(count):
            features[b], spans = self._sequence(frames, strength)
            tokens_before = len(tokens)
            for word, _, _ in spans:
                tokens += _PIECES[word]
            counts.append(len(tokens) - tokens_before)
            _label(labels[b], weights[b], spans)
        return Batch(
            torch.from_numpy(features),
            torch.from_numpy(labels),
            torch.from_numpy(weights),
            torch.tensor(tokens),
            torch.tensor(counts),
        )

    def _sequence(
        self, frames: int, strength: float
    ) -> tuple[Features, list[tuple[int, float, float]]]:
        """(frames, 80) and (word, start, end in seconds) of each word."""
        rng, speech = self._rng, self._speech
        out = np.full((frames, MEL_BINS), FLOOR, np.float32)
        spans: list[tuple[int, float, float]] = []
        changing = rng.random() < 0.5
        room, since = self._room(frames, strength), 0
        at = int(rng.integers(0, 60))
        while True:
            mine = self._sentences[room.speaker]
            pick = int(mine[rng.integers(len(mine))])
            said = speech.features[speech.starts[pick] : speech.starts[pick + 1]]
            speed = float(np.exp(rng.uniform(-0.12, 0.12) * strength))
            mel = np.maximum(_stretch(said, speed) @ room.warp + room.curve, FLOOR)
            if at + len(mel) > frames:
                break
            out[at : at + len(mel)] = mel
            origin = at * 0.01 + PAD / 16000
            for k in range(speech.word_starts[pick], speech.word_starts[pick + 1]):
                start, end = speech.times[k] / speed
                spans.append((int(speech.words[k]), origin + start, origin + end))
            at += len(mel) + self._gap()
            if changing and rng.random() < 0.4:
                _add(out, room.noise, since, min(at, frames))
                room, since = self._room(frames, strength), min(at, frames)
        _add(out, room.noise, since, frames)
        return out, spans

    def _gap(self) -> int:
        """Frames of pause between two sentences."""
        longest = self._rng.choice([12, 50, 150, 450], p=[0.2, 0.5, 0.22, 0.08])
        return int(self._rng.integers(0, longest))

    def _room(self, frames: int, strength: float) -> _Room:
        rng = self._rng
        gain = rng.uniform(-30, 6) * strength * DB
        curve = gain + strength * _curve(rng)
        if rng.random() < 0.1 * strength:  # a telephone or a codec cuts the high end
            curve[int(rng.integers(50, 76)) :] -= rng.uniform(2, 12)
        noise = None
        if rng.random() < 0.75:
            # Loud noise is rare: most recordings are made where a person can be understood.
            above = 5 + 25 * (1 - strength) + 40 * rng.beta(1.2, 1.6)
            level = gain + (SPEECH_DB - above) * DB
            if rng.random() < 0.06 * strength:
                level = rng.uniform(-75, -15) * DB
                curve = curve - 60  # nobody speaks: whatever is heard, there are no words
            track = self._noises[int(rng.integers(len(self._noises)))]
            first = int(rng.integers(len(track)))
            track = np.take(track, np.arange(first, first + frames), axis=0, mode="wrap")
            noise = track + (level + _curve(rng))
        return _Room(
            int(rng.integers(len(self._sentences))),
            _warp(float(np.exp(rng.uniform(-0.12, 0.12) * strength))),
            curve.astype(np.float32),
            None if noise is None else noise.astype(np.float32),
        )


def _curve(rng: np.random.Generator) -> Features:
    """A smooth random curve over the mel bands, about 4 dB deep."""
    x = np.linspace(0, np.pi, MEL_BINS)
    waves = [rng.normal(0, 4) * DB * np.cos(k * x + rng.uniform(0, 6.3)) / k for k in (1, 2, 3)]
    return np.asarray(sum(waves), np.float32)


def _warp(factor: float) -> Features:
    """(80, 80): band j of the result is band j * factor of the source, between two neighbours."""
    source = np.minimum(np.arange(MEL_BINS) * factor, MEL_BINS - 1)
    low = np.minimum(source.astype(int), MEL_BINS - 2)
    part = source - low
    matrix = np.zeros((MEL_BINS, MEL_BINS), np.float32)
    matrix[low, np.arange(MEL_BINS)] = 1 - part
    matrix[low + 1, np.arange(MEL_BINS)] = part
    return matrix


def _stretch(mel: npt.NDArray[np.float16], speed: float) -> Features:
    """Faster (above 1) or slower, pitch kept: frames between two neighbours."""
    source = np.minimum(np.arange(int(len(mel) / speed)) * speed, len(mel) - 1)
    low = np.minimum(source.astype(int), len(mel) - 2)
    part = (source - low).astype(np.float32)[:, None]
    mel32 = mel.astype(np.float32)
    return np.asarray(mel32[low] * (1 - part) + mel32[low + 1] * part, np.float32)


def _add(out: Features, noise: Features | None, start: int, end: int) -> None:
    """Sum of powers, in place."""
    if noise is not None:
        part = out[start:end]
        np.logaddexp(part, noise[start:end], out=part)


def _label(
    labels: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float32],
    spans: list[tuple[int, float, float]],
) -> None:
    """Write the token of each frame: frame t belongs to the word spoken at (t + 1/2) 80 ms.

    Between two equal tokens stands one blank frame, or CTC would read them as one.
    """
    before = (-1, -1)  # token and frame after it
    for word, start, end in spans:
        pieces = _PIECES[word]
        first, last = round(start / FRAME), round(end / FRAME)
        last = max(last, first + len(pieces))
        first = max(first, before[1])
        if (pieces[0], first) == before:
            if labels[max(first - 2, 0)] == pieces[0]:
                cut = first - 1
            else:
                cut, first = first, first + 1
            labels[cut : cut + 1] = 0
            weights[cut : cut + 1] = BOUNDARY_WEIGHT
        for k, piece in enumerate(pieces):
            a = first + (last - first) * k // len(pieces)
            b = first + (last - first) * (k + 1) // len(pieces)
            labels[a:b] = piece
        before = (pieces[-1], max(last, first))
