"""One recording on its way from samples to segments, in file or live mode.

In: (n,) float32 samples at 16 kHz in blocks of any size. Out: firm `ASRSegment`s, and in live
mode the words that may still change. Memory does not grow with the length of the recording.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from omoai_engine.asr.chunkformer.config import Context
from omoai_engine.asr.chunkformer.devices import frames_at_once
from omoai_engine.asr.chunkformer.features import FeatureStream
from omoai_engine.asr.chunkformer.loading import LoadedModel, load_model
from omoai_engine.asr.chunkformer.model import FRAME_SECONDS
from omoai_engine.asr.chunkformer.readers import make_reader
from omoai_engine.asr.chunkformer.streaming import FrameStream, Live, Wavefront, nothing
from omoai_engine.asr.chunkformer.words import (
    HeardWord,
    Segmenter,
    WordBuilder,
    to_word,
)
from omoai_engine.audio import SAMPLE_RATE_HZ
from omoai_engine.errors import ModelError
from omoai_engine.results import ASRSegment, Word

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "Decoder",
    "FileTranscription",
    "LiveTranscription",
    "LiveUpdate",
    "LoadedModel",
    "Options",
    "load_model",
]

CERTAIN_WORD = 0.95
"""A word that is more probable than this gets no other readings."""
LEAST_ROWS = 64
"""Steps of fewer frames save no memory worth having."""
LEAST_SHARE = 0.01
"""Readings that are less probable than this are not worth showing."""


@dataclass(frozen=True, slots=True)
class Options:
    """How frames become segments. `hotwords` are words or names to prefer; `alternatives` is
    the most other readings that an uncertain word gets."""

    min_silence_seconds: float = 0.5
    max_segment_seconds: float = 20.0
    alternatives: int = 4
    hotwords: tuple[str, ...] = ()


class Decoder:
    """Encoder frames of one recording to segments."""

    def __init__(self, model: LoadedModel, options: Options) -> None:
        pause = max(1, int(options.min_silence_seconds / FRAME_SECONDS))
        self._most = options.alternatives
        self._reader = make_reader(
            model.head, pause=pause, tree=model.hotwords(options.hotwords), keep=self._most > 0
        )
        self._builder = WordBuilder(model.vocabulary, pause)
        self._segmenter = Segmenter(
            min_silence_seconds=options.min_silence_seconds,
            max_segment_seconds=options.max_segment_seconds,
        )
        self.firm_seconds = 0.0
        """Nothing before this will change."""

    def push(self, frames: Tensor) -> list[ASRSegment]:
        """Take the next (n, D) frames, return the segments that are firm."""
        runs, now = self._reader.push(frames)
        words = self._words(self._builder.push(runs, now))
        if self._builder.open:  # the word that may grow is not given out yet
            now = self._builder.open[0].first
        self._reader.forget(now)
        self.firm_seconds = now * FRAME_SECONDS
        return self._segmenter.push(words, self.firm_seconds)

    def finish(self) -> list[ASRSegment]:
        """The recording is over: return what is left."""
        words = self._words(self._builder.push(self._reader.finish(), 0))
        words += self._words(self._builder.finish())
        return self._segmenter.push(words, 0.0) + self._segmenter.finish()

    def draft(self) -> tuple[Word, ...]:
        """The words since the last segment, as they stand; the last ones may still change."""
        words = list(self._segmenter.open)
        if self._builder.open:
            heard = HeardWord(self._builder.open)
            word = to_word(heard, self._builder.text([run.token for run in heard.runs]))
            words += [word] if word else []
        return tuple(words)

    def _words(self, heard: Sequence[HeardWord]) -> list[Word]:
        words = []
        for one in heard:
            text = self._builder.text([run.token for run in one.runs])
            word = to_word(one, text)
            if (
                word
                and self._most
                and word.confidence is not None
                and word.confidence < CERTAIN_WORD
            ):
                word = replace(word, alternatives=self._alternatives(one, text))
            words += [word] if word else []
        return words

    def _alternatives(self, heard: HeardWord, text: str) -> tuple[tuple[str, float], ...]:
        shares: dict[str, float] = {}
        for tokens, share in self._reader.alternatives(heard.first, heard.last):
            other = self._builder.text(tokens)
            if other and other != text:
                shares[other] = shares.get(other, 0.0) + share
        best = sorted(shares.items(), key=lambda pair: pair[1], reverse=True)[: self._most]
        return tuple((other, round(share, 4)) for other, share in best if share >= LEAST_SHARE)


class FileTranscription:
    """File mode for one recording or several at once, up to `rows` frames of each a step.

    `notice` is told in one sentence when a step had to be made smaller."""

    def __init__(
        self,
        model: LoadedModel,
        context: Context,
        options: Options,
        *,
        streams: int = 1,
        rows: int | None = None,
        check: Callable[[], None] = nothing,
        notice: Callable[[str], None] = lambda _sentence: None,
    ) -> None:
        encoder = model.encoder
        self._check, self._notice = check, notice
        self._rows = rows or frames_at_once(encoder.device, encoder.config, streams)
        self._samples = [0] * streams
        self._features = [FeatureStream() for _ in range(streams)]
        self._frames = [FrameStream(model.encoder) for _ in range(streams)]
        self._wavefront = Wavefront(model.encoder, context, streams)
        self._decoders = [Decoder(model, options) for _ in range(streams)]
        empty = torch.zeros((0, model.encoder.config.dim), device=model.encoder.device)
        self._waiting = [empty] * streams
        self._ended = [False] * streams
        self._over = [False] * streams

    def push(self, samples: Tensor, stream: int = 0) -> None:
        """Take (n,) float32 samples of one recording; nothing is decoded yet but features."""
        self._samples[stream] += len(samples)
        frames = self._frames[stream].push(self._features[stream].push(samples))
        self._waiting[stream] = torch.cat((self._waiting[stream], frames))

    def end(self, stream: int = 0) -> None:
        """Say that one recording is complete."""
        self._ended[stream] = True

    @property
    def hungry(self) -> list[int]:
        """The recordings that need more samples before a full step can be made."""
        return [
            index
            for index, (waiting, ended) in enumerate(zip(self._waiting, self._ended, strict=True))
            if not ended and len(waiting) < self._rows
        ]

    @property
    def over(self) -> bool:
        """Whether every recording is complete and read to its end."""
        return all(self._over)

    def seconds(self, stream: int = 0) -> float:
        """How much sound of a recording was taken."""
        return self._samples[stream] / SAMPLE_RATE_HZ

    def firm_seconds(self, stream: int = 0) -> float:
        """Nothing before this will change."""
        return self._decoders[stream].firm_seconds

    def step(self) -> list[list[ASRSegment]]:
        """Take up to `rows` frames of every recording through the model; firm segments of each.

        Raises `ModelError` when the memory of the device is too small for even a few frames.
        """
        done, ended = self._encode()
        self._waiting = [waiting[self._rows :] for waiting in self._waiting]
        segments = []
        for index, frames in enumerate(done):
            self._check()
            found = self._decoders[index].push(frames) if len(frames) else []
            if ended[index] and not self._over[index]:
                found = found + self._decoders[index].finish()
                self._over[index] = True
            segments.append(found)
        return segments

    def _encode(self) -> tuple[list[Tensor], list[bool]]:
        """The finished frames of one step, in smaller steps if the memory is short."""
        while True:
            taken = [waiting[: self._rows] for waiting in self._waiting]
            ended = [
                end and len(waiting) <= self._rows
                for end, waiting in zip(self._ended, self._waiting, strict=True)
            ]
            try:
                return self._wavefront.step(taken, ended, self._check), ended
            except torch.OutOfMemoryError:
                if torch.cuda.is_available():
                    torch.cuda.empty_cache()
                if self._rows <= LEAST_ROWS:
                    raise ModelError(
                        "the GPU has too little free memory for this model",
                        hint="Close other programs on the GPU, or set asr.device to cpu",
                    ) from None
                self._rows //= 2
                self._notice(
                    "The GPU is short of memory: recognition goes on in steps of "
                    f"{self._rows * FRAME_SECONDS:.0f} s, more slowly"
                )


@dataclass(frozen=True, slots=True)
class LiveUpdate:
    """What a block of live sound brought: segments that are firm, the words after them as they
    stand, and the seconds up to which sound was recognised."""

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
        self._read = 0
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
        seconds = self._read * FRAME_SECONDS
        return LiveUpdate(tuple(segments), () if ended else self._decoder.draft(), seconds)
