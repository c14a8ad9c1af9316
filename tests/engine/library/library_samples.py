"""Small transcripts for the tests of the library."""

from __future__ import annotations

from omoai_engine.results import (
    ASRResult,
    ASRSegment,
    Paragraph,
    PipelineResult,
    Suggestion,
    SummaryResult,
    Word,
)

LINES = (
    "Xin chào các bạn, hôm nay chúng ta nói về tiếng Việt.",
    "Đường phố Hà Nội rất đông.",
    "Ngân hàng mở cửa lúc tám giờ sáng.",
    "Cảm ơn và hẹn gặp lại.",
)


def spoken(start: float, text: str, *, confidence: float = 0.9) -> ASRSegment:
    """Return a segment of words of 0.3 s that follow each other."""
    words = tuple(
        Word(round(start + at * 0.3, 3), round(start + at * 0.3 + 0.3, 3), token, confidence)
        for at, token in enumerate(text.split())
    )
    return ASRSegment(start, words[-1].end, text, confidence, words)


def talk(*lines: str) -> PipelineResult:
    """Return a transcript of `lines`, ten seconds apart, two to a paragraph."""
    given = lines or LINES
    segments = tuple(spoken(10.0 * at, line) for at, line in enumerate(given))
    raw = tuple(spoken(10.0 * at, line.lower().rstrip(".")) for at, line in enumerate(given))
    paragraphs = tuple(
        Paragraph(
            segments[at].start,
            segments[min(at + 1, len(segments) - 1)].end,
            " ".join(s.text for s in segments[at : at + 2]),
            at,
            min(at + 1, len(segments) - 1),
        )
        for at in range(0, len(segments), 2)
    )
    return PipelineResult(
        segments=segments,
        transcript=" ".join(s.text for s in raw),
        transcript_punctuated="\n\n".join(p.text for p in paragraphs),
        summary=SummaryResult("Buổi nói chuyện", (given[-1],), given[0], {}, ((len(given) - 1,),)),
        timing={"total": 1.5},
        performance={"audio_duration": 10.0 * len(given)},
        metadata={"source": "talk.mp3", "language": "vi"},
        paragraphs=paragraphs,
        asr=ASRResult(
            raw, " ".join(s.text for s in raw), 10.0 * len(given), 16_000, {"model": "m"}
        ),
        suggestions=(Suggestion(1, 2, 3, "Hà Giang"),),
    )
