"""Transcripts of other programs come in beside their sound and open for review."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from samples import DATA, QuietApp
from test_real_jobs import wait_until
from textual.pilot import Pilot
from textual.widgets import Input
from waiting import says, shows

from omoai_engine.library import Library
from omoai_tui.app import OmoaiApp
from omoai_tui.screens.import_dialog import ImportDialog

SRT = "1\n00:00:00,500 --> 00:00:04,000\nAnd so my fellow Americans\n"
VTT = "WEBVTT\n\n00:00.500 --> 00:04.000\nAnd so my fellow Americans\n"
WHISPER = json.dumps(
    {"segments": [{"start": 0.5, "end": 4.0, "text": " And so my fellow Americans"}]}
)
GIVEN = {
    "talk.srt": SRT,
    "talk.en.vtt": VTT,
    "talk.json": WHISPER,
    "talk.txt": "And so my fellow Americans: ask not.",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OMOAI_LIBRARY__FOLDER", str(tmp_path / "library"))
    shutil.copy(DATA / "en-jfk.mp3", tmp_path / "talk.mp3")
    for name, text in GIVEN.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


async def offers_the_sound(pilot: Pilot[None], folder: Path) -> None:
    await shows(pilot, "Bring in a transcript", str(folder)[:20])
    sound = pilot.app.screen.query_one("#sound", Input)
    await wait_until(pilot, lambda: sound.value == str(folder / "talk.mp3"))


@pytest.mark.parametrize("name", GIVEN)
async def test_a_transcript_finds_the_sound_beside_it_and_opens_for_review(
    folder: Path, name: str
) -> None:
    app = QuietApp(folder)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("l")
        await shows(pilot, "No transcript yet.")
        await pilot.press("i")
        await shows(pilot, "Bring in a transcript")
        app.screen.query_one("#transcript", Input).value = str(folder / name)
        sound = app.screen.query_one("#sound", Input)
        await wait_until(pilot, lambda: sound.value == str(folder / "talk.mp3"))
        await pilot.press("enter")
        await shows(pilot, "And so my fellow Americans")
        await says(pilot, "is in the library")
    with Library(folder / "library") as library:
        (entry,) = library.entries()
        assert library.audio_file(entry.id) == folder / "talk.mp3"


async def test_a_transcript_that_is_pasted_or_opened_is_never_queued_as_sound(
    folder: Path,
) -> None:
    app = QuietApp(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_text(str(folder / "talk.srt"), "")
        await offers_the_sound(pilot, folder)
        await pilot.press("escape")
        await pilot.press("ctrl+o", *str(folder / "talk.srt"), "enter")
        await offers_the_sound(pilot, folder)
        assert app.queue.jobs == []


async def test_a_transcript_on_the_command_line_is_brought_in(folder: Path) -> None:
    app = OmoaiApp([str(folder / "talk.srt")], folder=str(folder))
    async with app.run_test(size=(80, 24)) as pilot:
        await offers_the_sound(pilot, folder)
        assert app.queue.jobs == []


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("bad.json", b"{", "not valid JSON"),
        ("bad.srt", b"nothing here", "no transcript that can be read"),
        ("bad.txt", b"\x00\x01", "no text"),
        ("none.srt", None, "cannot be read"),
    ],
)
async def test_what_cannot_be_read_is_one_sentence_and_can_be_tried_again(
    folder: Path, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        (folder / name).write_bytes(content)
    app = QuietApp(folder)
    async with app.run_test(size=(120, 30)) as pilot:
        app.import_transcript(str(folder / name))
        await pilot.pause()
        await pilot.press("enter")
        await shows(pilot, words)
        assert isinstance(app.screen, ImportDialog)
        app.screen.query_one("#transcript", Input).value = str(folder / "talk.srt")
        await pilot.press("enter")
        await shows(pilot, "And so my fellow Americans")
