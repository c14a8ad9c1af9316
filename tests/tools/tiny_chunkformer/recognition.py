"""Words from samples by the project's own engine in float32, for the figures.

In: 16 kHz samples, 1.0 is full scale. Out: words with start and end in seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch

from omoai_engine.chunkformer import ChunkFormerASR
from omoai_engine.config import ASRSettings

from .model import Context


@dataclass(frozen=True)
class Heard:
    """A word that was said or recognised."""

    word: str
    start: float
    end: float


Recogniser = Callable[[torch.Tensor, Context], list[Heard]]


def recogniser(folder: Path) -> Recogniser:
    """A function of samples and context."""

    @cache
    def engine(context: Context) -> ChunkFormerASR:
        settings = ASRSettings(
            device="cpu",
            precision="float32",
            threads=1,
            chunk_size=context.chunk,
            left_context=context.left,
            right_context=context.right,
        )
        return ChunkFormerASR(folder, settings)

    def recognise(samples: torch.Tensor, context: Context) -> list[Heard]:
        segments = engine(context).transcribe(samples).segments
        return [Heard(w.text, w.start, w.end) for segment in segments for w in segment.words]

    return recognise
