"""Sound to log-mel features, block by block, exactly as Kaldi computes them.

In: (n,) float32 samples in [-1, 1] at 16 kHz, in blocks of any size. Out: (frames, 80) float32
log-mel energies, one frame every 10 ms, each over 25 ms; frame f covers samples
[160 f, 160 f + 400). Only the last 399 samples are remembered between blocks, so the memory
does not depend on the length of the recording. No dither is ever added, whatever a model's
configuration says: the same sound gives the same words.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

if TYPE_CHECKING:
    from torch import Tensor

MEL_BINS = 80
FRAME_LENGTH = 400  # samples: 25 ms
FRAME_SHIFT = 160  # samples: 10 ms
FFT_SIZE = 512
PRE_EMPHASIS = 0.97
LOWEST_HZ, HIGHEST_HZ = 20.0, 8000.0
INT16_SCALE = 32768.0  # the models were trained on samples in the range of 16-bit integers
ENERGY_FLOOR = 1.1920928955078125e-07  # the smallest float32 step above 1
FRAMES_AT_ONCE = 2048  # bounds the memory of one very long block: 20 s, about 10 MB


@cache
def _povey_window() -> Tensor:
    """(512,): a Hann window of 400 samples to the power 0.85, zero at both ends and behind."""
    window = torch.hann_window(FRAME_LENGTH, periodic=False, dtype=torch.float64).pow(0.85)
    return F.pad(window, (0, FFT_SIZE - FRAME_LENGTH)).float()


@cache
def _mel_filters() -> Tensor:
    """(257, 80): triangles that are linear in mel = 1127 ln(1 + hertz / 700)."""

    def mel(hertz: Tensor) -> Tensor:
        return 1127.0 * torch.log1p(hertz / 700.0)

    lowest, highest = mel(torch.tensor([LOWEST_HZ, HIGHEST_HZ], dtype=torch.float64))
    edges = torch.linspace(float(lowest), float(highest), MEL_BINS + 2, dtype=torch.float64)
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    bins = mel(torch.arange(FFT_SIZE // 2 + 1, dtype=torch.float64) * 16_000 / FFT_SIZE)[:, None]
    rising, falling = (bins - left) / (centre - left), (right - bins) / (right - centre)
    filters = torch.minimum(rising, falling).clamp_min(0.0)
    filters[-1] = 0.0  # Kaldi leaves the Nyquist bin out
    return filters.float()


@cache
def _filters_of_parts() -> Tensor:
    """(514, 80): the filters for squared real and imaginary parts, which lie side by side; their
    sum is then part of the product (torch needs 105 us for the sum, 30 for the wider product)."""
    return _mel_filters().repeat_interleave(2, 0)


def log_mel(samples: Tensor) -> Tensor:
    """Return the (frames, 80) features of (n,) samples; frames = 1 + (n - 400) // 160, or 0."""
    if len(samples) < FRAME_LENGTH:
        return samples.new_zeros((0, MEL_BINS))
    frames = (samples * INT16_SCALE).unfold(0, FRAME_LENGTH, FRAME_SHIFT)  # (frames, 400)
    frames = frames - frames.mean(1, keepdim=True)
    padded = frames.new_zeros((len(frames), FFT_SIZE))
    emphasised = padded[:, :FRAME_LENGTH]
    torch.add(frames[:, 1:], frames[:, :-1], alpha=-PRE_EMPHASIS, out=emphasised[:, 1:])
    # The first sample stands for its own past.
    torch.mul(frames[:, 0], 1.0 - PRE_EMPHASIS, out=emphasised[:, 0])
    spectrum = torch.fft.rfft(padded.mul_(_povey_window()))  # (frames, 257)
    squares = torch.view_as_real(spectrum).flatten(1).square_()  # (frames, 514)
    return (squares @ _filters_of_parts()).clamp_min_(ENERGY_FLOOR).log_()


class FeatureStream:
    """Turns blocks of samples into feature frames as soon as each is complete."""

    def __init__(self) -> None:
        self._rest = torch.zeros(0)

    def push(self, samples: Tensor) -> Tensor:
        """Take (n,) float32 samples, return the (frames, 80) features that they complete.

        A sample that is not a number counts as silence, so that one bad sample cannot turn
        everything after it into nothing.
        """
        samples = torch.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
        samples = torch.cat((self._rest, samples))
        count = max(0, 1 + (len(samples) - FRAME_LENGTH) // FRAME_SHIFT)
        pieces = []
        for first in range(0, count, FRAMES_AT_ONCE):
            last = min(first + FRAMES_AT_ONCE, count) - 1
            pieces.append(log_mel(samples[first * FRAME_SHIFT : last * FRAME_SHIFT + FRAME_LENGTH]))
        self._rest = samples[count * FRAME_SHIFT :].clone()
        return torch.cat(pieces) if pieces else samples.new_zeros((0, MEL_BINS))
