"""The contract of the text stage: segments in, punctuated paragraphs and a summary out.

Two keep it: `RulesPostprocessor` (no model) and `ModelPostprocessor` (any language model, with
the rules underneath). One recording each; used by one thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from omoai_engine.control import JobControl
from omoai_engine.results import (
    ASRSegment,
    Paragraph,
    PostprocessResult,
    Suggestion,
    SummaryResult,
)

Backend = Literal["rules", "vllm", "server"]


class PunctuatedParagraph(NamedTuple):
    """A closed paragraph and its segments with punctuated text."""

    paragraph: Paragraph
    segments: tuple[ASRSegment, ...]


@dataclass(frozen=True, slots=True)
class TextBackend:
    """What does the text work, with which model, and why."""

    backend: Backend = "rules"
    model: str = ""
    reason: str = ""


class TextStage(Protocol):
    """What the pipeline asks of the text work on one recording."""

    language: str | None
    """ISO 639 code; may be set at any time, it is read anew for every paragraph."""

    @property
    def segments(self) -> tuple[ASRSegment, ...]:
        """The punctuated segments of every paragraph given out, in order."""
        ...

    @property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """Every paragraph given out, in order."""
        ...

    @property
    def suggestions(self) -> tuple[Suggestion, ...]:
        """What the model would have written instead; nothing of it is applied."""
        ...

    @property
    def metadata(self) -> dict[str, Any]:
        """How it was done, in figures."""
        ...

    @property
    def busy_seconds(self) -> float:
        """Seconds of punctuation done beside the caller's thread."""
        ...

    @property
    def loading_seconds(self) -> float:
        """Seconds that loading the language model took; 0 where there is none."""
        ...

    @property
    def waited_seconds(self) -> float:
        """Seconds of the caller's time in which nothing but the loading went on."""
        ...

    def push(self, segment: ASRSegment) -> list[PunctuatedParagraph]:
        """Take the next segment; return the paragraphs that are ready, often none."""
        ...

    def ready(self) -> list[PunctuatedParagraph]:
        """Return the paragraphs that became ready meanwhile; never waits."""
        ...

    def finish(self) -> list[PunctuatedParagraph]:
        """Bring everything to its end and return the paragraphs not given out yet."""
        ...

    def summary(self, *, control: JobControl | None = None) -> SummaryResult:
        """Return the summary of what was given out. Raises `CancelledError`."""
        ...

    def result(
        self, *, control: JobControl | None = None, summary: SummaryResult | None = None
    ) -> PostprocessResult:
        """Return everything with its summary; call `finish` first. Raises `CancelledError`."""
        ...

    def close(self) -> None:
        """End what still runs for this recording. Idempotent; the model stays loaded."""
        ...
