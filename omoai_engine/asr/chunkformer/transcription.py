"""Recordings on their way from samples to segments in file mode; `live` is the other one.

In: (n,) float32 samples at 16 kHz in blocks of any size. Out: firm `ASRSegment`s. Memory does not
grow with the length of the recording, and a step that finds too little of it is made again in
smaller ones, then on the processor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from omoai_engine.asr.chunkformer.config import Context
from omoai_engine.asr.chunkformer.devices import frames_at_once
from omoai_engine.asr.chunkformer.features import FRAME_SHIFT, FeatureStream
from omoai_engine.asr.chunkformer.loading import LoadedModel, load_model
from omoai_engine.asr.chunkformer.model import FRAME_SECONDS, SUBSAMPLING
from omoai_engine.asr.chunkformer.readers import make_reader
from omoai_engine.asr.chunkformer.shortage import give_back_memory, is_out_of_memory
from omoai_engine.asr.chunkformer.streaming import FrameStream, Wavefront, nothing
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
    "LoadedModel",
    "Options",
    "load_model",
]

T = TypeVar("T")

CERTAIN_WORD = 0.99
"""A word that is more probable than this gets no other readings. Measured
(tests/benchmarks/chunkformer_words.py) on speech in noise and in loud noise: of 6 and 91 words
heard as another one, 5 and 49 have the right one among their other readings."""
LUMP = 128 * SUBSAMPLING * FRAME_SHIFT
"""So many samples of a file, 10 s, become frames together, as nobody waits for each (bfloat16:
0.13 ms a frame with 64 frames in the subsampling, 0.20 with 12)."""
READ_AT_ONCE = 256
"""So many finished frames are decoded together; `LEAST_ROWS` once memory was short."""
LEAST_ROWS = 64
"""Steps of fewer frames save no memory worth having."""
LEAST_SHARE = 0.0001
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
        tree, _ = model.hotwords(options.hotwords)
        self._builder = WordBuilder(model.vocabulary, pause)
        self._reader = make_reader(
            model.head, pause=pause, tree=tree, begins=self._builder.begins, keep=self._most > 0
        )
        self._segmenter = Segmenter(
            min_silence_seconds=options.min_silence_seconds,
            max_segment_seconds=options.max_segment_seconds,
        )
        self.firm_seconds = 0.0
        """Nothing before this will change."""

    def hear(self, frames: Tensor) -> Any:
        """What the model says of the next (n, D) frames, for `take`; changes nothing."""
        return self._reader.hear(frames)

    def push(self, frames: Tensor) -> list[ASRSegment]:
        """Take the next (n, D) frames, return the segments that are firm."""
        return self.take(self.hear(frames))

    def take(self, heard: Any) -> list[ASRSegment]:
        """Take what was heard in the next frames, return the segments that are firm."""
        runs, now = self._reader.push(heard)
        words = self._words(self._builder.push(runs, now))
        if self._builder.open:  # the word that may grow is not given out yet
            now = self._builder.open[0].first
        self._reader.forget(now)
        self.firm_seconds = now * FRAME_SECONDS
        return self._segmenter.push(words, self.firm_seconds)

    def use(self, model: LoadedModel) -> None:
        """Go on with the same model on another device."""
        self._reader.use(model.head)

    def finish(self) -> list[ASRSegment]:
        """The recording is over: return what is left."""
        words = self._words(self._builder.push(self._reader.finish(), 0))
        words += self._words(self._builder.finish())
        return self._segmenter.push(words, 0.0) + self._segmenter.finish()

    def draft(self, frames: Tensor) -> tuple[Word, ...]:
        """The words since the last segment as they would be if only the (n, D) `frames`
        followed; the last ones may still change."""
        heard = self._builder.draft(self._reader.draft(frames))
        texts = [self._builder.text([run.token for run in one.runs]) for one in heard]
        words = [to_word(one, text) for one, text in zip(heard, texts, strict=True)]
        return (*self._segmenter.open, *(word for word in words if word))

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

    `notice` is told in one sentence when memory is short and a step has to be made smaller; when
    even small ones do not fit on a GPU, `on_processor` gives the same model elsewhere."""

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
        on_processor: Callable[[], LoadedModel] | None = None,
    ) -> None:
        encoder = model.encoder
        self._check, self._notice, self._on_processor = check, notice, on_processor
        self._on_gpu = encoder.device.type != "cpu"
        self._rows = rows or frames_at_once(encoder.device, encoder.config, streams)
        # A first step of what is left over lets frames come out at the ends of the later ones: the
        # first segment need not wait for half a step more than it asks for.
        self._begin = encoder.config.blocks * (context.chunk + context.right) % self._rows
        self._read_at_once = READ_AT_ONCE
        self._samples = [0] * streams
        self._unheard: list[list[Tensor]] = [[] for _ in range(streams)]
        self._features = [FeatureStream() for _ in range(streams)]
        self._frames = [FrameStream(model.encoder) for _ in range(streams)]
        self._wavefront = Wavefront(model.encoder, context, streams)
        self._decoders = [Decoder(model, options) for _ in range(streams)]
        empty = torch.zeros((0, model.encoder.config.dim), device=model.encoder.device)
        self._waiting = [empty] * streams
        self._ended = [False] * streams
        self._over = [False] * streams

    def push(self, samples: Tensor, stream: int = 0) -> None:
        """Take (n,) float32 samples of one recording; nothing is decoded yet."""
        self._samples[stream] += len(samples)
        self._unheard[stream].append(samples)
        if sum(map(len, self._unheard[stream])) >= LUMP:
            self._to_frames(stream)

    def end(self, stream: int = 0) -> None:
        """Say that one recording is complete."""
        self._to_frames(stream)
        self._ended[stream] = True

    def _to_frames(self, stream: int) -> None:
        """Turn the samples that were pushed into frames that wait for a step."""
        samples = torch.cat(self._unheard[stream] or [torch.zeros(0)])
        features = self._despite_shortage(lambda: self._features[stream].push(samples))
        self._unheard[stream] = []
        frames = self._despite_shortage(lambda: self._frames[stream].push(features))
        self._await(stream, frames)

    def _await(self, stream: int, frames: Tensor) -> None:
        """Put (n, D) frames behind those that wait for a step."""

        def joined() -> Tensor:
            waiting = self._waiting[stream]
            return torch.cat((waiting, frames.to(waiting.device)))

        self._waiting[stream] = self._despite_shortage(joined)

    @property
    def hungry(self) -> list[int]:
        """The recordings that need more samples before a full step can be made."""
        return [
            index
            for index, (waiting, ended) in enumerate(zip(self._waiting, self._ended, strict=True))
            if not ended and len(waiting) < self._portion
        ]

    @property
    def _portion(self) -> int:
        """How many frames of each recording the next step takes at most."""
        return min(self._begin or self._rows, self._rows)

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
        done, ended = self._despite_shortage(self._encode)
        self._waiting = [waiting[self._portion :] for waiting in self._waiting]
        self._begin = 0
        segments = []
        for index, frames in enumerate(done):
            self._check()
            found = self._read(self._decoders[index], frames) if len(frames) else []
            if ended[index] and not self._over[index] and self._wavefront.finished(index):
                found = found + self._decoders[index].finish()
                self._over[index] = True
            segments.append(found)
        return segments

    def _read(self, decoder: Decoder, frames: Tensor) -> list[ASRSegment]:
        """Decode the finished frames of one step."""
        found = []
        while len(frames):
            heard, count = self._despite_shortage(partial(self._hear, decoder, frames))
            found += decoder.take(heard)
            frames = frames[count:]
        return found

    def _hear(self, decoder: Decoder, frames: Tensor) -> tuple[Any, int]:
        """What is heard in the first of (n, D) frames, and in how many of them."""
        few = frames[: self._read_at_once]
        return decoder.hear(few.to(self._waiting[0].device)), len(few)

    def _encode(self) -> tuple[list[Tensor], list[bool]]:
        """The finished frames of one step, and which recordings give no more."""
        taken = [waiting[: self._portion] for waiting in self._waiting]
        ended = [
            end and len(waiting) <= self._portion
            for end, waiting in zip(self._ended, self._waiting, strict=True)
        ]
        return self._wavefront.step(taken, ended, self._check), ended

    def _despite_shortage(self, work: Callable[[], T]) -> T:
        """Do `work`, again with less when memory runs out. Work that fails has changed nothing."""
        while True:
            try:
                return work()
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            self._step_down()

    def _step_down(self) -> None:
        """Need less memory from now on, or raise `ModelError`."""
        self._read_at_once = LEAST_ROWS
        give_back_memory()
        where = "The GPU" if self._on_gpu else "This computer"
        if self._rows > LEAST_ROWS:
            self._rows //= 2
            self._notice(
                f"{where} is short of memory: recognition goes on in steps of "
                f"{self._rows * FRAME_SECONDS:.0f} s, more slowly"
            )
            return
        if not self._on_gpu or self._on_processor is None:
            raise ModelError(
                f"{where[0].lower()}{where[1:]} has too little free memory for this model",
                hint="Close other programs, or choose a smaller model",
            )
        self.move(self._on_processor())
        self._notice("The GPU has too little free memory: the processor goes on, more slowly")

    def move(self, model: LoadedModel) -> None:
        """Go on with the same model on another device, from where this one stopped."""
        self._on_gpu = model.encoder.device.type != "cpu"
        self._frames = [frames.moved(model.encoder) for frames in self._frames]
        self._waiting = [waiting.to(model.encoder.device) for waiting in self._waiting]
        self._wavefront = self._wavefront.moved(model.encoder)
        for decoder in self._decoders:
            decoder.use(model)
        self._rows = frames_at_once(model.encoder.device, model.encoder.config, len(self._waiting))
