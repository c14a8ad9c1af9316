"""What a text stage gave out so far: its paragraphs, their segments and what is counted of them.

Both text stages stand on it. In: closed paragraphs with the segments as they were recognised.
Out: the transcript, the figures and, at the end, the result.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from omoai_engine.control import JobControl
from omoai_engine.postprocess.counting import TextCounts, counted
from omoai_engine.postprocess.languages import is_unspaced
from omoai_engine.postprocess.stage import PunctuatedParagraph
from omoai_engine.results import (
    ASRSegment,
    Paragraph,
    PostprocessResult,
    Suggestion,
    SummaryResult,
)


class GivenOut(ABC):
    """The part of a text stage that is the same for every backend. Not thread-safe."""

    def __init__(self) -> None:
        self._segments: list[ASRSegment] = []
        self._paragraphs: list[Paragraph] = []
        self._counts = TextCounts()

    def _give(
        self, one: PunctuatedParagraph, originals: Sequence[ASRSegment], language: str | None
    ) -> None:
        """Count a paragraph that is given out now; `originals` are its segments as recognised."""
        self._counts += counted(joined(originals, language), one.paragraph.text)
        self._segments.extend(one.segments)
        self._paragraphs.append(one.paragraph)

    @property
    def segments(self) -> tuple[ASRSegment, ...]:
        """The punctuated segments of every paragraph given out, in order."""
        return tuple(self._segments)

    @property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """Every paragraph given out, in order."""
        return tuple(self._paragraphs)

    @property
    def suggestions(self) -> tuple[Suggestion, ...]:
        """What a model would have written instead; nothing of it is applied."""
        return ()

    @property
    def metadata(self) -> dict[str, Any]:
        """What was counted."""
        return {"paragraphs": len(self._paragraphs), **self._counts.figures()}

    @abstractmethod
    def summary(self, *, control: JobControl | None = None) -> SummaryResult:
        """Return the summary of what was given out. Raises `CancelledError`."""

    def result(
        self, *, control: JobControl | None = None, summary: SummaryResult | None = None
    ) -> PostprocessResult:
        """Return everything with its summary; call `finish` first. Raises `CancelledError`."""
        if summary is None:
            summary = self.summary(control=control)
        return PostprocessResult(
            segments=self.segments,
            transcript_punctuated="\n\n".join(part.text for part in self._paragraphs if part.text),
            summary=summary,
            metadata=self.metadata,
            paragraphs=self.paragraphs,
            suggestions=self.suggestions,
        )


def joined(segments: Sequence[ASRSegment], language: str | None) -> str:
    """Return the text of a paragraph of these segments."""
    separator = "" if is_unspaced(language) else " "
    return separator.join(text for segment in segments if (text := segment.text.strip()))


def no_summary() -> SummaryResult:
    """Return what stands for a summary that nobody asked for."""
    return SummaryResult("", (), "", metadata={"method": "none", "reason": "switched off"})
