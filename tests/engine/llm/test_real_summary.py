"""A summary by schema from a real vLLM: our own code path, no double in it."""

from __future__ import annotations

import pytest
from llm_asks import far_apart, random_transcript

from omoai_engine.control import JobControl
from omoai_engine.postprocess.llm.contract import LanguageModel
from omoai_engine.postprocess.llm.server import ServerModel
from omoai_engine.postprocess.llm.vllm_model import VLLMModel
from omoai_engine.postprocess.model_summary import ModelSummarizer
from omoai_engine.postprocess.templates import find_template
from omoai_engine.results import ASRSegment, Paragraph, SummaryResult


def summarised(model: LanguageModel, segments: list[ASRSegment]) -> tuple[SummaryResult, str]:
    """Return the summary of `segments`, each a paragraph, and what was told while it was written.

    One bullet and a context of 1,024 tokens bound the schema so tightly that any model comes to
    its end.
    """
    told: list[str] = []
    paragraphs = [Paragraph(s.start, s.end, s.text, at, at) for at, s in enumerate(segments)]
    made = ModelSummarizer(
        model,
        model.load(),
        template=find_template("general", "en"),
        language="en",
        bullets_max=1,
        control=JobControl(),
        on_text=told.append,
        on_tokens=lambda read, written: None,
    ).summarize(paragraphs, segments)
    assert isinstance(made, SummaryResult), made
    return made, "".join(told)


def assert_by_schema(summary: SummaryResult, told: str, segments: int) -> None:
    metadata = summary.metadata
    assert (metadata["method"], metadata["parser"]) == ("model", "schema")
    assert metadata["attempts"] <= 2
    assert summary.title
    assert summary.abstract
    assert len(summary.bullets) == len(summary.bullet_segments) == 1
    assert set(summary.bullet_segments[0]) <= set(range(segments))
    assert told.strip()


@pytest.mark.parametrize("backend", ["vllm", "server"])
def test_a_bounded_schema_is_filled_and_read(backend: str, request: pytest.FixtureRequest) -> None:
    model: VLLMModel | ServerModel = request.getfixturevalue(
        "model" if backend == "vllm" else "server_model"
    )
    # Two words fit into the context at once; a few random paragraphs are noted by parts first.
    for segments, by_parts in (
        ([ASRSegment(0.0, 1.0, "Xin chào.")], False),
        (far_apart(random_transcript(seed) for seed in range(4)), True),
    ):
        summary, told = summarised(model, segments)
        assert_by_schema(summary, told, len(segments))
        assert summary.metadata["backend"] == backend
        assert (summary.metadata["parts"] > 1) == by_parts
