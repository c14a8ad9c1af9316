"""The summary is made of sentences that were spoken, short, in order and without repetition."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omoai_engine.control import JobControl
from omoai_engine.errors import CancelledError
from omoai_engine.postprocess import summarize
from omoai_engine.postprocess.sentences import sentences
from omoai_engine.results import ASRSegment

DATA = Path(__file__).parents[2] / "data"

LECTURE = (
    "Good morning everyone.",
    "Today we talk about volcanoes and how volcanoes shape the land around them.",
    "A volcano is an opening in the crust of the earth where molten rock comes out.",
    "When molten rock cools, it builds new land around the volcano.",
    "Somebody left a blue umbrella at the door.",
    "Scientists measure the gas and the heat of a volcano to predict an eruption.",
    "An eruption can be predicted when gas and heat rise together.",
    "Farmers return after an eruption because the land around volcanoes is fertile.",
    "What do you think?",
    "So the same volcano that destroys the land also makes the land fertile.",
    "See you on Thursday.",
)
BAI_GIANG = (
    "Xin chào tất cả các bạn.",
    "Hôm nay chúng ta nói về cây lúa và nghề trồng lúa ở đồng bằng sông Cửu Long.",
    "Cây lúa cần nhiều nước, vì vậy nông dân đắp đê để giữ nước cho ruộng lúa.",
    "Mỗi năm nông dân ở đồng bằng trồng hai hoặc ba vụ lúa.",
    "Ai để quên cái ô màu xanh ở cửa vậy?",
    "Nước mặn từ biển làm cho ruộng lúa ở đồng bằng giảm năng suất.",
    "Nhà khoa học lai tạo giống lúa mới chịu được nước mặn.",
    "Nhờ giống lúa mới, nông dân ở đồng bằng sông Cửu Long giữ được năng suất.",
    "Hẹn gặp lại các bạn.",
)


def segmented(parts: tuple[str, ...] | list[str]) -> list[ASRSegment]:
    return [ASRSegment(at * 5.0, at * 5.0 + 4.5, text) for at, text in enumerate(parts)]


@pytest.mark.parametrize(("language", "text"), [("en", LECTURE), ("vi", BAI_GIANG)])
def test_bullets_say_what_it_is_about_in_the_order_it_was_said(
    language: str, text: tuple[str, ...]
) -> None:
    summary = summarize(segmented(text), language=language, bullets_max=3)
    assert len(summary.bullets) == 3
    assert set(summary.bullets) <= set(text)
    assert list(summary.bullet_segments) == sorted(summary.bullet_segments)
    assert not any("umbrella" in bullet or "cái ô" in bullet for bullet in summary.bullets)
    assert text[0] not in summary.bullets
    assert text[-1] not in summary.bullets
    assert [text[support[0]] for support in summary.bullet_segments] == list(summary.bullets)
    assert summary.abstract
    assert all(bullet not in summary.abstract for bullet in summary.bullets)
    assert 0 < len(summary.title) <= 70
    assert summary.metadata == {
        "method": "extractive",
        "language": language,
        "sentences": len(text),
    }


def test_a_sentence_over_several_segments_is_supported_by_all_of_them() -> None:
    parts = [*LECTURE[:2], "A volcano is an opening in the crust,", "where molten rock comes out."]
    found = list(sentences(segmented(parts)))
    assert (found[-1].first, found[-1].last) == (2, 3)
    assert found[-1].text == "A volcano is an opening in the crust, where molten rock comes out."


def test_abbreviations_and_numbers_end_no_sentence() -> None:
    text = 'Mr. Brown paid 3.50 to J. Smith. "Did he?" she asked. I. Yes!'
    assert [sentence.text for sentence in sentences([ASRSegment(0, 9, text)])] == [
        "Mr. Brown paid 3.50 to J. Smith.",
        '"Did he?"',
        "she asked.",
        "I.",
        "Yes!",
    ]


def test_speech_without_marks_is_taken_segment_by_segment() -> None:
    found = list(sentences(segmented(["we walked home", "and slept", "until noon"])))
    assert [(sentence.text, sentence.first) for sentence in found] == [
        ("we walked home", 0),
        ("and slept", 1),
        ("until noon", 2),
    ]


def test_what_was_said_again_and_again_is_listed_once() -> None:
    again = ["The land around volcanoes is fertile and farmers like it."] * 10
    summary = summarize(segmented([*LECTURE, *again]), language="en", bullets_max=5)
    said = [*summary.bullets, summary.abstract]
    assert sum(text.count(again[0]) for text in said) <= 1


@pytest.mark.parametrize("segments", [[], [ASRSegment(0, 1, "")], [ASRSegment(0, 1, " \n ")]])
def test_nothing_said_gives_an_empty_summary_that_says_why(segments: list[ASRSegment]) -> None:
    summary = summarize(segments, language="vi")
    assert (summary.title, summary.abstract, summary.bullets) == ("", "", ())
    assert summary.metadata["reason"] == "there are no words"


@pytest.mark.parametrize("text", ["Vâng.", "Yes", "không", "a", "...", "Xin chào các bạn."])
def test_a_word_or_a_sentence_is_its_own_summary(text: str) -> None:
    summary = summarize([ASRSegment(0, 1, text)], language=None)
    assert summary.abstract == text
    assert summary.bullets == (text,)
    assert summary.bullet_segments == ((0,),)
    assert summary.title == (text.rstrip(".") or text)


def test_a_long_title_is_cut_behind_a_clause_or_between_words() -> None:
    clause = "The people who live around the volcano know it well, " + "and so on and on " * 5
    words = "The people who live around the volcano know it very well and so on " * 3
    assert summarize([ASRSegment(0, 9, clause)]).title == (
        "The people who live around the volcano know it well…"
    )
    assert summarize([ASRSegment(0, 9, words)]).title == (
        "The people who live around the volcano know it very well and so on…"
    )
    assert len(summarize([ASRSegment(0, 9, "x" * 1000)]).title) == 70


def test_a_script_without_blanks_is_summarised_too() -> None:
    text = (
        "今天我们谈谈火山。火山是地壳的开口。岩浆从火山的开口流出来。"
        "有人把雨伞忘在门口了。科学家测量火山的气体。岩浆冷却以后形成新的土地。"
    )
    summary = summarize([ASRSegment(0, 30, text)], language="zh", bullets_max=3)
    assert 1 <= len(summary.bullets) <= 3
    assert all(bullet in text for bullet in summary.bullets)


def test_a_cancelled_job_stops() -> None:
    control = JobControl()
    control.cancel()
    with pytest.raises(CancelledError):
        summarize(segmented(LECTURE), language="en", control=control)


@given(
    st.lists(
        st.lists(
            st.sampled_from(
                ["lúa", "nước.", "đồng", "bằng?", "volcano", "land,", "the,", "a", "火山。", "1.5"]
            )
        ).map(" ".join),
        max_size=30,
    ),
    st.sampled_from(["vi", "en", "zh", None]),
    st.integers(1, 9),
)
def test_any_transcript_gives_a_summary_of_its_own_words(
    texts: list[str], language: str | None, most: int
) -> None:
    segments = segmented(texts)
    summary = summarize(segments, language=language, bullets_max=most)
    assert len(summary.bullets) == len(summary.bullet_segments) <= most
    assert bool(summary.bullets) == any(text.strip() for text in texts)
    for bullet, support in zip(summary.bullets, summary.bullet_segments, strict=True):
        spoken = " ".join(" ".join(texts[at] for at in support).split())
        assert bullet in spoken
    assert len(summary.title) <= 70


def peak_memory(count: int) -> int:
    dice = random.Random(3)
    vocabulary = [f"word{number}" for number in range(2_000)]
    segments = segmented([" ".join(dice.choices(vocabulary, k=15)) + "." for _ in range(count)])
    tracemalloc.start()
    try:
        summarize(segments, language="en")
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_grows_with_the_text_and_not_with_its_square() -> None:
    assert peak_memory(1_200) < 8 * peak_memory(300)


def test_five_hours_of_speech_give_a_short_summary() -> None:
    dice = random.Random(5)
    vocabulary = [f"từ{number}" for number in range(5_000)]
    parts = [" ".join(dice.choices(vocabulary, k=15)) + "." for _ in range(3_500)]
    summary = summarize(segmented(parts), language="vi")
    assert len(summary.bullets) == 7
    assert summary.metadata["sentences"] == 3_500
