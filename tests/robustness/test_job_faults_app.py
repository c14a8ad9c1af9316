"""In the app a job that failed is done again from where it was, in the same transcript.

The sound is held in the middle of the recording until the fault is there: a fast recogniser would
be through with it before.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from small_jobs import ROOT, TINY
from textual.pilot import Pilot

from omoai_engine.library import EditText, Library
from omoai_engine.library.library import library_folder
from omoai_tui import texts_review
from omoai_tui.app import OmoaiApp
from omoai_tui.jobs import JobStatus
from omoai_tui.screens.review_screen import ReviewScreen

sys.path.append(str(ROOT / "tests" / "tui"))

from held_sound import HeldSound
from samples import screen_text
from waiting import notices

SPEECH = ROOT / "tests" / "data" / "vi-common-voice.mp3"


@pytest.fixture
def speech(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """10 min of speech, and an app of its own for it."""
    for name, value in {
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "LANG": "C.UTF-8",
        "OMOAI_ASR__ENGINE": "chunkformer",
        "OMOAI_ASR__MODEL": str(TINY),
        "OMOAI_ASR__LANGUAGE": "vi",
        "OMOAI_ASR__THREADS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "talk.wav"
    command = ["ffmpeg", "-nostdin", "-v", "error", "-stream_loop", "6", "-i", str(SPEECH)]
    subprocess.run([*command, "-ar", "16000", "-ac", "1", str(path)], check=True, timeout=60)
    return path


async def wait_until(pilot: Pilot[None], holds: Callable[[], bool], seconds: float = 90) -> None:
    for _ in range(int(seconds / 0.02)):
        await pilot.pause(0.02)
        if holds():
            return
    raise AssertionError("it never came to that")


def recognisers() -> set[psutil.Process]:
    found = set()
    for child in psutil.Process(os.getpid()).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "isolated_child" in " ".join(child.cmdline()):
                found.add(child)
    return found


async def test_a_job_that_failed_goes_on_when_it_is_run_again(
    speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from omoai_engine.config import load_config

    notebooks = speech.parent / "data" / "omoai" / "unfinished"

    def segments_on_the_disk() -> int:
        kept = b"".join(path.read_bytes() for path in notebooks.glob("*.jsonl"))
        return kept.count(b'{"segment"')

    sound = HeldSound(monkeypatch, 200.0)
    others = recognisers()  # of tests before this one
    app = OmoaiApp([str(speech)], folder=str(speech.parent), theme="omoai-night")
    async with app.run_test(size=(120, 36)) as pilot:
        job = app.queue.jobs[0]
        await wait_until(pilot, lambda: segments_on_the_disk() >= 3)
        (working,) = recognisers() - others
        working.send_signal(signal.SIGKILL)
        sound.go_on()
        await wait_until(pilot, lambda: job.status.over and job.saved)
        assert job.status is JobStatus.FAILED
        assert "was killed, most likely because memory ran out" in job.reason
        before, entry = [s.text for s in job.result.asr.segments], job.entry
        assert len(before) >= 3
        with Library(library_folder(load_config())) as library:
            assert library.entry(entry).state == "failed"
            first = library.transcript(entry).segments[0]
            library.edit(entry, EditText(first.key, "đã sửa bằng tay"))

        sound.hold()
        await pilot.press("4", "R")
        await wait_until(pilot, lambda: app.queue.jobs[0] is not job)
        again = app.queue.jobs[0]
        # A recogniser that hangs, here from its beginning, can be stopped by the person.
        await wait_until(pilot, lambda: bool(recognisers() - others - {working}))
        (hung,) = recognisers() - others - {working}
        hung.send_signal(signal.SIGSTOP)
        await pilot.press("x")
        sound.go_on()
        await wait_until(pilot, lambda: again.status.over and again.saved)
        assert again.status is JobStatus.STOPPED
        stopped = [s.text for s in again.result.asr.segments]
        assert stopped[: len(before)] == before

        await pilot.press("R")
        await wait_until(pilot, lambda: app.queue.jobs[0] is not again)
        last = app.queue.jobs[0]
        await wait_until(pilot, lambda: last.status.over and last.saved)
        assert last.status is JobStatus.DONE, last.reason
        assert last.entry == entry
        assert [s.text for s in last.result.asr.segments][: len(stopped)] == stopped
        assert last.result.metadata["continued_from"] > 0
        assert last.duration == pytest.approx(7 * 85.0, rel=0.01)
        with Library(library_folder(load_config())) as library:
            (kept,) = library.entries()
            assert (kept.id, kept.state) == (entry, "finished")
            texts = [segment.text for segment in library.transcript(entry).segments]
        assert texts[0] == "đã sửa bằng tay"
        assert len(texts) >= len(stopped)
    app.release()
    assert not list(notebooks.glob("*.jsonl"))


async def test_a_job_that_the_library_did_not_take_is_put_there_by_running_it_again(
    speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = speech.parent / "shelf"
    shelf.write_bytes(b"")
    monkeypatch.setenv("OMOAI_LIBRARY__FOLDER", str(shelf))
    app = OmoaiApp([str(SPEECH)], folder=str(speech.parent), theme="omoai-night")
    said = notices(app, monkeypatch)
    async with app.run_test(size=(120, 36)) as pilot:
        job = app.queue.jobs[0]
        await wait_until(pilot, lambda: any("is not in the library" in line for line in said))
        assert job.status is JobStatus.DONE
        assert app.queue.unsaved == [job]
        await pilot.press("v")
        await wait_until(pilot, lambda: "run it again (4, R)" in screen_text(app))
        shelf.unlink()
        await pilot.press("escape", "4", "R")
        await wait_until(pilot, lambda: app.queue.jobs[0] is not job)
        again = app.queue.jobs[0]
        await wait_until(pilot, lambda: again.entry is not None and again.saved)
        assert again.result is not None
        assert again.result.timing["model_loading"] == 0, "nothing is recognised twice"
        assert [s.text for s in again.segments] == [s.text for s in job.segments]
        await pilot.press("v")
        await wait_until(pilot, lambda: "Enter edit" in screen_text(app))
    app.release()


async def test_a_review_says_why_the_library_does_not_open(
    speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = speech.parent / "shelf"
    shelf.write_bytes(b"")
    monkeypatch.setenv("OMOAI_LIBRARY__FOLDER", str(shelf))
    app = OmoaiApp([], folder=str(speech.parent), theme="omoai-night")
    async with app.run_test(size=(120, 36)) as pilot:
        screen = ReviewScreen(1)
        await app.push_screen(screen)
        await wait_until(pilot, lambda: screen.view.why_empty != texts_review.READING)
        assert str(shelf) in " ".join(screen.view.why_empty)
    app.release()
