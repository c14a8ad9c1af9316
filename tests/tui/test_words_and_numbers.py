"""Pure parts: wrapping, numbers, confidence, names of files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from omoai_engine.results import Word
from omoai_tui import formats, media, texts
from omoai_tui.cells import fit, fit_path, runs, wrap
from omoai_tui.confidence import Level, doubtful_spans, level
from omoai_tui.language import plural
from omoai_tui.media import is_media, pasted_path, read_folder

TEXT = st.text(st.sampled_from("ab ếữ,.…—  字한\u0301x"), max_size=120)


@given(TEXT, st.integers(2, 40))
def test_no_line_is_wider_than_asked_and_no_letter_is_lost(text: str, width: int) -> None:
    spans = wrap(text, width)
    assert all(cell_len(text[start:end]) <= width for start, end in spans)
    kept = "".join(text[start:end] for start, end in spans)
    assert kept.replace(" ", "") == text.replace(" ", "")
    assert [span for pair in spans for span in pair] == sorted(
        span for pair in spans for span in pair
    )


def test_words_stay_whole_where_they_fit() -> None:
    text = "Hôm nay chúng ta bàn về kế hoạch"
    assert [text[a:b] for a, b in wrap(text, 12)] == ["Hôm nay", "chúng ta bàn", "về kế hoạch"]


@given(TEXT, st.integers(0, 30))
def test_a_fitted_text_fits(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) <= width


def test_a_path_is_cut_at_its_front() -> None:
    assert fit_path("/a/long/way/down.mp3", 10) == "…/down.mp3"


def test_runs_cover_the_line_and_carry_the_marks() -> None:
    text = "one two three"
    marks = [(4, 7, "doubt")]
    assert list(runs(text, marks, (0, 13))) == [("one ", ""), ("two", "doubt"), (" three", "")]
    assert list(runs(text, marks, (5, 13))) == [("wo", "doubt"), (" three", "")]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (65.9, "1:05"), (3599, "59:59"), (3723, "1:02:03")]
)
def test_clock(seconds: float, shown: str) -> None:
    assert formats.clock(seconds) == shown


def test_numbers_for_people() -> None:
    assert formats.clock(5, hours=True) == "0:00:05"
    assert formats.duration(0.42) == "0.42 s"
    assert formats.duration(75) == "1:15"
    assert formats.speed(60, 7.5) == "8.0×"
    assert formats.speed(0, 1) == ""
    assert formats.size(999) == "999 B"
    assert formats.size(1_340_000_000) == "1.3 GB"
    assert formats.rate(0.84) == "0.8"
    assert formats.rate(1234.5) == "1,234"
    assert plural(1, texts.SEGMENT_COUNT) == "1 segment"
    assert plural(2000, texts.SEGMENT_COUNT) == "2,000 segments"


def test_every_level_has_a_mark_of_its_own() -> None:
    assert [level(value) for value in (0.9, 0.7, 0.2, None)] == [
        Level.HIGH,
        Level.MEDIUM,
        Level.LOW,
        Level.HIGH,
    ]
    assert len({step.value for step in Level}) == 3


def test_doubtful_words_are_found_in_punctuated_text() -> None:
    words = [Word(0, 1, "hôm", 0.9), Word(1, 2, "nay", 0.3), Word(2, 3, "hôm", 0.2)]
    text = "Hôm nay. Hôm!"
    assert [text[a:b] for a, b, _ in doubtful_spans(text, words)] == ["nay", "Hôm"]


def test_a_folder_shows_what_can_be_played(tmp_path: Path) -> None:
    for name in ("b.MP3", "a.mkv", "notes.txt", ".hidden.mp3"):
        (tmp_path / name).write_bytes(b"x" * 10)
    (tmp_path / "sub").mkdir()
    entries, problem = read_folder(str(tmp_path))
    assert problem == ""
    assert [(entry.name, entry.media) for entry in entries] == [
        ("sub", False),
        ("a.mkv", True),
        ("b.MP3", True),
        ("notes.txt", False),
    ]
    assert is_media("x.OPUS")
    assert not is_media("mp3")


def test_a_folder_of_which_not_all_is_shown_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        (tmp_path / f"{number}.mp3").write_bytes(b"x")
    monkeypatch.setattr(media, "MOST_ENTRIES", 3)
    entries, problem = read_folder(str(tmp_path))
    assert len(entries) == 3
    assert problem == "only 3 entries are shown: paste the path of what is missing"


def test_a_folder_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    assert read_folder(str(tmp_path / "none")) == ([], "No such file or directory")


def test_names_are_shown_harmlessly(tmp_path: Path) -> None:
    name = b"evil\x1b]52;c;aGk=\x07\xff[b].mp3"
    (tmp_path / os.fsdecode(name)).write_bytes(b"x")
    (entry,), _ = read_folder(str(tmp_path))
    assert "\x1b" not in entry.name
    assert entry.name.endswith("\\xff[b].mp3")
    assert Path(entry.path).exists()


@pytest.mark.parametrize("form", ["{path}", "'{path}'", '"{path}"\n', "{escaped}", "file://{url}"])
def test_pasted_paths_in_the_forms_that_terminals_give(tmp_path: Path, form: str) -> None:
    path = tmp_path / "my talk.mp3"
    path.write_bytes(b"x")
    text = form.format(
        path=path, escaped=str(path).replace(" ", "\\ "), url=str(path).replace(" ", "%20")
    )
    assert pasted_path(text) == (str(path), False)


@pytest.mark.parametrize("text", ["", "  ", "no such file", "a\0b", "'unclosed", '""', "~nobody/x"])
def test_pasted_text_that_is_no_path(text: str) -> None:
    assert pasted_path(text) is None


def test_a_typed_path_counts_from_the_folder_shown(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    assert pasted_path("a.wav", str(tmp_path)) == (str(tmp_path / "a.wav"), False)
