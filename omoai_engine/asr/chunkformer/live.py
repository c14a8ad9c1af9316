"""One recording on its way from samples to segments while it is being made.

In: (n,) float32 samples at 16 kHz in blocks of any size. Out: the segments that are firm, and the
words after them as they stand. Words are firm when their chunk is complete; before that, what is
there of the chunk is looked at as if nothing followed, so that words appear within a second. Such
a look changes nothing: what becomes firm does not depend on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from omoai_engine.asr.chunkformer.bounded import Live
from omoai_engine.asr.chunkformer.config import Context
from omoai_engine.asr.chunkformer.features import FeatureStream
from omoai_engine.asr.chunkformer.model import FRAME_SECONDS
from omoai_engine.asr.chunkformer.streaming import FrameStream, nothing
from omoai_engine.asr.chunkformer.transcription import Decoder, Options
from omoai_engine.audio import SAMPLE_RATE_HZ
from omoai_engine.events import ProvisionalText

if TYPE_CHECKING:
    from torch import Tensor

    from omoai_engine.asr.chunkformer.loading import LoadedModel
    from omoai_engine.results import ASRSegment, Word

LOOK_EVERY = 12
"""Frames between two looks at a chunk that is not complete: 1 s, twice in a chunk of 32. Three
looks took the large model from 0.05 to 0.10 s of processor time a second of sound in bfloat16."""
EARLY_SECONDS = 5.21
"""So much of a long recording is read beforehand without look-ahead: 64 frames, one chunk of the
published models; what is beyond it would make the first firm segment wait as long again."""
EARLY_AFTER_SECONDS = 30.0
"""Only recordings longer than this are: the words of others come soon enough."""


@dataclass(frozen=True, slots=True)
class LiveUpdate:
    """What a block of live sound brought: segments that are firm, the words after them as they
    stand, and the seconds up to which sound was heard."""

    segments: tuple[ASRSegment, ...]
    draft: tuple[Word, ...]
    seconds: float


class LiveTranscription:
    """Live mode for one recording."""

    def __init__(
        self,
        model: LoadedModel,
        context: Context,
        options: Options,
        *,
        check: Callable[[], None] = nothing,
    ) -> None:
        self._check = check
        self._features, self._frames = FeatureStream(), FrameStream(model.encoder)
        self._live = Live(model.encoder, context)
        self._decoder = Decoder(model, options)
        self._read = 0  # frames that are decoded
        self._heard = 0  # frames that were decoded or looked at
        self._draft: tuple[Word, ...] = ()
        self._none = torch.zeros((0, model.encoder.config.dim), device=model.encoder.device)

    def push(self, samples: Tensor) -> LiveUpdate:
        """Take (n,) float32 samples, return what they brought."""
        return self._step(self._frames.push(self._features.push(samples)), ended=False)

    def finish(self) -> LiveUpdate:
        """The recording is over: everything becomes firm."""
        return self._step(self._none, ended=True)

    def _step(self, frames: Tensor, *, ended: bool) -> LiveUpdate:
        done = self._live.step(frames, ended, self._check)
        self._read += len(done)
        segments = self._decoder.push(done) if len(done) else []
        if ended:
            segments = segments + self._decoder.finish()
            self._draft, self._heard = (), self._read
        elif self._read + self._live.waiting - max(self._heard, self._read) >= LOOK_EVERY:
            self._draft = self._decoder.draft(self._live.peek(self._check))
            self._heard = self._read + self._live.waiting
        elif len(done):
            self._draft = self._decoder.draft(self._none)
            self._heard = max(self._heard, self._read)
        return LiveUpdate(tuple(segments), self._draft, self._heard * FRAME_SECONDS)


class EarlyText:
    """The first words of a long file, while the exact reading waits for its look-ahead.

    In file mode a frame depends on those `blocks * right` frames after it, 174 s in the large
    model. Reading the beginning once more without look-ahead costs `EARLY_SECONDS` of sound, once.
    """

    def __init__(
        self, model: LoadedModel, context: Context, options: Options, check: Callable[[], None]
    ) -> None:
        self._model, self._options, self._check = model, options, check
        self._context = Context(context.chunk, context.left, 0)
        look_ahead = model.encoder.config.blocks * context.right * FRAME_SECONDS
        self._waiting = look_ahead > EARLY_AFTER_SECONDS
        self._sound: list[Tensor] = []
        self._seconds = 0.0

    def push(self, samples: Tensor) -> ProvisionalText | None:
        """Take (n,) samples of the recording; return the first words, once."""
        if not self._waiting:
            return None
        if self._seconds < EARLY_SECONDS:
            self._sound.append(samples)
        self._seconds += len(samples) / SAMPLE_RATE_HZ
        if self._seconds < EARLY_AFTER_SECONDS:
            return None
        self._waiting = False
        first = torch.cat(self._sound)[: int(EARLY_SECONDS * SAMPLE_RATE_HZ)]
        self._sound.clear()
        options = replace(self._options, alternatives=0)
        work = LiveTranscription(self._model, self._context, options, check=self._check)
        firm, rest = work.push(first).segments, work.finish().segments
        return provisional([word for segment in (*firm, *rest) for word in segment.words])


def provisional(words: Sequence[Word], offset: float = 0.0) -> ProvisionalText | None:
    """Return words as an event, their seconds moved by `offset`; `None` without words."""
    if not words:
        return None
    text = " ".join(word.text for word in words)
    return ProvisionalText(words[0].start + offset, words[-1].end + offset, text)
