"""What is exported as JSON comes back equal, and what is no export is refused in one sentence."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from export_samples import empty, sample, timed_segments
from hypothesis import given
from hypothesis import strategies as st

from omoai_engine.errors import TranscriptFormatError
from omoai_engine.export import SCHEMA, from_json, render
from omoai_engine.results import (
    ASRResult,
    ASRSegment,
    Paragraph,
    PipelineResult,
    SummaryResult,
    Word,
)

text = st.text(st.characters(exclude_categories=("Cs",)))
number = st.floats(allow_nan=False, allow_infinity=False)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | number | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
metadata = st.dictionaries(text, plain, max_size=4)
words = st.builds(
    Word,
    number,
    number,
    text,
    st.none() | number,
    st.lists(st.tuples(text, number), max_size=2).map(tuple),
)
segments = st.lists(
    st.builds(ASRSegment, number, number, text, st.none() | number, st.lists(words).map(tuple)),
    max_size=4,
).map(tuple)


@st.composite
def results(draw: st.DrawFn) -> PipelineResult:
    bullets = draw(st.lists(st.tuples(text, st.lists(st.integers(0, 9)).map(tuple)), max_size=3))
    return PipelineResult(
        segments=draw(segments),
        transcript=draw(text),
        transcript_punctuated=draw(text),
        summary=SummaryResult(
            draw(text),
            tuple(bullet for bullet, _ in bullets),
            draw(text),
            draw(metadata),
            tuple(support for _, support in bullets),
        ),
        timing=draw(st.dictionaries(text, number, max_size=3)),
        performance=draw(st.dictionaries(text, number, max_size=3)),
        metadata=draw(metadata),
        paragraphs=draw(
            st.lists(
                st.builds(Paragraph, number, number, text, st.integers(0), st.integers(0)),
                max_size=3,
            ).map(tuple)
        ),
        asr=draw(
            st.none() | st.builds(ASRResult, segments, text, number, st.integers(1), metadata)
        ),
    )


@given(results())
def test_every_result_comes_back_equal(result: PipelineResult) -> None:
    assert from_json(render(result, "json")) == result


@given(timed_segments())
def test_exporting_what_was_read_gives_the_same_bytes(spoken: list[ASRSegment]) -> None:
    first = render(replace(sample(), segments=tuple(spoken)), "json")
    assert render(from_json(first.encode()), "json") == first


def test_a_bullet_without_support_keeps_its_place() -> None:
    summary = SummaryResult("t", ("one", "two"), "a", {}, ((3,),))
    read = from_json(render(replace(empty(), summary=summary), "json"))
    assert read.summary.bullet_segments == ((3,), ())


def test_numbers_that_are_none_are_null_and_not_nan() -> None:
    segment = ASRSegment(math.nan, math.inf, "x", math.nan)
    rendered = render(replace(empty(), segments=(segment,)), "json")
    strict = json.loads(rendered, parse_constant=lambda name: pytest.fail(name))
    assert strict["segments"][0]["start"] is None
    assert math.isnan(from_json(rendered).segments[0].start)


def test_metadata_of_any_kind_can_be_written() -> None:
    odd = {
        "path": Path("a/b"),
        "array": np.float32(0.5),
        "set": {"b", "a"},
        7: b"x",
        "name": "caf\udce9",
    }
    read: Any = from_json(render(replace(empty(), metadata=odd), "json")).metadata
    assert read["path"] == "a/b"
    assert read["array"] == 0.5
    assert read["set"] == ["a", "b"]
    assert read["name"] == "caf\\udce9"


def test_keys_stand_in_a_fixed_order() -> None:
    forth = replace(empty(), timing={"asr": 1.0, "total": 2.0})
    back = replace(empty(), timing={"total": 2.0, "asr": 1.0})
    assert render(forth, "json") == render(back, "json")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "not valid JSON"),
        ("{", "not valid JSON"),
        (b"\xff\xfe\x00", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("[]", "not a transcript"),
        ('{"schema": 3}', "not a transcript"),
        ('{"schema": "omoai.transcript/2"}', "version 2"),
        (f'{{"schema": "{SCHEMA}"}}', "is missing"),
        (render(sample(), "json").replace('"start": 0.48', '"start": "soon"'), "damaged"),
        (render(sample(), "json").replace('"text": "xin"', '"text": 4'), "damaged"),
    ],
)
def test_what_is_no_transcript_is_refused_in_one_sentence(content: Any, says: str) -> None:
    with pytest.raises(TranscriptFormatError, match=says) as caught:
        from_json(content)
    assert "\n" not in str(caught.value)
