"""One small result that holds what exports must get right, and hypothesis strategies for more."""

from __future__ import annotations

from hypothesis import strategies as st

from omoai_engine.results import (
    ASRResult,
    ASRSegment,
    Paragraph,
    PipelineResult,
    SummaryResult,
    Word,
)


def spoken(start: float, text: str, *, pace: float = 0.3, confidence: float = 0.9) -> ASRSegment:
    """Return a segment whose words follow each other without a pause, `pace` seconds each."""
    tokens = text.split()
    words = tuple(
        Word(round(start + at * pace, 3), round(start + (at + 1) * pace, 3), token, confidence)
        for at, token in enumerate(tokens)
    )
    return ASRSegment(start, words[-1].end, text, confidence, words)


def sample() -> PipelineResult:
    """Return two paragraphs: Vietnamese with signs that formats give a meaning, and English
    over the hundredth hour without word times."""
    segments = (
        spoken(
            0.48,
            "Xin chào các bạn, hôm nay chúng ta nói về <b>nhận dạng</b> tiếng nói & văn bản.",
        ),
        spoken(8.0, "Bạn có biết a --> b nghĩa là gì không?"),
        ASRSegment(
            360_000.5, 360_006.5, "[noise] #1 is *not* a tag, and 100% of it stays. Really."
        ),
    )
    raw = ASRSegment(
        0.48, 5.28, "xin chào các bạn", None, (Word(0.48, 0.9, "xin", 0.5, (("tin", 0.25),)),)
    )
    return PipelineResult(
        segments=segments,
        transcript="xin chào các bạn hôm nay",
        transcript_punctuated="\n\n".join(
            (f"{segments[0].text} {segments[1].text}", segments[2].text)
        ),
        summary=SummaryResult(
            title="Xin chào các bạn",
            bullets=("Bạn có biết a --> b nghĩa là gì không?",),
            abstract="Really.",
            metadata={"method": "extractive", "sentences": 4},
            bullet_segments=((1,),),
        ),
        timing={"preprocessing": 0.125, "asr": 2.5, "total": 2.75},
        performance={"audio_duration": 360_006.5, "real_time_factor": 0.25},
        metadata={"source": "họp.mp3", "cancelled": False, "tags": ["a", 1, None]},
        paragraphs=(
            Paragraph(0.48, 10.7, f"{segments[0].text} {segments[1].text}", 0, 1),
            Paragraph(360_000.5, 360_006.5, segments[2].text, 2, 2),
        ),
        asr=ASRResult((raw,), "xin chào các bạn hôm nay", 360_006.5, 16_000, {"model": "base"}),
    )


def empty() -> PipelineResult:
    """Return what a silent recording gives."""
    return PipelineResult((), "", "", SummaryResult("", (), ""), {}, {})


# Words as they come from anywhere: long ones, signs, wide letters, combining signs.
any_word = st.text(
    st.characters(exclude_categories=("Z", "C")), min_size=1, max_size=12
) | st.sampled_from(["không", "a,", "b.", "-->", "<i>", "&amp;", "nói.", "世界", "x" * 60])
# Below 100 hours: the reader that the tests compare with knows two digits of hours in SRT.
seconds = st.floats(0, 350_000, allow_nan=False).map(lambda value: round(value, 3))


@st.composite
def timed_segments(draw: st.DrawFn) -> list[ASRSegment]:
    """Return segments in time order, with word times, without, or with words that overlap."""
    segments = []
    now = draw(seconds)
    for _ in range(draw(st.integers(0, 6))):
        now += draw(st.floats(0, 4))
        start = now
        words = []
        for text in draw(st.lists(any_word, min_size=1, max_size=25)):
            end = now + draw(st.floats(0, 1.5))
            words.append(Word(now, end, text, draw(st.none() | st.floats(0, 1))))
            now = end + draw(st.sampled_from([0.0, 0.0, 0.0, 0.2, 1.0, -0.1]))
        kept = tuple(words) if draw(st.booleans()) else ()
        segments.append(
            ASRSegment(start, max(now, start), " ".join(word.text for word in words), None, kept)
        )
        now = max(now, start)
    return segments
