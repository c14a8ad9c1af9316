"""What nobody said is cut with a reason; what somebody said stays, repeats and all."""

from __future__ import annotations

import pytest

from omoai_engine.asr.hallucination import Hypothesis, judge
from omoai_engine.asr.whisper_window import WindowSegment
from omoai_engine.results import Word


def hypothesis(
    text: str,
    *,
    seconds_a_word: float = 0.3,
    score: float = -0.3,
    no_speech: float = 0.1,
    compression: float = 1.5,
    share: float = 0.9,
    strength: float = 0.9,
) -> Hypothesis:
    words = tuple(
        (Word(i * seconds_a_word, (i + 1) * seconds_a_word, word, 0.8), f" {word}")
        for i, word in enumerate(text.split())
    )
    return Hypothesis(words, WindowSegment((), score, no_speech, compression), share, strength)


def kept(found: Hypothesis) -> str:
    return " ".join(word.text for word, _ in judge(found)[0])


@pytest.mark.parametrize(
    "text",
    [
        "Tôi luôn luôn nói không không là không",
        "Cảm ơn các bạn đã theo dõi",
        "no no no no no no no no no no",
        "Thank you for watching.",
        "you",
    ],
)
def test_clear_speech_stays_as_it_is(text: str) -> None:
    assert kept(hypothesis(text)) == text


@pytest.mark.parametrize(
    ("text", "weak"),
    [
        (
            "Hãy subscribe cho kênh Ghiền Mì Gõ Để không bỏ lỡ những video hấp dẫn",
            {"strength": 0.5},
        ),
        ("Thank you for watching!", {"no_speech": 0.5}),
        ("Subtitles by the Amara.org community", {"score": -0.9}),
        ("Cảm ơn các bạn đã theo dõi và hẹn gặp lại.", {"no_speech": 0.4}),
    ],
)
def test_subtitle_lines_over_weak_speech_are_cut_with_a_reason(
    text: str, weak: dict[str, float]
) -> None:
    words, cuts = judge(hypothesis(text, **weak))
    assert words == []
    assert [cut.text for cut in cuts] == [text]
    assert "subtitles" in cuts[0].reason


def test_words_where_no_speech_was_detected_are_cut() -> None:
    _, cuts = judge(hypothesis("một câu nào đó", share=0.1))
    assert cuts[0].reason == "no speech was detected there"


def test_improbable_words_over_noise_are_cut_but_not_over_speech() -> None:
    assert kept(hypothesis("tiếng gì lạ", strength=0.5, score=-0.9)) == ""
    assert kept(hypothesis("tiếng gì lạ", strength=0.9, score=-0.9)) == "tiếng gì lạ"


def test_a_loop_is_cut_to_its_first_round() -> None:
    text = "mở đầu " + "và khó khăn " * 6 + "kết thúc"
    words, cuts = judge(hypothesis(text, compression=3.0))
    assert " ".join(word.text for word, _ in words) == "mở đầu và khó khăn kết thúc"
    assert cuts[0].reason == "the same words 6 times in a row"
    assert cuts[0].text == ("và khó khăn " * 5).strip()


def test_hurried_repeats_are_a_loop_and_unhurried_ones_are_speech() -> None:
    text = "ha " * 20
    assert kept(hypothesis(text, seconds_a_word=0.02)) == "ha"
    assert kept(hypothesis(text, seconds_a_word=0.25)) == text.strip()
