"""Samples to 16 kHz, and to features in the engine's own way.

In: float32 samples, 1.0 is full scale. Out: samples at 16 kHz, or (frames, 80) log-mel, 10 ms each.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from omoai_engine.asr.chunkformer.features import ENERGY_FLOOR, MEL_BINS, log_mel

__all__ = ["FLOOR", "MEL_BINS", "RATE", "Features", "log_mel", "resample"]

RATE = 16000
FLOOR = math.log(ENERGY_FLOOR)  # what digital silence gives

Features = npt.NDArray[np.float32]


def resample(samples: torch.Tensor, source: int, zeros: int = 24) -> torch.Tensor:
    """(n,) at ``source`` Hz to 16 kHz: windowed sinc, one filter for each output phase."""
    step = math.gcd(source, RATE)
    inputs, outputs = source // step, RATE // step
    cutoff = 0.98 * min(inputs, outputs) / 2
    width = math.ceil(zeros * inputs / (2 * cutoff))
    # (outputs, taps): time from each output instant to each input sample, in steps
    taps = torch.arange(-width, width + inputs, dtype=torch.float64) / inputs
    t = taps[None] - torch.arange(outputs, dtype=torch.float64)[:, None] / outputs
    window = torch.cos((t * 2 * cutoff / zeros).clamp(-1, 1) * math.pi / 2) ** 2
    kernel = torch.sinc(2 * cutoff * t) * window * 2 * cutoff / inputs
    n = math.ceil(len(samples) * outputs / inputs)
    padded = F.pad(samples[None, None], (width, width + inputs))
    out = F.conv1d(padded, kernel[:, None].to(samples.dtype), stride=inputs)
    return out[0].T.reshape(-1)[:n]
