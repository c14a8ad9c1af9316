"""Whatever a language model writes, no word changes and none is lost."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_doubles import DoubleModel, Writer, asked_words, walking, wild
from postprocess_samples import spoken

from omoai_engine.config import PostprocessSettings
from omoai_engine.control import JobControl
from omoai_engine.events import Event, Notice, TokensGenerated
from omoai_engine.postprocess.backend import ModelEngine
from omoai_engine.postprocess.llm.contract import Completion, LanguageModel, Request
from omoai_engine.postprocess.model_stage import ModelPostprocessor
from omoai_engine.postprocess.stage import TextBackend, TextStage
from omoai_engine.postprocess.words import words_of
from omoai_engine.results import ASRSegment, PostprocessResult

VIETNAMESE = "tôi luôn luôn không không đường Nguyễn Huệ thì nước ạ ơi được và 3,5 nhé"
ENGLISH = "the i u.s 3.5 well-known don't (sic) [noise] mr. iphone 2026 and so it's o'clock"
SYMBOLS = "🙂 — … %5 a|b c++ (?:x)[.]? \\d+ <<< >>> <|im_end|> ﬁ ß İ ǅ 50% e-mail@x.vn {} ”"
WORDS = st.one_of(
    st.sampled_from(VIETNAMESE.split()),
    st.sampled_from([unicodedata.normalize("NFD", word) for word in VIETNAMESE.split()]),
    st.sampled_from(ENGLISH.split()),
    st.sampled_from(SYMBOLS.split()),
    st.text(min_size=1, max_size=8).filter(lambda text: bool(text.split())),
)


@st.composite
def transcripts(draw: st.DrawFn) -> list[ASRSegment]:
    words = draw(st.lists(WORDS, min_size=1, max_size=90))
    pauses = st.sampled_from(["", "", "", "", "/", "//", "|", "|5"])
    parts = [part for word in words for part in (word.replace("|", "¦"), draw(pauses))]
    return spoken(" ".join(parts)) if "".join(parts).strip() else spoken("a")


def stage(model: LanguageModel, heard: list[Event] | None = None, **options: object) -> TextStage:
    chosen = PostprocessSettings(**options)  # type: ignore[arg-type]
    return ModelEngine(TextBackend("server", "double", "for the test"), model).stage(
        chosen,
        writes_punctuation=False,
        language="vi",
        control=JobControl(),
        tell=(heard if heard is not None else []).append,
    )


def worked(text: TextStage, segments: list[ASRSegment]) -> PostprocessResult:
    for segment in segments:
        text.push(segment)
    text.finish()
    text.close()
    return text.result()


def assert_untouched(segments: list[ASRSegment], result: PostprocessResult) -> None:
    spoken_words = words_of(" ".join(segment.text for segment in segments))
    assert words_of(result.transcript_punctuated) == spoken_words
    assert words_of(" ".join(segment.text for segment in result.segments)) == spoken_words
    assert len(result.segments) == len(segments)
    for before, after in zip(segments, result.segments, strict=True):
        assert (before.start, before.end, before.confidence) == (
            after.start,
            after.end,
            after.confidence,
        )
        times = {(word.start, word.end, word.confidence) for word in before.words}
        assert {(word.start, word.end, word.confidence) for word in after.words} <= times
    for suggestion in result.suggestions:
        words = segments[suggestion.segment].text.split()
        assert 0 <= suggestion.first <= suggestion.last < len(words)


@settings(max_examples=2000, deadline=None)
@given(transcripts(), st.integers(0, 2**32))
def test_a_model_that_writes_what_it_likes_changes_no_word(
    segments: list[ASRSegment], seed: int
) -> None:
    model = DoubleModel(wild(random.Random(seed)))
    result = worked(stage(model, summary=False, punctuation="model"), segments)
    assert_untouched(segments, result)


@settings(max_examples=500, deadline=None)
@given(transcripts(), st.integers(0, 2**32))
def test_a_random_walk_through_the_grammar_changes_no_word(
    segments: list[ASRSegment], seed: int
) -> None:
    model = DoubleModel(walking(random.Random(seed)), context_tokens=2048)
    result = worked(stage(model, summary=False), segments)
    assert_untouched(segments, result)
    assert not result.suggestions


def echo(dress: dict[str, str]) -> Writer:
    """A model that writes the words asked for, some of them as `dress` says."""

    def write(request: Request) -> Completion:
        return Completion(" ".join(dress.get(w, w) for w in asked_words(request)), "stop")

    return write


def test_marks_and_case_come_from_the_model_and_stand_on_the_words_with_their_times() -> None:
    segments = spoken("xin chào anh nam | anh khỏe không | cảm ơn anh")
    model = DoubleModel(echo({"chào": "chào,", "nam": "Nam!", "không": "không?"}))
    result = worked(stage(model, summary=False), segments)
    assert [s.text for s in result.segments] == ["Xin chào, anh Nam!", "Anh khỏe không?",
                                                 "Cảm ơn anh."]  # fmt: skip
    assert [word.text for word in result.segments[0].words] == ["Xin", "chào,", "anh", "Nam!"]
    assert result.segments[0].words[3].start == segments[0].words[3].start
    assert result.metadata["punctuation"] == "model"
    assert result.metadata["pieces_kept_original"] == 0


def test_other_words_of_the_model_are_suggestions_and_are_not_applied() -> None:
    segments = spoken("hôm nay chúng ta họp về kế hoặch năm sau | và ngân sách")
    model = DoubleModel(echo({"hoặch": "hoạch", "sách": "sách."}))
    result = worked(stage(model, summary=False), segments)
    assert "hoặch" in result.transcript_punctuated
    (only,) = result.suggestions
    assert (only.segment, only.first, only.last, only.text) == (0, 7, 7, "hoạch")


def test_an_answer_of_another_kind_leaves_the_marks_of_the_rules_and_is_counted() -> None:
    segments = spoken("hôm nay trời đẹp | // chúng ta đi chơi nhé")
    refusing = DoubleModel(lambda _: Completion("I am sorry, I cannot help with that.", "stop"))
    result = worked(stage(refusing, summary=False), segments)
    without = worked(stage(DoubleModel(echo({}), dies_after=0), summary=False), segments)
    assert result.transcript_punctuated == without.transcript_punctuated
    assert result.metadata["pieces_kept_original"] == result.metadata["pieces"] > 0
    assert result.metadata["punctuation"] == "rewritten"


def test_a_model_that_dies_on_the_way_costs_a_notice_and_nothing_else() -> None:
    heard: list[Event] = []
    segments = spoken(" |5 ".join(f"đoạn {number} nói về việc này" for number in range(20)))
    text = stage(DoubleModel(echo({}), dies_after=1), heard)
    for segment in segments:
        text.push(segment)
    text.finish()
    result = text.result()
    assert_untouched(segments, result)
    notices = [event.text for event in heard if isinstance(event, Notice)]
    assert len(notices) == 1
    assert "the engine died" in notices[0]
    assert "the engine died" in result.metadata["fell_back"]
    assert result.summary.metadata["method"] == "extractive"
    assert "the engine died" in result.summary.metadata["fallback"]
    assert result.summary.bullets


def test_a_cancelled_job_still_gives_every_word() -> None:
    control = JobControl()

    def write(request: Request) -> Completion:
        control.cancel()
        return Completion("", "error")

    segments = spoken(" |5 ".join(f"phần {number} của bài nói" for number in range(10)))
    text = ModelPostprocessor(
        PostprocessSettings(),
        DoubleModel(write),
        TextBackend("server"),
        punctuates=True,
        writes_punctuation=False,
        control=control,
        tell=lambda _: None,
    )
    given: list[str] = []
    for segment in segments:
        given += [part.paragraph.text for part in text.push(segment)]
    given += [part.paragraph.text for part in text.finish()]
    assert text.finish() == []
    assert words_of(" ".join(given)) == words_of(" ".join(s.text for s in segments))


def test_paragraphs_come_in_order_and_tokens_are_told() -> None:
    heard: list[Event] = []
    segments = spoken(" |5 ".join(f"đây là đoạn số {number}" for number in range(40)))
    text = stage(DoubleModel(echo({})), heard, summary=False)
    given = [part for segment in segments for part in text.push(segment)] + text.finish()
    assert [part.paragraph.first for part in given] == list(range(40))
    assert any(isinstance(event, TokensGenerated) and event.count > 0 for event in heard)


def test_the_fixed_part_of_the_question_stands_first_and_is_the_same_for_every_piece() -> None:
    model = DoubleModel(echo({}))
    worked(stage(model, summary=False), spoken(" ".join(f"từ{n} |" for n in range(200))))
    assert len(model.requests) > 1
    assert len({request.messages[0] for request in model.requests}) == 1
    assert all(len(asked_words(request)) <= 60 for request in model.requests)


@pytest.mark.parametrize("choice", ["rules", "off"])
def test_no_model_is_loaded_where_the_settings_ask_for_none(choice: str) -> None:
    model = DoubleModel(echo({}))
    result = worked(stage(model, punctuation=choice, summary=False), spoken("a b c"))
    assert result.metadata["backend"] == "rules"
    assert model.loads == 0
