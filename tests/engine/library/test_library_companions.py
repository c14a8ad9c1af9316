"""The sound beside a transcript is guessed by its name; plain text gets times that go forwards."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from library_samples import talk

from omoai_engine.errors import LibraryError, TranscriptFormatError
from omoai_engine.export import ExportOptions, render
from omoai_engine.library import Library
from omoai_engine.library.companions import import_file, sound_beside
from omoai_engine.library.imports import parse_plain
from omoai_engine.library.plain_text import read_plain
from omoai_engine.text import one_line


@pytest.mark.parametrize(
    ("transcript", "sound"),
    [
        ("talk.srt", "talk.mp3"),
        ("talk.vi.srt", "talk.mp3"),
        ("talk.mp3.json", "talk.mp3"),
        ("Talk.SRT", "talk.mp3"),
        ("talk.two.vtt", "talk.two.mkv"),
        ("other.srt", None),
        ("tal.srt", None),
    ],
)
def test_the_sound_beside_it(tmp_path: Path, transcript: str, sound: str | None) -> None:
    for name in ("talk.mp3", "talk.two.mkv", "talk.doc", transcript):
        (tmp_path / name).touch()
    found = sound_beside(tmp_path / transcript)
    assert found == (tmp_path / sound if sound else None)


def test_a_sound_that_is_not_there_stops_the_import(library: Library, tmp_path: Path) -> None:
    (tmp_path / "talk.txt").write_text("Xin chào.")
    with pytest.raises(LibraryError, match="no such recording"):
        import_file(library, tmp_path / "talk.txt", tmp_path / "gone.mp3")
    assert library.count() == 0


def test_text_with_times_keeps_them_at_its_paragraphs() -> None:
    exported = render(talk(), "txt", ExportOptions(timestamps=True, text_columns=30))
    read = parse_plain(exported.encode())
    assert {0.0, 20.0} <= {segment.start for segment in read.segments}
    assert read.transcript.split() == talk().transcript_punctuated.split()
    assert read.metadata["times_guessed"]


def test_text_without_times_fills_the_length_of_its_sound() -> None:
    segments, guessed = read_plain("Một hai. Ba bốn?\n\nNăm sáu", 60.0)
    assert [segment.text for segment in segments] == ["Một hai.", "Ba bốn?", "Năm sáu"]
    assert guessed
    assert segments[0].start == 0
    assert segments[-1].end == 60.0


@given(st.text(), st.none() | st.floats(0.1, 1e6))
def test_any_text_keeps_its_words_and_its_times_never_go_backwards(
    text: str, duration: float | None
) -> None:
    try:
        segments = parse_plain(text.encode("utf-8", "replace"), duration).segments
    except TranscriptFormatError:
        return
    for segment in segments:
        assert 0 <= segment.start <= segment.end
        assert segment.text == one_line(segment.text)
    for before, after in pairwise(segments):
        assert before.start <= after.start
    if "[" not in text and "(" not in text:
        said = "".join("".join(segment.text for segment in segments).split())
        assert said == "".join(one_line(text.encode("utf-8", "replace").decode()).split())
