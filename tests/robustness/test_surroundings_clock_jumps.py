"""The date jumps by hours while something is recorded or transcribed: what lasts is still right."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_jobs import ROOT, environment

sys.path.append(str(ROOT / "tests" / "engine" / "recording"))

from sound_tools import read_wav
from virtual_sound import MISSING, VirtualSound, use

from omoai_engine.recording import RecordingState, list_recordings

SPEECH = ROOT / "tests" / "data" / "vi-common-voice.mp3"
OMOAI = [sys.executable, "-m", "omoai_engine.cli"]
HOUR = 3600.0
# The machine's own clock stays as it is: every process of the command has another one.
OTHER_CLOCK = """
import os, time

def jumped(real=time.time):
    with open(os.environ["JUMP"]) as file:
        return real() + float(file.read() or 0)

def local(seconds=None, real=time.localtime):
    return real(jumped() if seconds is None else seconds)

time.time, time.localtime = jumped, local
"""


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    """The file that says by how many seconds the clock is wrong."""
    (tmp_path / "sitecustomize.py").write_text(OTHER_CLOCK)
    path = tmp_path / "jump"
    path.write_text("0")
    return path


def jump(clock: Path, seconds: float) -> None:
    beside = clock.with_name("next")
    beside.write_text(str(seconds))
    beside.replace(clock)


def begin(clock: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    given = environment(clock.parent, JUMP=str(clock), PYTHONPATH=f"{clock.parent}:{ROOT}", **more)
    return subprocess.Popen(
        [*OMOAI, *arguments], env=given, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.fixture
def sound() -> Iterator[VirtualSound]:
    if MISSING:
        pytest.skip(f"{MISSING} is not installed, so there is no virtual microphone")
    server = VirtualSound()
    with use(server):
        yield server
    server.close()


def recorded(running: subprocess.Popen[str], folder: Path, seconds: float) -> None:
    """Wait until the newest recording is so long."""
    until = time.monotonic() + 120
    while not any(
        one.state is RecordingState.LIVE and one.seconds >= seconds
        for one in list_recordings(folder)
    ):
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < until, list_recordings(folder)
        time.sleep(0.05)


def test_a_recording_is_as_long_as_its_sound_whatever_the_clock_says(
    sound: VirtualSound, clock: Path
) -> None:
    folder = clock.parent / "recordings"
    given = {
        "OMOAI_RECORDING__FOLDER": str(folder),
        "OMOAI_RECORDING__SAMPLE_RATE_HZ": "16000",
        **sound.environ,
    }
    for first in (0.0, -30 * 24 * HOUR):
        jump(clock, first)
        running = begin(clock, "record", "--no-live", "--no-transcribe", **given)
        recorded(running, folder, 0.3)
        began = time.monotonic()
        for seconds in (-5 * HOUR, 9 * HOUR, -400 * 24 * HOUR):
            jump(clock, seconds)
            time.sleep(0.3)
        length = time.monotonic() - began
        recorded(running, folder, 0.3 + length)
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=30)
        assert running.returncode in (0, 130), told
        assert "saved" in told
        assert "hangs" not in told
    kept = list_recordings(folder)
    assert len(kept) == 2
    for one in kept:
        assert one.state is RecordingState.WAITING
        assert one.seconds == pytest.approx(len(read_wav(one.path)[1]) / 16_000, abs=0.01)
        assert 1.0 < one.seconds < 60.0
    assert list(folder.glob("*.part")) == []


def test_a_job_takes_as_long_as_it_takes_whatever_the_clock_says(clock: Path) -> None:
    gate = clock.parent / "talk"
    os.mkfifo(gate)
    given = environment(clock.parent, JUMP=str(clock), PYTHONPATH=f"{clock.parent}:{ROOT}")
    running = subprocess.Popen(
        ["bash", "-c", f'exec "$@" < {gate}', "bash", *OMOAI, "transcribe", "-", "--json"],
        env=given, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    before = time.monotonic()
    content = SPEECH.read_bytes()
    with gate.open("wb") as feeding:
        for at, seconds in enumerate((0.0, -5 * HOUR, 9 * HOUR, -400 * 24 * HOUR)):
            jump(clock, seconds)
            feeding.write(content[at * 100_000 : (at + 1) * 100_000])
            feeding.flush()
        feeding.write(content[400_000:])
    out, told = running.communicate(timeout=60)
    assert running.returncode == 0, told
    timing = json.loads(out)["timing"]
    assert 0 < timing["total"] <= time.monotonic() - before
    assert all(0 <= seconds <= timing["total"] for seconds in timing.values())
