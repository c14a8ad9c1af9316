"""Every format is read by a program that is not ours, and one that fails stops no other."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import tempfile
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import jsonschema
import pysubs2
import pytest
from docx import Document
from export_samples import empty, sample, spoken, timed_segments
from hypothesis import given, settings
from hypothesis import strategies as st
from praatio import textgrid

from omoai_engine.config import ExportSettings
from omoai_engine.errors import ExportError
from omoai_engine.export import (
    FORMATS,
    ExportOptions,
    SubtitleRules,
    options_from,
    render,
    render_bytes,
    write_all,
)
from omoai_engine.export.cues import cues
from omoai_engine.export.timed_words import columns
from omoai_engine.results import ASRSegment, PipelineResult
from omoai_engine.text import one_line


def result_of(segments: list[ASRSegment]) -> PipelineResult:
    return replace(empty(), segments=tuple(segments))


def named() -> PipelineResult:
    first, second, third = sample().segments
    return replace(sample(), segments=(replace(first, speaker="Lan"), second, third))


@settings(max_examples=25)
@given(timed_segments())
def test_an_independent_reader_sees_the_same_cues_in_ass(segments: list[ASRSegment]) -> None:
    read = pysubs2.SSAFile.from_string(render(result_of(segments), "ass"), format_="ass")
    made = cues(segments)
    assert len(read) == len(made)
    for event, cue in zip(read, made, strict=True):
        assert abs(event.start - cue.start) <= 100
    assert all(a.end <= b.start for a, b in pairwise(read))
    shown = ["".join(event.plaintext.split()) for event in read]
    assert [len(text) for text in shown] == [len("".join("".join(c.lines).split())) for c in made]


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
@pytest.mark.parametrize("name", ["srt", "vtt", "ass", "lrc"])
def test_ffprobe_counts_the_same_cues(name: str, tmp_path: Path) -> None:
    result = result_of([spoken(0.0, "một hai ba bốn năm sáu bảy tám. " * 30)])
    path = tmp_path / f"a.{name}"
    path.write_bytes(render_bytes(result, name))
    told = subprocess.run(
        [
            "ffprobe",
            "-v",
            "error",
            "-count_packets",
            "-show_entries",
            "stream=nb_read_packets",
            "-of",
            "csv=p=0",
            path,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    wanted = cues(result.segments, SubtitleRules(lines=1) if name == "lrc" else SubtitleRules())
    assert int(told.stdout.strip().strip(",")) == len(wanted)
    assert told.stderr == ""


@settings(max_examples=25)
@given(timed_segments())
def test_praat_sees_every_word_once(segments: list[ASRSegment]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.TextGrid"
        path.write_bytes(render_bytes(result_of(segments), "textgrid"))
        read = textgrid.openTextgrid(str(path), includeEmptyIntervals=True)
    assert list(read.tierNames) == ["segments", "words"]
    for tier in read.tiers:
        assert tier.entries[0].start == 0
        assert tier.entries[-1].end == read.maxTimestamp
        assert all(a.end == b.start for a, b in pairwise(tier.entries))
        shown = "".join("".join(entry.label.split()) for entry in tier.entries)
        assert shown == "".join("".join(one_line(s.text).split()) for s in segments)


def test_word_opens_the_document() -> None:
    document = Document(io.BytesIO(render_bytes(named(), "docx")))
    shown = "\n".join(paragraph.text for paragraph in document.paragraphs)
    for segment in named().segments:
        assert segment.text in shown
    assert "Lan: Xin chào" in shown
    assert document.core_properties.title == "Xin chào các bạn"
    assert Document(io.BytesIO(render_bytes(empty(), "docx"))).paragraphs[0].text == "Transcript"


def test_docx_opens_in_libreoffice(tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice Writer is not installed")
    (tmp_path / "talk.docx").write_bytes(render_bytes(named(), "docx"))
    home = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    convert = ["--headless", "--convert-to", "txt:Text (encoded):UTF8", "--outdir", str(tmp_path)]
    subprocess.run(
        [office, home, *convert, str(tmp_path / "talk.docx")],
        capture_output=True,
        timeout=240,
        check=True,
    )
    said = " ".join((tmp_path / "talk.txt").read_text(encoding="utf-8-sig").split())
    for segment in named().segments:
        for word in segment.text.split():
            assert word in said


def test_tables_hold_every_segment() -> None:
    formula = replace(sample(), segments=(ASRSegment(0, 1, "=1+1"), *named().segments))
    rows = list(csv.reader(io.StringIO(render(formula, "csv"), newline="")))
    assert [row[5] for row in rows[1:]] == ["'=1+1", *(s.text for s in named().segments)]
    assert rows[2][3] == "Lan"
    lines = render(formula, "tsv").rstrip("\n").split("\n")
    assert [line.split("\t")[5] for line in lines[1:]] == [s.text for s in formula.segments]


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.shown = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.shown += data


def test_the_page_shows_the_text_and_loads_nothing(tmp_path: Path) -> None:
    evil = replace(
        sample(), segments=(ASRSegment(0, 1, "<script>alert(1)</script> & <img src=x>"),)
    )
    audio = tmp_path / "a.mp3"
    audio.write_bytes(b"sound")
    page = Page()
    page.feed(render(evil, "html", ExportOptions(audio=audio)))
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert "img" not in [tag for tag, _ in page.tags]
    assert "<script>alert(1)</script> & <img src=x>" in page.shown
    sources = [attributes["src"] for _, attributes in page.tags if attributes.get("src")]
    assert sources == ["data:audio/mpeg;base64,c291bmQ="]


def test_otranscribe_gets_times_and_escaped_text() -> None:
    document = json.loads(render(named(), "otr"))
    page = Page()
    page.feed(document["text"])
    times = [a["data-timestamp"] for tag, a in page.tags if tag == "span"]
    assert times == ["0.480", "8.000", "360000.500"]
    assert "<b>nhận dạng</b>" in page.shown
    assert document["media"] == "họp.mp3"


@settings(max_examples=25)
@given(timed_segments())
def test_json_is_what_its_schema_says(segments: list[ASRSegment]) -> None:
    schema = json.loads(
        (files("omoai_engine.export") / "transcript.schema.json").read_text("utf-8")
    )
    check = jsonschema.Draft202012Validator(schema)
    for result in (replace(named(), segments=tuple(segments)), empty()):
        check.validate(json.loads(render(result, "json")))
    damaged = json.loads(render(named(), "json"))
    damaged["segments"][0]["start"] = "soon"
    assert not check.is_valid(damaged)


rules = st.builds(
    SubtitleRules,
    columns=st.integers(10, 80),
    lines=st.sampled_from([1, 2]),
    shortest=st.integers(100, 3000),
    longest=st.integers(3000, 10_000),
    gap=st.integers(0, 200),
    characters_a_second=st.floats(5, 40),
)


@settings(max_examples=25)
@given(timed_segments(), rules)
def test_subtitles_keep_the_rules_that_a_person_chose(
    segments: list[ASRSegment], chosen: SubtitleRules
) -> None:
    made = cues(segments, chosen)
    assert all(a.end <= b.start for a, b in pairwise(made))
    for cue in made:
        assert 1 <= len(cue.lines) <= chosen.lines
        assert all(columns(line) <= chosen.columns or " " not in line for line in cue.lines)
        assert 0 < cue.end - cue.start <= chosen.longest
    shown = "".join("".join("".join(cue.lines).split()) for cue in made)
    assert shown == "".join("".join(one_line(segment.text).split()) for segment in segments)


def test_settings_become_options() -> None:
    chosen = ExportSettings(lines=1, frames_a_second=25.0, text_columns=20)
    options = options_from(chosen)
    assert (options.rules.lines, options.rules.gap) == (1, 80)
    assert all(len(line) <= 20 for line in render(sample(), "txt", options).split("\n"))


def test_a_format_that_fails_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "talk.srt").write_text("mine")
    outcomes = write_all(
        sample(),
        tmp_path / "talk",
        ["srt", "html", "docx"],
        options=ExportOptions(audio=tmp_path / "none.mp3"),
    )
    assert [outcome.error is None for outcome in outcomes] == [False, False, True]
    assert (tmp_path / "talk.srt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["talk.docx", "talk.srt"]


def test_an_unknown_format_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no format"):
        write_all(sample(), tmp_path / "talk", ["srt", "pdf"])
    assert list(tmp_path.iterdir()) == []


def test_every_format_takes_a_recording_without_words() -> None:
    for name in FORMATS:
        assert isinstance(render_bytes(empty(), name), bytes)
