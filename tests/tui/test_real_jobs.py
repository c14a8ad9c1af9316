"""The main flow with its real parts: the pipeline, FFmpeg's decoder, the Whisper model."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from held_sound import HeldSound
from samples import DATA, screen_text
from textual.pilot import Pilot
from waiting import notices

from omoai_tui.app import OmoaiApp
from omoai_tui.jobs import JobStatus


async def wait_until(pilot: Pilot[None], done: object, seconds: float = 240) -> None:
    """Wait for a condition of the real engine, whose speed is the machine's."""
    deadline = time.monotonic() + seconds
    while not done():  # type: ignore[operator]
        assert time.monotonic() < deadline, screen_text(pilot.app)  # type: ignore[arg-type]
        await pilot.pause(0.05)
    await pilot.pause()


async def test_recordings_become_transcripts_and_bad_files_harm_only_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = tmp_path / "not [b]sound.mp3"
    text.write_text("these are words, not sound\n" * 50)
    sound = tmp_path / "jfk.mp3"
    sound.write_bytes((DATA / "en-jfk.mp3").read_bytes())
    files = [str(sound), str(tmp_path / "gone.mp3"), str(text)]
    app = OmoaiApp(files, folder=str(tmp_path), theme="omoai-night", log_path="the.log")
    said = notices(app, monkeypatch)
    async with app.run_test(size=(160, 48)) as pilot:
        await wait_until(pilot, lambda: all(job.status.over for job in app.queue.jobs))
        done, gone, not_sound = app.queue.jobs
        assert (gone.status, not_sound.status) == (JobStatus.FAILED, JobStatus.FAILED)
        assert "no such file" in gone.reason
        assert "gone.mp3" in gone.reason
        assert not_sound.reason.endswith(".")
        assert done.status is JobStatus.DONE
        assert done.language == "en"
        assert done.first_latency is not None
        assert done.result is not None
        assert done.result.performance["real_time_factor"] > 0
        screen = " ".join(screen_text(app).split())
        assert "ask not what your country can do for you" in done.transcript().lower()
        assert "country" in screen
        assert "✗ gone.mp3" in screen
        assert app.bench.job is done, "a file that cannot be read does not hide a transcript"
        assert any(gone.reason in note and "the.log" in note for note in said)

        copied: list[str] = []
        monkeypatch.setattr(app, "copy_to_clipboard", copied.append)
        await pilot.press("c")
        assert copied == [done.transcript()]

        await pilot.press("e", "down", "down", "space", "down", "space", "enter")
        await wait_until(pilot, lambda: (tmp_path / "jfk.srt").exists())
        assert "country" in (tmp_path / "jfk.txt").read_text()
        assert json.loads((tmp_path / "jfk.json").read_text())["segments"]
        before = (tmp_path / "jfk.txt").stat().st_mtime_ns
        await pilot.press("e", "enter")
        await wait_until(pilot, lambda: "is there already" in screen_text(app))
        assert (tmp_path / "jfk.txt").stat().st_mtime_ns == before
        await pilot.press("enter")
        await wait_until(pilot, lambda: (tmp_path / "jfk.txt").stat().st_mtime_ns > before)
        assert app.conductor.losses() == []


async def test_cancel_acts_at_once_and_keeps_what_is_done_and_the_next_job_runs(
    vietnamese: Path, english: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMOAI_LIBRARY__KEEP", "false")
    sound = HeldSound(monkeypatch, 60.0)
    app = OmoaiApp([str(vietnamese), str(english)], folder=str(DATA), theme="omoai-night")
    async with app.run_test(size=(120, 36)) as pilot:
        first, second = app.queue.jobs
        await wait_until(pilot, lambda: len(first.segments) >= 2)
        await pilot.press("p")
        assert first.status is JobStatus.PAUSED
        assert "paused" in screen_text(app)
        await pilot.press("p")
        assert first.status is JobStatus.RUNNING
        seen = [segment.start for segment in first.segments]
        await pilot.press("x")
        sound.go_on()
        await wait_until(pilot, lambda: first.status.over)
        assert first.status is JobStatus.STOPPED
        assert [segment.start for segment in first.segments][: len(seen)] == seen
        assert first.transcript()
        await wait_until(pilot, lambda: second.status.over)
        assert second.status is JobStatus.DONE
        await pilot.press("q")
        await pilot.pause()
        assert "not exported or copied yet" in " ".join(screen_text(app).split())
        await pilot.press("n")
        assert app.is_running
        await pilot.press("q", "y")
    assert app.return_code == 0


async def test_a_wrong_setting_is_one_sentence(
    english: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMOAI_ASR__DEVICE", "abacus")
    app = OmoaiApp([str(english)], folder=str(DATA), theme="omoai-night")
    async with app.run_test(size=(120, 36)) as pilot:
        await wait_until(pilot, lambda: app.queue.jobs[0].status.over)
        assert app.queue.jobs[0].status is JobStatus.FAILED
        assert "OMOAI_ASR__DEVICE" in app.queue.jobs[0].reason


async def test_the_configuration_chooses_theme_and_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "omoai.toml"
    config.write_text(
        '[tui]\ntheme = "forest"\n[tui.keys]\n"app.keys" = "h"\n"no.such" = "ctrl+l"\n'
    )
    monkeypatch.setenv("OMOAI_CONFIG", str(config))
    app = OmoaiApp(folder=str(tmp_path))
    async with app.run_test(size=(120, 36)) as pilot:
        await wait_until(pilot, lambda: app.theme == "forest")
        assert any("no.such" in note.message for note in app._notifications)
        await pilot.press("2", "h")
        await pilot.pause()
        assert "This table" in screen_text(app)
