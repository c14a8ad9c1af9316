"""A job is in the library from its first words on: what is edited meanwhile survives its end."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from held_sound import HeldSound
from samples import DATA
from terminal_session import APP, TerminalSession
from test_chunkformer_job import COMMANDS, TIMES, bare, commands
from test_real_jobs import wait_until

from omoai_engine.config import load_config
from omoai_engine.library import EditText, Library
from omoai_engine.library.library import library_folder
from omoai_tui.app import OmoaiApp
from omoai_tui.jobs import JobStatus
from omoai_tui.screens.review_screen import ReviewScreen

__all__ = ["commands"]
LONGER = 3
HELD_AT = 250.0
"""So far the recording is heard until it is let go on: beyond this the first words are firm."""
VARIABLES = {
    "OMOAI_ASR__ENGINE": "chunkformer",
    "OMOAI_ASR__MODEL": str(DATA / "tiny-chunkformer"),
    "OMOAI_ASR__LANGUAGE": "vi",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the library of this test is."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    return library_folder(load_config())


async def test_what_is_edited_while_the_job_runs_is_there_when_it_is_through(
    commands: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = HeldSound(monkeypatch, HELD_AT)
    long = tmp_path / "long.wav"
    _repeat(commands, long, LONGER)
    app = OmoaiApp([str(long)], folder=str(tmp_path), theme="omoai-night")
    async with app.run_test(size=(120, 36)) as pilot:
        job = app.queue.jobs[0]
        await wait_until(pilot, lambda: job.entry is not None)
        await pilot.press("v")
        await wait_until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        review = app.screen
        assert isinstance(review, ReviewScreen)
        await wait_until(pilot, lambda: review.document is not None)
        assert review.document is not None
        assert review.document.entry.state == "recording"
        there = len(review.document.segments)
        await pilot.press("enter", "end", *" edited by hand", "enter")
        await wait_until(pilot, lambda: review.document.segments[0].edited)
        assert job.status is JobStatus.RUNNING
        sound.go_on()
        await wait_until(pilot, lambda: job.saved)
        await wait_until(pilot, lambda: review.document.entry.state == "finished")
        assert len(review.document.segments) == len(COMMANDS) * TIMES * LONGER > there
        await pilot.press("u")
        await wait_until(pilot, lambda: not review.document.segments[0].text.endswith("by hand"))
        await pilot.press("U")
        await wait_until(pilot, lambda: review.document.segments[0].text.endswith("by hand"))
    with Library(folder) as library:
        (entry,) = library.entries()
        kept = [bare(segment.text) for segment in library.transcript(entry.id).segments]
        original = library.original(entry.id)
    assert kept[0] == [*COMMANDS[0].split(), "edited", "by", "hand"]
    assert kept[1:] == [command.split() for command in COMMANDS * TIMES * LONGER][1:]
    assert original is not None
    assert bare(original.segments[0].text) == COMMANDS[0].split()


def test_a_job_killed_in_the_middle_is_an_interrupted_transcript_at_the_next_start(
    commands: Path, folder: Path, tmp_path: Path
) -> None:
    def entries() -> list[tuple[str, int]]:
        if not (folder / "library.sqlite3").exists():
            return []
        with Library(folder) as library:
            return [(entry.state, entry.words) for entry in library.entries()]

    def wait_for(done: object, session: TerminalSession) -> None:
        deadline = time.monotonic() + 120
        while not done():  # type: ignore[operator]
            assert time.monotonic() < deadline, session.text
            time.sleep(0.05)

    environment = {**VARIABLES, "XDG_DATA_HOME": os.environ["XDG_DATA_HOME"]}
    long = tmp_path / "long.wav"
    _repeat(commands, long, 12)
    with TerminalSession([*APP, str(long)], home=tmp_path, environment=environment) as session:
        # Two commands at least are kept, of which one is edited.
        two = sum(len(command.split()) for command in COMMANDS[:2])
        wait_for(lambda: entries() and entries()[0][1] >= two, session)
        with Library(folder) as library:
            (entry,) = library.entries()
            first = library.transcript(entry.id).segments[0]
            library.edit(entry.id, EditText(first.key, "sửa bằng tay"))
        os.kill(session.process.pid, signal.SIGKILL)
        session.process.wait(10)
    assert entries()[0][0] == "recording"
    with TerminalSession([*APP], home=tmp_path, environment=environment) as session:
        wait_for(lambda: entries()[0][0] == "interrupted", session)
    with Library(folder) as library:
        (entry,) = library.entries()
        transcript = library.transcript(entry.id)
        assert transcript.segments[0].text == "sửa bằng tay"
        assert bare(transcript.segments[1].text) == COMMANDS[1].split()
        original = library.original(entry.id)
        assert original is not None
        assert bare(original.segments[0].text) == COMMANDS[0].split()
        assert library.undo(entry.id) is not None


def _repeat(path: Path, target: Path, times: int) -> None:
    import wave

    with wave.open(str(path)) as once, wave.open(str(target), "wb") as said:
        said.setparams(once.getparams())
        said.writeframes(once.readframes(once.getnframes()) * times)
