"""ChunkFormer behind the recogniser contract.

In: 16 kHz mono float32 blocks in order. Out: segments as soon as they are firm. It never
changes the number of threads of its process, never downloads, and loads nothing before `load`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from omoai_engine.asr.recognizer import AudioProgress, RecognizerInfo, Report, ignore
from omoai_engine.audio import AudioBlock
from omoai_engine.control import JobControl
from omoai_engine.errors import ModelError
from omoai_engine.events import Notice
from omoai_engine.results import ASRSegment

if TYPE_CHECKING:
    from omoai_engine.asr.chunkformer.config import Context
    from omoai_engine.asr.chunkformer.loading import LoadedModel
    from omoai_engine.asr.chunkformer.transcription import LiveTranscription, Options
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

        Looks at `control` between the layers of the encoder and raises `CancelledError`.
        """
        import torch

        from omoai_engine.asr.chunkformer.transcription import FileTranscription

        model = self._loaded()
        self._tell(report)
        work = FileTranscription(
            model,
            self._context(live=False),
            self._options(),
            check=control.checkpoint,
            notice=lambda sentence: report(Notice(sentence)),
        )
        offset, first = 0.0, True
        for block in blocks:
            control.checkpoint()
            if first:
                offset, first = block.start, False
            work.push(torch.from_numpy(block.samples))
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
        import torch

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
        )
        while not work.over:
            for index in work.hungry:
                control.checkpoint()
                block = next(sources[index], None)
                if block is None:
                    work.end(index)
                else:
                    work.push(torch.from_numpy(block.samples), index)
            if not work.hungry:
                for segments, new in zip(found, work.step(), strict=True):
                    segments += new
        return [(segments, work.seconds(index)) for index, segments in enumerate(found)]

    def live(self) -> LiveTranscription:
        """Begin a live recording: `push` samples, get firm segments and provisional words."""
        from omoai_engine.asr.chunkformer.transcription import LiveTranscription

        return LiveTranscription(self._loaded(), self._context(live=True), self._options())

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
            import torch

            from omoai_engine.asr.chunkformer.loading import load_model

            asked = self._settings
            try:
                # The best quality is that of the weights as they were published.
                exact = asked.precision == "auto" and asked.quality == "best"
                precision = "float32" if exact else asked.precision
                self._model = load_model(self._folder, asked.device, precision)
            except torch.OutOfMemoryError:
                torch.cuda.empty_cache()
                if asked.device != "auto":
                    raise ModelError(
                        "the GPU has too little free memory for this model",
                        where=self._info.model,
                        hint="Close other programs on the GPU, or set asr.device to auto or cpu",
                    ) from None
                self._model = load_model(self._folder, "cpu", "auto")
                self._notices.append(
                    "The GPU has too little free memory for this model: the processor recognises"
                )
        return self._model

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
            hotwords=self._hotwords,
        )


def _moved(segments: Iterable[ASRSegment], by: float) -> Iterator[ASRSegment]:
    """Count the seconds from another beginning."""
    for segment in segments:
        if by:
            words = tuple(replace(w, start=w.start + by, end=w.end + by) for w in segment.words)
            segment = replace(segment, start=segment.start + by, end=segment.end + by, words=words)
        yield segment
