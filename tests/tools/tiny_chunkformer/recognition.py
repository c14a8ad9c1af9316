"""Words from samples by the project's own engine in float32, for the figures.

In: 16 kHz samples, 1.0 is full scale. Out: words with start and end in seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from omoai_engine.asr.chunkformer.config import Context as EngineContext
from omoai_engine.asr.chunkformer.transcription import FileTranscription, Options, load_model

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
    model = load_model(folder, "cpu", "float32")

    def recognise(samples: torch.Tensor, context: Context) -> list[Heard]:
        work = FileTranscription(model, EngineContext(*context), Options(alternatives=0))
        work.push(samples)
        work.end()
        heard: list[Heard] = []
        while not work.over:
            for segment in work.step()[0]:
                heard += [Heard(word.text, word.start, word.end) for word in segment.words]
        return heard

    return recognise
