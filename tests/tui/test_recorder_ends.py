"""However the app ends while it records, the recording is whole and the next start offers it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from recorder_tools import Speak, VirtualSound, _virtual, bare, folder, say, sound
from terminal_session import APP, TerminalSession

from omoai_engine.config import load_config
from omoai_engine.library import Library
from omoai_engine.recording import Recording, RecordingState, list_recordings

__all__ = ["_virtual", "folder", "say", "sound"]


def session(home: Path) -> TerminalSession:
    """Return the app on a terminal, with the microphone and the folders of the test."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("PULSE_", "OMOAI_", "XDG_", "DBUS_"))
    }
    return TerminalSession([*APP, str(home)], home=home, environment=kept)


def until(done: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def record(running: TerminalSession, folder: Path) -> None:
    """Press the key; wait until sound is on the disk."""
    running.wait_for("1 Files")
    running.send(b"r")
    running.wait_for("system default")
    running.send(b"r")
    running.wait_for("● REC")
    until(lambda: bool(list_recordings(folder)) and list_recordings(folder)[-1].seconds > 0.3)


def left(folder: Path) -> Recording:
    """Wait until no capture process writes any more; return the only recording."""
    # It holds the file for a moment more when that has its name already.
    held = (RecordingState.LIVE, RecordingState.TAKEN)
    until(lambda: list_recordings(folder)[0].state not in held)
    (found,) = list_recordings(folder)
    return found


def test_a_killed_app_loses_nothing_and_the_next_one_transcribes_it(
    sound: VirtualSound, say: Speak, folder: Path, tmp_path: Path
) -> None:
    with session(tmp_path) as running:
        record(running, folder)
        spoken = say("một hai ba")
        sound.play(spoken)
        running.send(b"m")
        seconds = list_recordings(folder)[0].seconds + len(spoken) / 16_000
        until(lambda: list_recordings(folder)[0].seconds >= seconds)
        written = list_recordings(folder)[0].seconds
        os.kill(running.process.pid, signal.SIGKILL)
        running.ends_with()
        kept = left(folder)
    assert (kept.state, kept.how) == (RecordingState.WAITING, "orphaned")
    assert kept.seconds >= written
    assert len(kept.marks) == 1

    with session(tmp_path) as running:
        running.wait_for("1 recording is not transcribed yet")
        running.send(b"\r")
        until(lambda: list_recordings(folder)[0].state is RecordingState.SETTLED, 120)
        running.wait_for("Một hai ba")
        assert running.leave() == 0
    with Library.open(load_config()) as library:
        (entry,) = library.entries()
        assert bare(library.result(entry.id).transcript) == "một hai ba"
        assert library.result(entry.id).metadata["marks"][0]["at"] == kept.marks[0].at


def test_both_killed_leaves_a_cut_recording_that_is_mended(
    sound: VirtualSound, say: Speak, folder: Path, tmp_path: Path
) -> None:
    with session(tmp_path) as running:
        record(running, folder)
        sound.play(say("bật đèn"))
        until(lambda: list_recordings(folder)[0].seconds > 4)
        written = list_recordings(folder)[0].seconds
        capture = running.working("capture")
        assert len(capture) == 1
        os.kill(running.process.pid, signal.SIGSTOP)  # it must not mend what it sees die
        capture[0].kill()
        os.kill(running.process.pid, signal.SIGKILL)
        running.ends_with()
        kept = left(folder)
    assert kept.state is RecordingState.CUT
    assert kept.seconds >= written - 1

    with session(tmp_path) as running:
        running.wait_for("1 recording is not transcribed yet")
        running.wait_for("cut short")
        running.send(b"a")
        until(lambda: list_recordings(folder)[0].state is RecordingState.SETTLED, 120)
        running.wait_for("Bật đèn")


@pytest.mark.parametrize("how", ["hang up", "terminate", "quit"])
def test_leaving_stops_the_recording_in_order_and_it_is_offered(
    sound: VirtualSound, folder: Path, tmp_path: Path, how: str
) -> None:
    with session(tmp_path) as running:
        record(running, folder)
        tree = running.tree()
        if how == "hang up":
            running.hang_up()
            assert running.ends_with() == 129
        elif how == "terminate":
            os.kill(running.process.pid, signal.SIGTERM)
            assert running.ends_with() == 143
        else:
            running.send(b"\x1b")
            running.wait_for("OmoAI  ● REC 0:")
            running.send(b"q")
            running.wait_for("A recording is running")
            running.send(b"y")
            assert running.ends_with() == 0
            running.assert_restored()
        kept = left(folder)
        assert kept.state is RecordingState.WAITING
        assert kept.how in ("stopped", "orphaned")
        assert kept.seconds > 0.3
        until(lambda: not any(process.is_running() for process in tree), 10)
    if how == "quit":
        with session(tmp_path) as running:
            running.wait_for("1 recording is not transcribed yet")
            running.send(b"\x1b")
            until(lambda: "not transcribed yet" not in running.text)
            running.send(b"q")
            assert running.ends_with() == 0
        assert left(folder).state is RecordingState.WAITING, "it is kept for later"
