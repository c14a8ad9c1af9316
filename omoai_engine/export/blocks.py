"""The transcript in blocks to read: paragraphs, cut where the speaker changes.

In: a `PipelineResult`. Out: blocks in order, together every segment once; text on one line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from omoai_engine.results import ASRSegment, Paragraph, PipelineResult
from omoai_engine.text import one_line


@dataclass(frozen=True, slots=True)
class Block:
    """A run of segments by one speaker, in seconds."""

    start: float
    end: float
    speaker: str
    text: str
    segments: tuple[ASRSegment, ...]


def blocks(result: PipelineResult) -> list[Block]:
    """Return the blocks of a transcript; those without text are left out."""
    made = []
    for run in _runs(result.segments, result.paragraphs):
        text = one_line(" ".join(segment.text for segment in run))
        if text:
            speaker = one_line(run[0].speaker or "")
            end = max(segment.end for segment in run)
            made.append(Block(run[0].start, end, speaker, text, tuple(run)))
    return made


def _runs(
    segments: Sequence[ASRSegment], paragraphs: Sequence[Paragraph]
) -> Iterator[Sequence[ASRSegment]]:
    starts = {paragraph.first for paragraph in paragraphs}
    first = 0
    for at in range(1, len(segments) + 1):
        if at == len(segments) or at in starts or segments[at].speaker != segments[first].speaker:
            if first < at:
                yield segments[first:at]
            first = at
