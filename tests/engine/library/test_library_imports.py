"""Transcripts of other programs are read; what is hostile is refused or mended, and told."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from library_samples import spoken, talk

from omoai_engine.errors import TranscriptFormatError
from omoai_engine.export import render
from omoai_engine.export.json_format import to_document
from omoai_engine.library.imports import parse_transcript, read_transcript
from omoai_engine.results import ASRSegment, PipelineResult

SRT = """1
00:00:01,000 --> 00:00:02,500
<i>Xin chào</i>
các bạn

2
00:00:03,000 --> 00:00:04,000
42
"""


def said(result: PipelineResult) -> list[tuple[float, float, str]]:
    return [(s.start, s.end, s.text) for s in result.segments]


EXPECTED = [(1.0, 2.5, "Xin chào các bạn"), (3.0, 4.0, "42")]


@pytest.mark.parametrize(
    "data",
    [
        SRT.encode(),
        b"\xef\xbb\xbf" + SRT.encode(),
        SRT.replace("\n", "\r\n").encode("utf-16"),
        SRT.replace(",", ".").encode(),
        SRT.replace("1\n00", "00").replace("\n2\n", "\n").encode(),
        SRT.replace("\n\n", "\n").replace("\n42", "\n42\n").encode(),
        b"WEBVTT - a title\n\nNOTE nothing\n\nSTYLE\n::cue {}\n\n" + SRT.encode(),
        SRT.replace("00:00:0", "00:0").replace("1\n", "WEBVTT\n\n", 1).encode(),
    ],
)
def test_subtitles_of_any_make_are_read(data: bytes) -> None:
    assert said(parse_transcript(data)) == EXPECTED


@pytest.mark.parametrize(
    ("line", "start", "end"),
    [
        ("-00:00:01,000 --> 00:00:02,000", 0.0, 2.0),
        ("\u221200:00:03,000 --> -00:00:02,000", 0.0, 0.0),
        ("00:00:01 --> 00:00:02", 1.0, 2.0),
        ("00:00:01:500 --> 00:00:02;000", 1.5, 2.0),
        ("00:00:01\uff0c500 --> 00:00:02", 1.5, 2.0),
        ("00: 00: 01, 500 --> 00: 00: 02, 000", 1.5, 2.0),
        ("00:00:01,500 -> 00:00:02,000", 1.5, 2.0),
        ("00:01.5 \u2014> 0:02", 1.5, 2.0),
    ],
)
@pytest.mark.parametrize("first", ["", "1\n00:00:00,000 --> 00:00:00,500\nđầu\n\n2\n"])
def test_a_time_line_of_any_hand_is_read(line: str, start: float, end: float, first: str) -> None:
    result = parse_transcript(f"{first}{line}\nhai\n".encode())
    assert (start, end, "hai") in said(result)
    assert len(result.segments) == (2 if first else 1)
    assert result.metadata.get("mended", 0) == (1 if start == 0.0 else 0)


@pytest.mark.parametrize(
    "line",
    [
        "00:00:-1,000 --> 00:00:02,000",
        "1.5 --> 2.5",
        "00:00:01,000 --> ",
        "00:00:01 --> later",
        "123456:00:00,000 --> 123456:00:01,000",
        "x --> 00:00:02,000",
    ],
)
@pytest.mark.parametrize("head", ["", "WEBVTT\n\n", "1\n", "\n\n"])
def test_a_time_that_cannot_be_read_loses_no_words(line: str, head: str) -> None:
    """They went to the cue before, and of the first cue nowhere."""
    number = head.count("\n") + 1
    with pytest.raises(TranscriptFormatError, match=f"line {number} is no time"):
        parse_transcript(f"{head}{line}\nmột\n\n{SRT}".encode())


def test_an_arrow_that_was_said_is_no_time() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\ntừ 1 --> 2\n3 --> 4\n0:01 -> 0:02\n"
    assert said(parse_transcript(text.encode())) == [(1.0, 2.0, "từ 1 --> 2 3 --> 4 0:01 -> 0:02")]


def test_a_voice_and_entities_of_webvtt_are_understood() -> None:
    data = b"WEBVTT\n\n1\n00:01.000 --> 00:02.000 align:start\n<v Lan>a &lt;b&gt; &amp; c</v>\n"
    (segment,) = parse_transcript(data).segments
    assert (segment.speaker, segment.text) == ("Lan", "a <b> & c")


def test_whisper_and_whisperx_are_read() -> None:
    words = [
        {"word": " Xin", "start": 0.0, "end": 0.4, "probability": 0.9},
        {"word": " 42", "score": 0.5},
        {"word": " chào", "start": 0.5, "end": 0.9, "score": 1.7},
    ]
    row = {"start": 0.0, "end": 1.0, "text": " Xin 42 chào", "words": words, "speaker": "S0"}
    whisper = {"text": "", "language": "vi", "segments": [{**row, "avg_logprob": -0.5}]}
    result = parse_transcript(json.dumps(whisper).encode())
    (segment,) = result.segments
    assert (segment.text, segment.speaker) == ("Xin 42 chào", "S0")
    assert segment.confidence == pytest.approx(0.6065, abs=1e-3)
    assert [(w.text, w.start, w.confidence) for w in segment.words] == [
        ("Xin", 0.0, 0.9),
        ("42", 0.4, 0.5),
        ("chào", 0.5, 1.0),
    ]
    assert result.metadata["language"] == "vi"
    assert parse_transcript(json.dumps([row]).encode()).segments[0].words == segment.words


def test_our_own_comes_back_equal() -> None:
    assert parse_transcript(render(talk(), "json").encode()) == talk()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no transcript"),
        (b"hello there", "no transcript"),
        (b"a --> b", "no time line"),
        ("1\n00:00:01,000 --> 00:00:02,000\ntiếng".encode() + b"\xff", "not UTF-8"),
        (b"{", "not valid JSON"),
        (b"[" * 200_000, "nested too deeply"),
        (b"{}", "not a transcript"),
        (b"[1, 2]", "not a transcript"),
        (b'{"segments": [{"text": 3}]}', "damaged"),
        (b'{"segments": [{"text": "a", "words": 3}]}', "damaged"),
        (b'{"segments": [{"text": "a", "words": [3]}]}', "damaged"),
        (b'{"segments": [{"start": 1' + b"0" * 400 + b', "text": "a"}]}', "damaged"),
        (b'{"segments": []}', "no text"),
        (b'{"schema": "omoai.transcript/9"}', "version 9"),
        (b'[{"start": 0, "end": 1, "text": "' + b"x" * 1_000_001 + b'"}]', "million letters"),
    ],
)
def test_what_is_no_transcript_is_refused_in_one_sentence(data: bytes, says: str) -> None:
    with pytest.raises(TranscriptFormatError, match=says) as caught:
        parse_transcript(data)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_file_is_named_in_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    with pytest.raises(TranscriptFormatError, match=r"a\.srt"):
        read_transcript(path)
    path.write_text("nothing")
    with pytest.raises(TranscriptFormatError, match=r"a\.srt"):
        read_transcript(path)
    path.write_text(SRT)
    assert read_transcript(path).metadata["source"] == str(path)


anything = st.floats() | st.integers(-(10**30), 10**30) | st.none() | st.text(max_size=3)


@settings(max_examples=30)
@given(st.lists(st.tuples(anything, anything, st.lists(st.tuples(anything, anything), max_size=3))))
def test_times_of_any_kind_are_mended(rows: list[tuple[object, object, list[object]]]) -> None:
    document = [
        {
            "start": start,
            "end": end,
            "text": "a b",
            "words": [{"word": "a", "start": one, "end": two} for one, two in words],  # type: ignore[misc]
        }
        for start, end, words in rows
    ]
    if not document:
        return
    result = parse_transcript(json.dumps(document).encode())
    assert len(result.segments) == len(rows)
    assert all(a.start <= b.start for a, b in pairwise(result.segments))
    for segment in result.segments:
        assert 0 <= segment.start <= segment.end < 1e8
        assert all(segment.start <= w.start <= w.end <= segment.end for w in segment.words)


tokens = st.text(
    st.characters(exclude_categories=("Z", "C")), min_size=1, max_size=10
) | st.sampled_from(["không", "a,", "nói.", "世界", "&amp;", "42"])
markup = tokens | st.sampled_from(["<i>", "<b>x</b>", "-->", "&lt;"])


@example([["\uf900"]])
@settings(max_examples=30)
@given(st.lists(st.lists(markup, min_size=1, max_size=20), min_size=1, max_size=5))
def test_what_is_exported_as_webvtt_or_json_comes_back_with_the_same_words(
    lines: list[list[str]],
) -> None:
    segments = [spoken(10.0 * at, " ".join(words)) for at, words in enumerate(lines)]
    result = replace(talk("x"), segments=tuple(segments), suggestions=())
    wanted = "".join("".join(clean(one).split()) for one in segments)
    for name in ("vtt", "json"):
        back = parse_transcript(render(result, name).encode())
        assert "".join("".join(s.text.split()) for s in back.segments) == wanted


def test_text_of_our_own_format_is_cleaned_like_any_other() -> None:
    document = to_document(talk("một hai"))
    document["segments"][0]["text"] = "m\u1ed9\u0302t\x1b]0;title\x07\nhai"
    document["segments"][0]["words"][0]["text"] = "\uf900\x1b[31m"
    document["summary"]["abstract"] = "one\ntwo\x9b1m"
    back = parse_transcript(json.dumps(document).encode())
    assert "\x1b" not in back.segments[0].text
    assert "\n" not in back.segments[0].text
    assert back.segments[0].words[0].text.startswith("\u8c48")
    assert "\x1b" not in back.segments[0].words[0].text
    assert back.summary.abstract.startswith("one\ntwo")
    assert "\x9b" not in back.summary.abstract


@example([["\uf900"]])
@settings(max_examples=30)
@given(st.lists(st.lists(tokens, min_size=1, max_size=20), min_size=1, max_size=5))
def test_what_is_exported_as_srt_comes_back_with_the_same_words(lines: list[list[str]]) -> None:
    segments = [spoken(10.0 * at, "s " + " ".join(words) + " e") for at, words in enumerate(lines)]
    back = parse_transcript(render(replace(talk("x"), segments=tuple(segments)), "srt").encode())
    wanted = "".join("".join(clean(one).split()) for one in segments).replace("-->", "→")
    assert "".join("".join(s.text.split()) for s in back.segments) == wanted


def clean(segment: ASRSegment) -> str:
    from omoai_engine.text import one_line

    return one_line(segment.text)
