"""A transcript of the library as a `PipelineResult`, for whatever takes results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from omoai_engine.library.records import Segment, StoredSuggestion, Transcript
from omoai_engine.results import Paragraph, PipelineResult, Suggestion


def current_result(
    transcript: Transcript,
    original: PipelineResult | None,
    suggestions: Sequence[StoredSuggestion] = (),
) -> PipelineResult:
    """Return the text as it stands with everything else the job gave.

    A paragraph begins where one began, at the segments that are still there.
    """
    segments = transcript.segments
    index = {segment.key: at for at, segment in enumerate(segments)}
    paragraphs = _paragraphs(segments, transcript.paragraph_starts)
    supports = tuple(
        tuple(index[key] for key in keys if key in index) for keys in transcript.bullet_keys
    )
    spoken = " ".join(segment.text for segment in segments)
    return PipelineResult(
        segments=tuple(segment.asr() for segment in segments),
        transcript=original.transcript if original else spoken,
        transcript_punctuated="\n\n".join(paragraph.text for paragraph in paragraphs),
        summary=replace(transcript.summary, bullet_segments=supports),
        timing=original.timing if original else {},
        performance=original.performance if original else {},
        metadata={
            **(original.metadata if original else transcript.entry.metadata),
            "title": transcript.entry.title,
            "library_id": transcript.entry.id,
            "revision": transcript.entry.revision,
        },
        paragraphs=paragraphs,
        asr=original.asr if original else None,
        suggestions=tuple(
            Suggestion(index[one.key], one.first, one.last, one.text)
            for one in suggestions
            if one.state == "open" and one.key in index
        ),
    )


def _paragraphs(segments: Sequence[Segment], starts: frozenset[int]) -> tuple[Paragraph, ...]:
    firsts = [at for at, segment in enumerate(segments) if at == 0 or segment.key in starts]
    made = []
    for first, following in zip(firsts, [*firsts[1:], len(segments)], strict=True):
        run = segments[first:following]
        text = " ".join(segment.text for segment in run)
        end = max(segment.end for segment in run)
        made.append(Paragraph(run[0].start, end, text, first, following - 1))
    return tuple(made)
