"""Answers that no one asked for: the words stay, and the summary holds or says that it failed."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from model_doubles import DoubleModel, Writer, asked_words
from postprocess_samples import spoken

from omoai_engine.config import PostprocessSettings
from omoai_engine.control import JobControl
from omoai_engine.postprocess.backend import ModelEngine
from omoai_engine.postprocess.llm.contract import Completion, Request
from omoai_engine.postprocess.stage import TextBackend
from omoai_engine.postprocess.words import words_of
from omoai_engine.results import ASRSegment, PostprocessResult

SAID = spoken(
    "chúng ta họp về ngân sách năm sau |5 anh Nam sẽ viết báo cáo trước thứ sáu |5 "
    "chị Lan hỏi về lịch nghỉ tết |5 mọi người đồng ý mua máy chủ mới luôn luôn"
)
LONG = spoken(" |5 ".join(f"việc số {n} do người thứ {n} làm trong tuần này" for n in range(150)))


def words_in(segments: Sequence[ASRSegment]) -> list[str]:
    return list(words_of(" ".join(segment.text for segment in segments)))


def always(text: str, finish: str = "stop") -> Writer:
    return lambda _: Completion(text, finish)  # type: ignore[arg-type]


def changed(order: slice) -> Writer:
    return lambda asked: Completion(" ".join(asked_words(asked)[order]), "stop")


def timed(asked: Request) -> Completion:
    return Completion("[00:00:01] " + " [99:99:99] ".join(asked_words(asked)), "stop")


ANSWERS: dict[str, Writer] = {
    "empty": always(""),
    "white space without end": always(" \n\t" * 100_000, "length"),
    "refusal": always("Xin lỗi, tôi không thể giúp việc này."),
    "translation": always("We talk about next year's budget. Nam will write the report."),
    "thoughts": always("<think>" + "họp " * 5000, "length"),
    "removed": changed(slice(0, 3)),
    "reordered": changed(slice(None, None, -1)),
    "invented times": timed,
    "an error": always("", "error"),
}


def text_of(
    write: Writer,
    context_tokens: int = 8192,
    *,
    said: Sequence[ASRSegment] = SAID,
    writes_punctuation: bool = False,
) -> tuple[PostprocessResult, DoubleModel]:
    model = DoubleModel(write, context_tokens=context_tokens)
    stage = ModelEngine(TextBackend("server", "double"), model).stage(
        PostprocessSettings(punctuation="auto", summary=True),
        writes_punctuation=writes_punctuation,
        language="vi",
        control=JobControl(),
        tell=lambda _: None,
    )
    for segment in said:
        stage.push(segment)
    stage.finish()
    return stage.result(), model


@pytest.mark.parametrize("write", ANSWERS.values(), ids=ANSWERS)
def test_no_answer_changes_a_word_and_a_useless_summary_is_said_to_be_one(write: Writer) -> None:
    result, model = text_of(write)
    assert list(words_of(result.transcript_punctuated)) == words_in(SAID)
    assert result.metadata["words_changed"] == 0
    assert [s.start for s in result.segments] == [s.start for s in SAID]
    assert result.summary.metadata["method"] == "extractive"
    assert result.summary.metadata["fallback"]
    assert len(model.requests) <= 10, "attempts without end"


def test_bullets_that_name_what_is_not_there_have_no_support() -> None:
    bullets = [
        {"text": "Anh Nam viết báo cáo", "paragraphs": [2, 99, -1]},
        {"text": "Sao Hoả va vào Trái Đất lúc 99:99", "paragraphs": [77]},
    ]
    answer = json.dumps({"title": "Họp", "abstract": "Họp.", "bullets": bullets})
    result, _ = text_of(always(answer), writes_punctuation=True)
    summary = result.summary
    assert summary.metadata["method"] == "model"
    assert summary.bullet_segments[0]
    assert summary.bullet_segments[1] == ()
    assert all(0 <= n < len(SAID) for numbers in summary.bullet_segments for n in numbers)


@pytest.mark.parametrize("context_tokens", [*range(600, 3000, 97), 3000, 3001, 3002, 3003])
def test_no_question_is_a_token_longer_than_the_context(context_tokens: int) -> None:
    result, model = text_of(always("chúng ta"), context_tokens, said=LONG)
    assert list(words_of(result.transcript_punctuated)) == words_in(LONG)
    for request in model.requests:
        counted = sum(model.count_tokens([message.text for message in request.messages]))
        assert counted + request.max_tokens <= context_tokens
