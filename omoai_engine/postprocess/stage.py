"""The two contracts of text work, the same for `rules`, `vllm` and `server`.

A `TextEngine` is what a configuration gives: it says what it is and why, makes a stage for each
recording and is closed at the end; a language model is loaded once and kept between them. A
`TextStage` is the work on one recording: segments in, punctuated paragraphs and a summary out.
`RulesPostprocessor` keeps it without a model, `ModelPostprocessor` with any (the rules
underneath). What a language model is asked itself (generate, stream, count tokens) is the
contract below these, `llm.contract.LanguageModel`: the rules write no tokens, so they have none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from omoai_engine.control import JobControl
from omoai_engine.events import OnEvent
from omoai_engine.results import (
    ASRSegment,
    Paragraph,
    PostprocessResult,
    Suggestion,
    SummaryResult,
)

if TYPE_CHECKING:
    from omoai_engine.config import PostprocessSettings

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

    backend: TextBackend
    """What does the work on this recording, and why."""

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


class TextEngine(Protocol):
    """What does the text work of a configuration: the rules, or a language model."""

    chosen: TextBackend
    """What it is, with which model, and why."""

    def stage(
        self,
        settings: PostprocessSettings,
        *,
        writes_punctuation: bool,
        language: str | None,
        control: JobControl,
        tell: OnEvent,
    ) -> TextStage:
        """Return the work on one recording; a language model begins to load at once.

        Args:
            settings: what to write.
            writes_punctuation: whether the recogniser writes marks and capitals itself.
            language: ISO 639 code, if it is known already.
            control: cancels; what was recognised is still given out.
            tell: called with notices, tokens and the summary as it is written, from any thread.
        """
        ...

    def close(self) -> None:
        """End the model's process or connections, if it has any. Idempotent, any thread."""
        ...
