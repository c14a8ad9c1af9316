"""Text work by itself: segments in, punctuated segments and a summary out, one model for both.

For programs that have a transcript already. The model is loaded once, at its first use, and kept
for the next transcript until `close`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from omoai_engine.control import Cancellation, JobControl
from omoai_engine.errors import CancelledError
from omoai_engine.events import Event, OnEvent, TextBackendChosen
from omoai_engine.pipeline import as_config
from omoai_engine.postprocess.backend import LanguageModels
from omoai_engine.results import ASRResult, ASRSegment, PostprocessResult, SummaryResult

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig, PostprocessSettings

_STOPPED = "the job was cancelled"


class VLLMProcessor:
    """Punctuates and summarises with the language model that the configuration gives: vLLM, a
    server, or none (the rules). One thread at a time; usable in a `with`.

    Raises `LanguageModelError` or `ModelNotFoundError` at its first use, where a backend is
    named in the configuration and cannot be had.
    """

    def __init__(self, config: OmoAIConfig | Mapping[str, Any] | None = None) -> None:
        self._config = as_config(config)
        self._models = LanguageModels(self._config)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def process(
        self,
        transcript: ASRResult | Sequence[ASRSegment],
        *,
        language: str | None = None,
        writes_punctuation: bool = False,
        on_event: OnEvent | None = None,
        cancel: Cancellation | None = None,
    ) -> PostprocessResult:
        """Punctuate and, if the settings want it, summarise.

        Args:
            transcript: segments in time order, as a recogniser gave them.
            language: ISO 639 code, if it is known.
            writes_punctuation: whether the recogniser wrote marks and capitals itself.
            on_event: told the backend, notices, tokens and the summary as it is written.
            cancel: ends the work within a second.

        Returns every segment. A cancelled call returns what was done, with
        `metadata["cancelled"]` true: what the model did not reach has the marks of the rules,
        and the summary is empty unless it was ready.
        """
        return self._done(
            self._config.postprocess, transcript, language, writes_punctuation, on_event, cancel
        )

    def punctuate(
        self,
        transcript: ASRResult | Sequence[ASRSegment],
        *,
        language: str | None = None,
        on_event: OnEvent | None = None,
        cancel: Cancellation | None = None,
    ) -> PostprocessResult:
        """Punctuate only; as `process`."""
        settings = self._config.postprocess.model_copy(update={"summary": False})
        return self._done(settings, transcript, language, False, on_event, cancel)

    def summarize(
        self,
        transcript: ASRResult | Sequence[ASRSegment],
        *,
        language: str | None = None,
        on_event: OnEvent | None = None,
        cancel: Cancellation | None = None,
    ) -> SummaryResult:
        """Summarise a transcript that is punctuated already; as `process`."""
        settings = self._config.postprocess.model_copy(
            update={"summary": True, "punctuation": "off"}
        )
        done = self._done(settings, transcript, language, True, on_event, cancel)
        return done.summary

    def close(self) -> None:
        """End the model's process or connections. Idempotent."""
        self._models.close()

    def _done(
        self,
        settings: PostprocessSettings,
        transcript: ASRResult | Sequence[ASRSegment],
        language: str | None,
        writes_punctuation: bool,
        on_event: OnEvent | None,
        cancel: Cancellation | None,
    ) -> PostprocessResult:
        control = JobControl(cancel)
        tell = on_event or _ignore
        stage = self._models.chosen().stage(
            settings,
            writes_punctuation=writes_punctuation,
            language=language,
            control=control,
            tell=tell,
        )
        backend = stage.backend
        tell(TextBackendChosen(backend.backend, backend.model, backend.reason))
        try:
            segments = transcript.segments if isinstance(transcript, ASRResult) else transcript
            for segment in segments:
                stage.push(segment)
            stage.finish()
            try:
                summary = stage.summary(control=control)
            except CancelledError:
                summary = SummaryResult("", (), "", metadata={"method": "none", "reason": _STOPPED})
            done = stage.result(summary=summary)
        finally:
            stage.close()
        return replace(done, metadata={**done.metadata, "cancelled": control.is_set()})


def _ignore(_event: Event) -> None:
    """Tell nobody."""
