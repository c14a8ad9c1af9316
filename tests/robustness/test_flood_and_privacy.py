"""A flood of live messages, memory that runs out, and what a job leaves for others to read."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from small_jobs import ROOT, environment

from omoai_engine.events import SegmentRecognized, StageProgress
from omoai_engine.results import ASRSegment
from omoai_tui.app import OmoaiApp
from omoai_tui.jobs import Changed, JobStatus
from omoai_tui.mailbox import Mailbox

SPEECH = ROOT / "tests" / "data" / "vi-common-voice.mp3"
MESSAGES = 50_000
POOR = {"LANG": "C", "TERM": "dumb", "OMOAI_LLM__API_KEY": "sk-very-secret-key"}


class Flooded(OmoaiApp):
    """The real app, except that no engine is started: the test tells the events."""

    def _after_first_paint(self) -> None:
        pass


async def test_fifty_thousand_messages_leave_the_keys_alive(tmp_path: Path) -> None:
    app = Flooded(folder=str(tmp_path), theme="omoai-night")
    process = psutil.Process()
    async with app.run_test(size=(120, 36)) as pilot:
        job = app.queue.add("live.wav")
        job.status = JobStatus.RUNNING
        app.bench.show_job(job)
        box = Mailbox(lambda: None)
        sizes = []
        for minute in range(4):
            for number in range(MESSAGES // 4):
                box.put(StageProgress("asr", number / 100, 1000.0, number / 100))
                if number % 500 == 0:
                    at = float(minute * 25 + number / 500)
                    said = ASRSegment(at, at + 0.9, f"câu số {number}", 0.9)
                    box.put(SegmentRecognized(minute * 25 + number // 500, said))
                if number % 250 == 0:
                    changed = Changed.NOTHING
                    for event in box.collect():
                        changed |= job.apply(event)
                    app.bench.sync_job(changed)
                    await pilot.press("2", "down")
            gc.collect()
            sizes.append(process.memory_info().rss)
        assert len(job.segments) == 100
        await pilot.press("question_mark")
        await pilot.pause()
        assert len(app.screen_stack) > 1, "the key was answered"
        assert sizes[-1] - sizes[1] < 40 * 2**20, sizes


def test_what_is_kept_is_private_and_no_file_beside_it_holds_the_words(tmp_path: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    home.mkdir()
    command = [sys.executable, "-m", "omoai_engine.cli"]
    job = ["transcribe", "--library", "-f", "txt", "-o", str(out), str(SPEECH)]
    # An open umask: what is private must not depend on it.
    done = subprocess.run(
        [*command, *job], capture_output=True, env=environment(home, **POOR), umask=0, timeout=240
    )
    assert done.returncode == 0, done.stderr.decode()
    words = (out / "vi-common-voice.txt").read_text(encoding="utf-8").split()
    spoken = " ".join(words[:3])
    written = [path for path in home.rglob("*") if not path.is_symlink()]
    assert any(path.name == "library.sqlite3" for path in written)
    for path in written:
        mode = path.stat().st_mode & 0o777
        parts = path.relative_to(home).parts
        if "omoai" in parts:
            assert mode == (0o700 if path.is_dir() else 0o600), f"{path}: {mode:o}"
        if path.is_file() and "library" not in path.name:
            assert spoken.encode() not in path.read_bytes(), path
    assert spoken not in done.stderr.decode()
    for told in (["doctor"], ["config", "show"], ["config", "show", "--json"]):
        said = subprocess.run(
            [*command, *told], capture_output=True, env=environment(home, **POOR), timeout=120
        )
        assert b"sk-very-secret-key" not in said.stdout + said.stderr, told


@pytest.mark.parametrize("megabytes", [200, 500, 900, 1500])
def test_without_memory_there_is_a_sentence(tmp_path: Path, megabytes: int) -> None:
    """The limit strikes while libraries, the decoder, the model or the sound are loaded."""
    done = subprocess.run(
        ["prlimit", f"--as={megabytes << 20}", sys.executable, "-m", "omoai_engine.cli",
         "transcribe", str(SPEECH)],
        capture_output=True, env=environment(tmp_path, **POOR), timeout=240,
    )  # fmt: skip
    told = done.stderr.decode(errors="replace")
    assert done.returncode in (0, 1), told
    assert "fault of omoai" not in told, told
    if done.returncode:
        assert "omoai: " in told, told
        assert done.stdout == b""
