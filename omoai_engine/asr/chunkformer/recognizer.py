"""ChunkFormer behind the recogniser contract.

In: 16 kHz mono float32 blocks in order. Out: segments as soon as they are firm. It never
changes the number of threads of its process, never downloads, and loads nothing before `load`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from omoai_engine.asr.recognizer import AudioProgress, RecognizerInfo, Report, ignore
from omoai_engine.audio import AudioBlock
from omoai_engine.control import JobControl
from omoai_engine.errors import ModelError
from omoai_engine.events import Notice, ProvisionalText
from omoai_engine.results import ASRSegment

if TYPE_CHECKING:
    from torch import Tensor

    from omoai_engine.asr.chunkformer.config import Context
    from omoai_engine.asr.chunkformer.live import LiveTranscription
    from omoai_engine.asr.chunkformer.loading import LoadedModel
    from omoai_engine.asr.chunkformer.transcription import Options
    from omoai_engine.config import ASRSettings


class ChunkFormerRecognizer:
    """The recogniser contract on a ChunkFormer folder."""

    def __init__(
        self,
        folder: Path,
        name: str,
        settings: ASRSettings,
        *,
        languages: tuple[str, ...] = (),
        hotwords: tuple[str, ...] = (),
    ) -> None:
        self._folder, self._settings, self._hotwords = folder, settings, hotwords
        self._model: LoadedModel | None = None
        self._notices: list[str] = []
        self._info = RecognizerInfo(
            name="chunkformer", model=name, languages=languages, writes_punctuation=False, live=True
        )

    @property
    def info(self) -> RecognizerInfo:
        """What it can do; available before `load`."""
        return self._info

    def load(self) -> None:
        """Load the model. Idempotent. Raises `ModelError`, or `ConfigError` for a device or
        precision that is not to be had."""
        self._loaded()

    def recognize(
        self, blocks: Iterable[AudioBlock], *, control: JobControl, report: Report = ignore
    ) -> Iterator[ASRSegment]:
        """Yield segments in time order as they become firm; file mode.

        Reports the first words of a long recording as `ProvisionalText` before they are firm.
        Looks at `control` between the layers of the encoder and raises `CancelledError`.
        """
        from omoai_engine.asr.chunkformer.live import EarlyText
        from omoai_engine.asr.chunkformer.transcription import FileTranscription

        model = self._loaded()
        self._tell(report)
        context, options = self._context(live=False), self._options()
        work = FileTranscription(
            model,
            context,
            options,
            check=control.checkpoint,
            notice=lambda sentence: report(Notice(sentence)),
            on_processor=self._moved_to_processor,
        )
        early = EarlyText(model, context, options, control.checkpoint)
        offset, first = 0.0, True
        for block in blocks:
            control.checkpoint()
            if first:
                offset, first = block.start, False
            samples = _samples(block)
            if text := early.push(samples):
                report(replace(text, start=text.start + offset, end=text.end + offset))
            work.push(samples)
            while not work.hungry:
                yield from _moved(work.step()[0], offset)
                report(AudioProgress(offset + work.firm_seconds()))
        work.end()
        while not work.over:
            yield from _moved(work.step()[0], offset)
        report(AudioProgress(offset + work.seconds()))

    def recognize_batch(
        self,
        recordings: Sequence[Iterable[AudioBlock]],
        *,
        control: JobControl,
        report: Report = ignore,
    ) -> list[tuple[list[ASRSegment], float]]:
        """Return the segments and the seconds of several recordings, read side by side.

        None influences another: each gets what `recognize` gives it. As many go through the
        model together as are given, so give no more at once than memory holds of their sound:
        about a minute of each.
        """
        from omoai_engine.asr.chunkformer.transcription import FileTranscription

        if not recordings:
            return []
        model = self._loaded()
        self._tell(report)
        sources = [iter(blocks) for blocks in recordings]
        found: list[list[ASRSegment]] = [[] for _ in sources]
        work = FileTranscription(
            model,
            self._context(live=False),
            self._options(),
            streams=len(sources),
            check=control.checkpoint,
            notice=lambda sentence: report(Notice(sentence)),
            on_processor=self._moved_to_processor,
        )
        while not work.over:
            for index in work.hungry:
                control.checkpoint()
                block = next(sources[index], None)
                if block is None:
                    work.end(index)
                else:
                    work.push(_samples(block), index)
            if not work.hungry:
                for segments, new in zip(found, work.step(), strict=True):
                    segments += new
        return [(segments, work.seconds(index)) for index, segments in enumerate(found)]

    def recognize_live(
        self, blocks: Iterable[AudioBlock], *, control: JobControl, report: Report = ignore
    ) -> Iterator[ASRSegment]:
        """Follow a recording that is being made: yield the segments that are firm, report the
        words after them as `ProvisionalText`.

        With the default sizes words appear within 1 s, and a segment is firm at most 3.2 s after
        its last word, besides the time to compute. Looks at `control` several times a layer.
        """
        from omoai_engine.asr.chunkformer.live import provisional

        work = self.live(control.checkpoint)
        self._tell(report)
        offset, first = 0.0, True
        shown: ProvisionalText | None = None
        for block in blocks:
            control.checkpoint()
            if first:
                offset, first = block.start, False
            update = work.push(_samples(block))
            yield from _moved(update.segments, offset)
            draft = provisional(update.draft, offset)
            if draft and draft != shown:
                report(draft)
            elif shown and not draft:  # nothing takes the place of what was shown
                report(ProvisionalText(shown.start, shown.end, ""))
            shown = draft
            report(AudioProgress(offset + update.seconds))
        yield from _moved(work.finish().segments, offset)
        if shown:
            report(ProvisionalText(shown.start, shown.end, ""))

    def live(self, check: Callable[[], None] | None = None) -> LiveTranscription:
        """Begin a live recording: `push` samples, get firm segments and provisional words.

        `check` is called several times a layer and may raise to stop the work.
        """
        from omoai_engine.asr.chunkformer.live import LiveTranscription
        from omoai_engine.asr.chunkformer.streaming import nothing

        model, context = self._loaded(), self._context(live=True)
        return LiveTranscription(model, context, self._options(), check=check or nothing)

    def close(self) -> None:
        """Free everything. Idempotent."""
        if self._model is None:
            return
        on_gpu = self._model.encoder.device.type == "cuda"
        self._model = None
        if on_gpu:
            import torch

            torch.cuda.empty_cache()

    def _loaded(self) -> LoadedModel:
        if self._model is None:
            from omoai_engine.asr.chunkformer.shortage import is_out_of_memory

            try:
                self._model = self._load(self._settings.device)
            except (RuntimeError, MemoryError, OSError) as error:
                if not is_out_of_memory(error):
                    raise
                self._model = self._load_with_less()
            self._look_at_hotwords(self._model)
        return self._model

    def _load(self, device: Literal["auto", "cpu", "cuda"]) -> LoadedModel:
        from omoai_engine.asr.chunkformer.loading import load_model

        asked = self._settings
        return load_model(self._folder, device, asked.precision, asked.quality)

    def _load_with_less(self) -> LoadedModel:
        """Load the model after memory ran out: on the processor, if that was not it."""
        from omoai_engine.asr.chunkformer.devices import choose_device
        from omoai_engine.asr.chunkformer.shortage import is_out_of_memory

        asked = self._settings.device
        if choose_device(asked).type == "cpu":
            raise self._too_little("This computer has", "Close other programs")
        if asked != "auto":
            raise self._too_little(
                "The GPU has", "Close other programs on the GPU, or set asr.device to auto or cpu"
            )
        try:
            return self._moved_to_processor(
                "The GPU has too little free memory for this model: the processor recognises"
            )
        except (RuntimeError, MemoryError, OSError) as error:
            if not is_out_of_memory(error):
                raise
            raise self._too_little("GPU and processor have", "Close other programs") from None

    def _moved_to_processor(self, notice: str = "") -> LoadedModel:
        """Give up the GPU, also for the recordings that come after."""
        import torch

        from omoai_engine.asr.chunkformer.loading import load_model

        self._model = None
        torch.cuda.empty_cache()
        self._model = load_model(self._folder, "cpu", "auto", self._settings.quality)
        self._notices += [notice] if notice else []
        return self._model

    def _too_little(self, who: str, hint: str) -> ModelError:
        return ModelError(
            f"{who} too little free memory for this model", where=self._info.model, hint=hint
        )

    def _look_at_hotwords(self, model: LoadedModel) -> None:
        """Note what the model cannot prefer."""
        if not self._hotwords:
            return
        _, unknown = model.hotwords(self._hotwords)
        if model.encoder.config.kind == "transducer":
            self._notices.append(
                "Hotwords have no effect: a transducer model cannot be told to prefer words"
            )
        elif unknown:
            shown = ", ".join(unknown[:5]) + (" and others" if len(unknown) > 5 else "")
            what = "this one has" if len(unknown) == 1 else "these have"
            self._notices.append(
                f"The model's vocabulary cannot write some hotwords, and {what} no effect: {shown}"
            )

    def _tell(self, report: Report) -> None:
        """Report once what loading had to change."""
        for sentence in self._notices:
            report(Notice(sentence))
        self._notices.clear()

    def _context(self, *, live: bool) -> Context:
        from omoai_engine.asr.chunkformer.config import LIVE_CONTEXT, Context

        usual, asked = LIVE_CONTEXT if live else Context(), self._settings
        return Context(
            usual.chunk if asked.chunk_size is None else asked.chunk_size,
            usual.left if asked.left_context is None else asked.left_context,
            usual.right if asked.right_context is None else asked.right_context,
        )

    def _options(self) -> Options:
        from omoai_engine.asr.chunkformer.transcription import Options

        return Options(
            min_silence_seconds=self._settings.min_silence_seconds,
            max_segment_seconds=self._settings.max_segment_seconds,
            alternatives=0 if self._settings.quality == "fast" else Options().alternatives,
            hotwords=self._hotwords,
        )


def _samples(block: AudioBlock) -> Tensor:
    """The block's samples as a tensor; what may not be written to is copied, or torch warns."""
    import torch

    writable = block.samples.flags.writeable
    return torch.from_numpy(block.samples if writable else block.samples.copy())


def _moved(segments: Iterable[ASRSegment], by: float) -> Iterator[ASRSegment]:
    """Count the seconds from another beginning."""
    for segment in segments:
        if by:
            words = tuple(replace(w, start=w.start + by, end=w.end + by) for w in segment.words)
            segment = replace(segment, start=segment.start + by, end=segment.end + by, words=words)
        yield segment
