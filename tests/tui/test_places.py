"""Files and places: filter, recent ones, details, and disks that do not answer."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from samples import DATA, QuietApp, screen_text
from textual.events import Paste
from textual.pilot import Pilot

from omoai_engine.far_files import Looked
from omoai_tui import media, state
from omoai_tui.formats import size
from omoai_tui.media import Entry
from omoai_tui.widgets.file_picker import FilePicker
from omoai_tui.widgets.files_pane import Details, describe


async def shows(pilot: Pilot[None], words: str, present: bool = True) -> None:
    for _ in range(400):
        if (words in screen_text(pilot.app)) is present:  # type: ignore[arg-type]
            return
        await pilot.pause(0.05)
    raise AssertionError(f"{words!r}:\n{screen_text(pilot.app)}")  # type: ignore[arg-type]


async def test_details_of_the_file_under_the_cursor(tmp_path: Path) -> None:
    (tmp_path / "jfk.mp3").write_bytes((DATA / "en-jfk.mp3").read_bytes())
    (tmp_path / "words.mp3").write_text("not sound " * 100)
    app = QuietApp(tmp_path)
    async with app.run_test(size=(160, 48)) as pilot:
        await shows(pilot, "0:11 · mp3 · mono · 16\u00a0kHz")
        await pilot.press("down")
        await shows(pilot, "0:11 · mp3", present=False)
        await shows(pilot, "header is")


def test_details_in_words() -> None:
    entry = Entry("/x.mkv", "x.mkv", False, True, 9_300_000)
    facts = {
        "duration": 3723.0,
        "duration_is_estimate": True,
        "codec": "opus",
        "channels": 6,
        "sample_rate": 44_100,
        "has_video": True,
    }
    words = describe(entry, Details(facts)).replace("\u00a0", " ")
    assert words == "about 1:02:03 · opus · 6 channels · 44.1 kHz · video · 9.3 MB"
    assert describe(entry, None).startswith(size(entry.size))


async def test_the_filter_finds_names_without_their_accents(tmp_path: Path) -> None:
    for name in ("họp quý.mp3", "bài giảng.mp3", "Đà Nẵng.mp3"):
        (tmp_path / name).write_bytes(b"x")
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await shows(pilot, "bài giảng")
        await pilot.press("slash", *"da nang")
        await shows(pilot, "bài giảng", present=False)
        await shows(pilot, "Đà Nẵng")
        await pilot.press("enter")
        picker = app.bench.query_one(FilePicker)
        assert picker.has_focus
        await pilot.press("enter")
        await pilot.pause()
        assert [job.name for job in app.queue.jobs] == ["Đà Nẵng.mp3"]
        await pilot.press("1", "slash", *"zzz")
        await shows(pilot, "no name here has")
        await pilot.press("escape")
        await shows(pilot, "họp quý")
        assert picker.filter == ""


async def test_recent_places_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "a.mp3").write_bytes(b"x")
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("ctrl+r")
        await shows(pilot, "Nothing yet")
        await pilot.press("escape")
        app.post_message(Paste(str(tmp_path / "a.mp3")))
        await shows(pilot, "a.mp3")
        for _ in range(100):
            if app.queue.jobs:
                break
            await pilot.pause(0.02)
        await pilot.press("ctrl+r", "enter")
        for _ in range(100):
            if len(app.queue.jobs) == 2:
                break
            await pilot.pause(0.02)
        assert [job.name for job in app.queue.jobs] == ["a.mp3", "a.mp3"]
    assert state.read().recent == (str(tmp_path / "a.mp3"),)


def test_recent_places_are_bounded_and_never_twice() -> None:
    for number in range(40):
        state.remember_place(f"/{number % 30}")
    recent = state.read().recent
    assert len(recent) == state.MOST_RECENT == len(set(recent))
    assert recent[0] == "/9"


async def test_a_disk_that_does_not_answer_holds_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A path whose look-up waits, as under a stalled network mount.
    answer = threading.Event()
    real = media.look

    def look(path: Path, *, seconds: float) -> Looked:
        if path.name == "stalled.mp3":
            answer.wait(60)
        return real(path, seconds=seconds)

    monkeypatch.setattr(media, "look", look)
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        app.post_message(Paste(str(tmp_path / "stalled.mp3")))
        await pilot.press("question_mark")
        await shows(pilot, "Everywhere")
        await pilot.press("escape")
        for _ in range(200):
            if any("does not answer" in note.message for note in app._notifications):
                break
            await pilot.pause(0.05)
        else:
            raise AssertionError("nobody is told")
        (tmp_path / "stalled.mp3").write_bytes(b"x")
        answer.set()
        for _ in range(200):
            if app.queue.jobs:
                break
            await pilot.pause(0.02)
        assert [job.name for job in app.queue.jobs] == ["stalled.mp3"]


async def test_waiting_recordings_change_places(tmp_path: Path) -> None:
    names = ["a.mp3", "b.mp3", "c.mp3", "d.mp3"]
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        app.conductor.add_files([str(tmp_path / name) for name in names])
        await pilot.press("4", "end", "K")
        await pilot.pause()
        assert [job.name for job in app.queue.jobs] == ["a.mp3", "b.mp3", "d.mp3", "c.mp3"]
        await pilot.press("K", "K", "K")
        await pilot.pause()
        # The first is being worked on and stays.
        assert [job.name for job in app.queue.jobs] == ["a.mp3", "d.mp3", "b.mp3", "c.mp3"]
        await pilot.press("shift+down", "J")
        await pilot.pause()
        assert [job.name for job in app.queue.jobs] == [*names[:3], "d.mp3"]


def test_what_is_remembered_survives_nonsense(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    state.folder().mkdir()
    for content in ("", "[]", '{"recent": 5, "theme": []}', "\udcff".encode("utf-8", "replace")):
        data = content if isinstance(content, bytes) else content.encode()
        (state.folder() / "tui.json").write_bytes(data)
        assert state.read() == state.Remembered()
    name = os.fsdecode(b"/b\xe9.mp3")
    state.remember_place(name)
    assert state.read().recent == (name,)


WITHOUT_DESCRIPTORS = """
import os, resource
from omoai_tui import state
from omoai_tui.late_writer import late
state.remember_place("/talk.mp3")
assert late.flush()
lowest = os.open("/dev/null", os.O_RDONLY)
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
state.remember(theme="paper")
state.remember_place("/other.mp3")
assert late.flush()
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
assert state.read() == state.Remembered(recent=("/talk.mp3",)), state.read()
"""


def test_what_cannot_be_read_now_is_not_written_over(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "XDG_STATE_HOME": str(tmp_path),
        "PYTHONPATH": str(DATA.parents[1]),
    }
    subprocess.run([sys.executable, "-c", WITHOUT_DESCRIPTORS], env=environment, check=True)
