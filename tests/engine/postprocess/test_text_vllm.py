"""Text work with a real vLLM on the processor: one load, two tasks, no word changed."""

from __future__ import annotations

import os
import random
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from postprocess_samples import spoken

from omoai_engine import JobControl, Pipeline, VLLMProcessor, load_config
from omoai_engine.errors import LanguageModelError
from omoai_engine.events import (
    Event,
    Notice,
    StageFinished,
    SummaryDelta,
    TextBackendChosen,
    TokensGenerated,
)
from omoai_engine.postprocess.words import words_of
from omoai_engine.results import ASRSegment, SummaryResult

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
from tiny_language_model import make_tiny_language_model

# More of them by choice: OMOAI_TEST_TRANSCRIPTS would be read as a setting, so not that name.
TRANSCRIPTS = int(os.environ.get("TEST_TRANSCRIPTS", "40"))
_SOME = (
    "tôi luôn luôn không không đường Huệ nước ạ 3,5 nhé the i u.s 3.5 well-known don't (sic) "
    "[noise] mr. iphone 2026 🙂 — a|b c++ \\d+ 50% <<< <|im_end|> thứ hai"
)
WORDS = _SOME.split()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("llguidance", reason="vLLM is not installed here")
    return make_tiny_language_model(tmp_path_factory.mktemp("text") / "tiny")


def settings_for(tiny: Path) -> dict[str, dict[str, object]]:
    llm = {"backend": "vllm", "model": str(tiny), "device": "cpu"}
    llm |= {"context_tokens": 2048, "max_sequences": 16}
    return {"llm": llm, "asr": {"quality": "fast"}}


@pytest.fixture(scope="module")
def processor(tiny: Path) -> Iterator[VLLMProcessor]:
    with VLLMProcessor(load_config(**settings_for(tiny))) as shared:
        yield shared


def random_transcript(seed: int) -> list[ASRSegment]:
    chance = random.Random(seed)
    words = [chance.choice(WORDS) for _ in range(chance.randint(1, 30))]
    words = [unicodedata.normalize("NFD", w) if chance.random() < 0.1 else w for w in words]
    return spoken(" ".join(f"{word} {chance.choice(['', '', '/', '|'])}" for word in words))


def test_no_word_of_random_transcripts_changes(processor: VLLMProcessor) -> None:
    # Set far apart in one transcript, so that they are asked for in large batches.
    segments: list[ASRSegment] = []
    for seed in range(TRANSCRIPTS):
        for segment in random_transcript(seed):
            start = segments[-1].end + 4 if segments and not segment.start else segment.start
            segments.append(ASRSegment(start, start + 1, segment.text, segment.confidence))
    result = processor.punctuate(segments, language="vi")
    spoken_words = words_of(" ".join(segment.text for segment in segments))
    assert words_of(result.transcript_punctuated) == spoken_words
    assert len(result.segments) == len(segments)
    for before, after in zip(segments, result.segments, strict=True):
        assert words_of(before.text) == words_of(after.text)
    by_model = result.metadata["pieces"] - result.metadata["pieces_kept_original"]
    assert by_model >= 0.9 * result.metadata["pieces"] > 0
    assert result.metadata["fell_back"] == ""
    assert result.suggestions == ()


def test_punctuation_and_summary_on_one_load(processor: VLLMProcessor) -> None:
    heard: list[Event] = []
    segments = spoken("hôm nay chúng ta họp | về kế hoạch |5 anh nam viết báo cáo |5 tạm biệt")
    result = processor.process(segments, language="vi", on_event=heard.append)
    assert result.metadata["backend"] == "vllm"
    assert result.metadata["punctuation"] == "model"
    assert words_of(result.transcript_punctuated) == words_of(" ".join(s.text for s in segments))
    assert any(isinstance(event, TextBackendChosen) for event in heard)
    assert any(isinstance(event, TokensGenerated) for event in heard)
    assert_sound(result.summary, len(segments))
    if result.summary.metadata["method"] == "model":
        assert any(isinstance(event, SummaryDelta) for event in heard)


def assert_sound(summary: SummaryResult, segments: int) -> None:
    """A model of random weights writes nonsense, or no end: what holds all the same."""
    assert summary.metadata["method"] in ("model", "extractive")
    if summary.metadata["method"] == "extractive":
        assert "model" in summary.metadata["fallback"]
    assert summary.bullets
    assert len(summary.bullets) == len(summary.bullet_segments) <= 7
    assert all(0 <= at < segments for support in summary.bullet_segments for at in support)
    assert not any(ord(letter) < 32 for letter in summary.title + "".join(summary.bullets))


def test_cancelled_text_work_gives_what_is_done(processor: VLLMProcessor) -> None:
    control = JobControl()
    heard: list[Event] = []

    def hear(event: Event) -> None:
        heard.append(event)
        if isinstance(event, TokensGenerated):
            control.cancel()

    segments = spoken(" |5 ".join(f"đây là đoạn số {n} của bài nói dài" for n in range(60)))
    done = processor.process(segments, language="vi", on_event=hear, cancel=control)
    assert done.metadata["cancelled"]
    assert words_of(done.transcript_punctuated) == words_of(" ".join(s.text for s in segments))
    assert len(done.segments) == len(segments)
    assert done.metadata["pieces_kept_original"] > 0
    assert (done.summary.title, done.summary.metadata["method"]) == ("", "none")
    again = processor.punctuate(spoken("xin chào"), language="vi")
    assert words_of(again.transcript_punctuated) == ["xin", "chào"]
    assert not again.metadata["cancelled"]


@pytest.mark.usefixtures("no_child_left")
def test_a_recording_goes_through_the_whole_pipeline(tiny: Path, jfk: Path) -> None:
    events: list[Event] = []
    config = settings_for(tiny) | {"postprocess": {"punctuation": "model"}}
    with Pipeline(load_config(**config)) as pipeline:
        first = pipeline.run(jfk, on_event=events.append)
        second = pipeline.run(jfk)
    assert words_of(first.transcript_punctuated) == words_of(first.transcript)
    assert first.metadata["postprocess"]["backend"] == "vllm"
    assert first.timing["language_model_loading"] > 10 * second.timing["language_model_loading"]
    assert {e.stage for e in events if isinstance(e, StageFinished)} >= {"asr", "postprocessing"}
    assert_sound(first.summary, len(first.segments))


@pytest.mark.usefixtures("no_child_left")
def test_a_model_that_cannot_be_loaded_costs_no_transcript(tiny: Path, jfk: Path) -> None:
    (tiny.parent / "broken").mkdir()
    for file in tiny.iterdir():
        content = file.read_bytes()
        cut = content[:-5000] if file.name == "model.safetensors" else content
        (tiny.parent / "broken" / file.name).write_bytes(cut)
    events: list[Event] = []
    config = settings_for(tiny.parent / "broken")
    with Pipeline(load_config(**config)) as pipeline:
        result = pipeline.run(jfk, on_event=events.append)
    assert "country" in result.transcript
    assert result.summary.metadata["method"] == "extractive"
    assert any(isinstance(e, Notice) and "language model" in e.text for e in events)


def test_a_backend_asked_for_by_name_that_is_not_there_is_said_at_once(jfk: Path) -> None:
    config = load_config(llm={"backend": "server"})
    with Pipeline(config) as pipeline, pytest.raises(LanguageModelError, match="no address"):
        pipeline.run(jfk)
