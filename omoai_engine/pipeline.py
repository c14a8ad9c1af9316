"""The pipeline: sound in, segments, punctuated transcript and summary out, all in memory.

Three stages run at the same time, joined by bounded queues: decoding (a child process, read by
one thread), recognition (a child process, driven by one thread) and text (the caller's thread).
Memory does not grow with the length of the sound, only with its text.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from omoai_engine.asr.choice import RecognizerChoice, build_recognizer, choose_recognizer
from omoai_engine.asr.isolated import IsolatedRecognizer
from omoai_engine.asr.recognizer import Recognizer
from omoai_engine.control import Cancellation, JobControl
from omoai_engine.errors import CancelledError, OmoAIError
from omoai_engine.events import Event, OnEvent
from omoai_engine.job import AudioInput, Job, source_name
from omoai_engine.postprocess.backend import LanguageModels
from omoai_engine.results import PipelineFailure, PipelineResult
from omoai_engine.unfinished import Earlier

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig


class Pipeline:
    """Runs jobs one after another with models that stay loaded between them.

    Making one is cheap: nothing is loaded before the first job. `run` is for one thread at a
    time, `close` for any. Usable in a `with`.
    """

    def __init__(self, config: OmoAIConfig | None = None) -> None:
        self._config = as_config(config)
        self._recognizer: Recognizer | None = None
        self._choice: RecognizerChoice | None = None
        self._language_models = LanguageModels(self._config)
        self._lock = threading.Lock()
        self._closing = JobControl()

    @property
    def config(self) -> OmoAIConfig:
        """What it runs with."""
        return self._config

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def run(
        self,
        audio_input: AudioInput,
        *,
        on_event: OnEvent | None = None,
        cancel: Cancellation | None = None,
        save_intermediates: bool = False,
        output_dir: Path | str | None = None,
        validate_input: bool = True,
        max_audio_duration: float | None = None,
        earlier: Earlier | None = None,
    ) -> PipelineResult:
        """Transcribe one recording.

        Args:
            audio_input: a path, the bytes of a file, or a binary stream.
            on_event: called with every event of the job, from the engine's threads.
            cancel: a `JobControl` (which can also pause) or a `threading.Event`.
            save_intermediates: write the sound that was recognised, the recogniser's result and
                the final one into `output_dir`.
            output_dir: needed by `save_intermediates`.
            validate_input: read the header before the model is loaded; without it both begin
                at once.
            max_audio_duration: seconds; overrides `audio.max_duration`.
            earlier: what an earlier run with the same recogniser recognised of the recording: it
                goes on from there (`unfinished.Unfinished` keeps it). The result holds it all;
                `metadata["continued_from"]` says from where.

        Returns the result; a cancelled job returns what was done, with
        `metadata["cancelled"]` true.

        Raises:
            AudioInputError: the sound cannot be used (`AudioNotFoundError`, `AudioTooLongError`).
            ModelError: the model is missing or cannot be loaded.
            StageError: a stage failed; `partial` holds what was finished.
        """
        # Cancelled by the caller, or because the pipeline is being closed.
        control = JobControl(
            _Either(self._closing, cancel) if cancel is not None else self._closing
        )
        return Job(
            self._config,
            audio_input,
            recognizer=self._recognizer_of,
            text=self._language_models.chosen,
            on_event=self._observer(on_event),
            control=control,
            max_duration=max_audio_duration,
            validate_first=validate_input,
            intermediates=_intermediates_folder(save_intermediates, output_dir),
            earlier=earlier,
        ).run()

    def close(self) -> None:
        """End the running job and the processes of the models; free everything. Idempotent."""
        self._closing.cancel()
        with self._lock:
            recognizer, self._recognizer = self._recognizer, None
        if recognizer is not None:
            recognizer.close()
        self._language_models.close()

    def _recognizer_of(self) -> tuple[RecognizerChoice, Recognizer]:
        choice = choose_recognizer(self._config)
        with self._lock:
            if self._recognizer is None or choice != self._choice:
                if self._recognizer is not None:
                    self._recognizer.close()
                isolated = self._config.asr.isolate
                self._choice = choice
                self._recognizer = (
                    IsolatedRecognizer(choice) if isolated else build_recognizer(choice)
                )
            return choice, self._recognizer

    def _observer(self, on_event: OnEvent | None) -> OnEvent:
        if self._config.api.enable_progress_output:
            from omoai_engine.progress_output import ProgressLines

            return ProgressLines(on_event)
        return on_event or _ignore


class _Either(JobControl):
    """Cancelled when one of two is; paused with the second."""

    def __init__(self, closing: JobControl, cancel: Cancellation) -> None:
        super().__init__(cancel)
        self._closing = closing

    def is_set(self) -> bool:
        return self._closing.is_set() or super().is_set()


def _ignore(_event: Event) -> None:
    """Tell nobody."""


def as_config(config: OmoAIConfig | Mapping[str, Any] | None) -> OmoAIConfig:
    """Return `config` itself, or the checked configuration made from nested tables."""
    from omoai_engine.config import get_config, load_config

    if config is None:
        return get_config()
    return load_config(**config) if isinstance(config, Mapping) else config


def _intermediates_folder(wanted: bool, output_dir: Path | str | None) -> Path | None:
    if not wanted:
        return None
    if output_dir is None:
        raise ValueError("save_intermediates needs output_dir, the folder to write into.")
    return Path(output_dir)


def run_full_pipeline_memory(
    audio_input: AudioInput,
    config: OmoAIConfig | Mapping[str, Any] | None = None,
    save_intermediates: bool = False,
    output_dir: Path | str | None = None,
    validate_input: bool = True,
    max_audio_duration: float | None = None,
    on_event: OnEvent | None = None,
    cancel: Cancellation | None = None,
) -> PipelineResult:
    """Transcribe one recording, everything in memory; see `Pipeline.run`.

    `config` may be nested tables of settings (`{"asr": {"language": "vi"}}`).
    """
    with Pipeline(as_config(config)) as pipeline:
        return pipeline.run(
            audio_input,
            validate_input=validate_input,
            on_event=on_event,
            cancel=cancel,
            save_intermediates=save_intermediates,
            output_dir=output_dir,
            max_audio_duration=max_audio_duration,
        )


def run_pipeline_batch(
    audio_inputs: Iterable[AudioInput],
    config: OmoAIConfig | Mapping[str, Any] | None = None,
    save_intermediates: bool = False,
    output_base_dir: Path | str | None = None,
    validate_input: bool = True,
    max_audio_duration: float | None = None,
    on_event: OnEvent | None = None,
    cancel: Cancellation | None = None,
) -> list[PipelineResult | PipelineFailure]:
    """Transcribe several recordings with models loaded once; results in the inputs' order.

    A bad input becomes a `PipelineFailure` and never stops the others. With
    `save_intermediates` each input gets a folder of its own under `output_base_dir`. After a
    cancellation the inputs not begun are failures with a `CancelledError`.
    """
    results: list[PipelineResult | PipelineFailure] = []
    with Pipeline(as_config(config)) as pipeline:
        for number, audio_input in enumerate(audio_inputs, 1):
            name = source_name(audio_input)
            folder = None
            if output_base_dir is not None:
                folder = Path(output_base_dir) / f"{number:03d}-{Path(name).stem[:80] or 'input'}"
            try:
                if cancel is not None and cancel.is_set():
                    raise CancelledError("the batch was cancelled before this input", where=name)
                results.append(
                    pipeline.run(
                        audio_input,
                        validate_input=validate_input,
                        on_event=on_event,
                        cancel=cancel,
                        save_intermediates=save_intermediates,
                        output_dir=folder,
                        max_audio_duration=max_audio_duration,
                    )
                )
            except OmoAIError as error:
                partial = getattr(error, "partial", None)
                results.append(PipelineFailure(name, error, partial))
    return results
