"""Ctrl-Z and `fg`: a recording goes on, a job goes on where it stood, the terminal is right."""

from __future__ import annotations

import os
import re
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from small_jobs import ROOT, TINY

sys.path.append(str(ROOT / "tests" / "tui"))
sys.path.append(str(ROOT / "tests" / "engine" / "recording"))

from recorder_tools import Speak, say
from sound_tools import noise, read_wav
from terminal_session import TerminalSession
from virtual_sound import MISSING, VirtualSound, use

from omoai_engine.recording import Recording, list_recordings

__all__ = ["say"]
OMOAI = f"{sys.executable} -m omoai_engine.cli"
SPEECH = ROOT / "tests" / "data" / "vi-common-voice.mp3"


@pytest.fixture
def sound() -> Iterator[VirtualSound]:
    if MISSING:
        pytest.skip(f"{MISSING} is not installed, so there is no virtual microphone")
    server = VirtualSound()
    with use(server):
        yield server
    server.close()


def taken(folder: Path) -> dict[str, str]:
    """Return the settings that let recordings go to a folder."""
    return {
        "OMOAI_RECORDING__FOLDER": str(folder),
        "OMOAI_RECORDING__SAMPLE_RATE_HZ": "16000",
        "OMOAI_RECORDING__RESERVE_MIB": "0",
        "XDG_DATA_HOME": str(folder.parent / "data"),
    }


def shell(home: Path, **more: str) -> TerminalSession:
    """Return an interactive shell, which has jobs."""
    given = {
        "PS1": "$ ",
        "OMOAI_ASR__ENGINE": "chunkformer",
        "OMOAI_ASR__MODEL": str(TINY),
        "OMOAI_ASR__LANGUAGE": "vi",
        **more,
    }
    return TerminalSession(["bash", "--norc", "--noediting", "-i"], home=home, environment=given)


def recorded(folder: Path, seconds: float) -> Recording:
    """Wait until so many seconds are on the disk."""
    until = time.monotonic() + 120
    while not (found := list_recordings(folder)) or found[0].seconds < seconds:
        assert time.monotonic() < until, found
        time.sleep(0.05)
    return found[0]


def suspend(session: TerminalSession) -> None:
    """Type Ctrl-Z; the shell has the terminal again, with a cursor."""
    session.send(b"\x1a")
    session.wait_for("Stopped")
    assert session.raw.rfind(b"\x1b[?25h") > session.raw.rfind(b"\x1b[?25l")


def test_a_recording_goes_on_while_its_command_is_stopped(
    sound: VirtualSound, tmp_path: Path
) -> None:
    folder = tmp_path / "recordings"
    with shell(tmp_path, **taken(folder), **sound.environ) as session:
        session.send(f"{OMOAI} record --no-live --no-transcribe; echo code=$?\r".encode())
        before = recorded(folder, 0.5)
        suspend(session)
        sound.play(noise(2.0))
        grown = recorded(folder, before.seconds + 3.0)
        session.send(b"fg\r")
        recorded(folder, grown.seconds + 0.5)
        session.send(b"\x03")
        session.wait_for("saved")
        session.send(b"echo again=$((6*7))\r")
        session.wait_for("again=42")
        assert termios.tcgetattr(session._slave)[3] & termios.ICANON
        assert session.raw.rfind(b"\x1b[?25h") > session.raw.rfind(b"\x1b[?25l")
    (kept,) = list_recordings(folder)
    samples = read_wav(kept.path)[1]
    loud = np.abs(samples.astype(np.float32)).reshape(-1) > 300
    assert loud.sum() > 1.5 * 16_000, "what was said while the command stood still is in it"


def test_a_recording_and_its_text_go_on_while_the_app_is_stopped(
    sound: VirtualSound, say: Speak, tmp_path: Path
) -> None:
    folder = tmp_path / "recordings"
    with shell(tmp_path, **taken(folder), **sound.environ) as session:
        session.send(f"{sys.executable} -m omoai_tui\r".encode())
        session.wait_for("1 Files")
        session.send(b"r")
        session.wait_for("system default")
        session.send(b"r")
        session.wait_for("● REC")
        before = recorded(folder, 0.5)
        suspend(session)
        spoken = say("bật đèn")
        sound.play(spoken)
        grown = recorded(folder, before.seconds + len(spoken) / 16_000 + 1.0)
        assert "bật đèn" not in session.text
        session.send(b"fg\r")
        # The whole screen is drawn anew: what the shell wrote is gone.
        text = session.wait_for(r"\A(?![\s\S]*Stopped)[\s\S]*● REC[\s\S]*bật đèn", 60)
        shown = re.search(r"● REC (\d+):(\d\d)", text)
        assert shown is not None
        assert int(shown[1]) * 60 + int(shown[2]) >= int(grown.seconds)
        session.send(b"s")
        session.wait_for("Saved")
        (kept,) = list_recordings(folder)
        assert kept.seconds >= grown.seconds


def test_a_job_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    with shell(tmp_path) as session:
        session.send(f"{OMOAI} transcribe - < {gate} > {tmp_path}/out.txt; echo code=$?\r".encode())
        with gate.open("wb") as feeding:
            # It waits for the rest of its input, wherever it is so far.
            feeding.write(SPEECH.read_bytes()[:1000])
            feeding.flush()
            session.wait_for("opening")
            suspend(session)
            session.send(b"fg\r")
            feeding.write(SPEECH.read_bytes()[1000:])
        session.wait_for("words")
        assert termios.tcgetattr(session._slave)[3] & termios.ICANON
        assert session.raw.rfind(b"\x1b[?25h") > session.raw.rfind(b"\x1b[?25l")
