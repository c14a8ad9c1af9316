"""Progress on a real terminal, and being stopped: real signals, a real pty."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from omoai_command import COMMAND, DATA, Home

from omoai_engine.models import find_whisper_base_parts

pytestmark = pytest.mark.skipif(
    find_whisper_base_parts() is None, reason="the `offline` extra is not installed"
)
WAIT_SECONDS = 120.0
# Speed and the time left, and after them the latest words.
WORDS = rb"\dx ETA \d+:\d\d +[^\x1b]*[a-z]{2}"


class OnTerminal:
    """The command with its standard error on a pty of 100 columns."""

    def __init__(self, omoai: Home, *arguments: str | Path, **more: str) -> None:
        self._main, side = pty.openpty()
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=side,
            env=omoai.environment(COLUMNS="100", **more),
            cwd=omoai.folder,
        )
        os.close(side)
        self.shown = b""

    def _take(self, seconds: float) -> None:
        ready, _, _ = select.select([self._main], [], [], seconds)
        if ready:
            # Linux says EIO when the last writer has gone.
            try:
                self.shown += os.read(self._main, 65536)
            except OSError:
                time.sleep(seconds)

    def wait_for(self, pattern: bytes) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not re.search(pattern, self.shown):
            assert time.monotonic() < deadline, self.shown
            assert self.process.poll() is None, self.shown
            self._take(0.1)

    def finish(self) -> tuple[int, bytes]:
        """Wait for the end; return the exit code and standard output."""
        deadline = time.monotonic() + WAIT_SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.shown
            self._take(0.1)
        self._take(0.1)
        assert self.process.stdout is not None
        return self.process.returncode, self.process.stdout.read()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        os.close(self._main)


@pytest.fixture
def long_recording(omoai: Home) -> Path:
    # MP3 frames stand alone: written one after another they are a longer recording.
    path = omoai.folder / "long [b].mp3"
    path.write_bytes((DATA / "en-librivox-sonnet.mp3").read_bytes() * 12)
    return path


@pytest.fixture
def running(omoai: Home, long_recording: Path) -> Iterator[OnTerminal]:
    terminal = OnTerminal(omoai, "transcribe", long_recording, "--json", "--language", "en")
    terminal.wait_for(WORDS)
    yield terminal
    terminal.close()


def children(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def assert_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=60)
    assert alive == []


def test_a_terminal_shows_how_far_and_how_long_still(omoai: Home) -> None:
    terminal = OnTerminal(omoai, "transcribe", DATA / "en-librivox-sonnet.mp3", "--language", "en")
    try:
        code, out = terminal.finish()
    finally:
        terminal.close()

    assert code == 0
    assert re.search(rb"\d:\d\d/\d:\d\d", terminal.shown)
    assert re.search(rb"\d+\.\dx ETA \d:\d\d", terminal.shown)
    assert b"of sound in" in terminal.shown
    # The cursor is hidden while the line is redrawn and shown again at the end.
    assert terminal.shown.rfind(b"\x1b[?25h") > terminal.shown.rfind(b"\x1b[?25l") >= 0
    assert b"\x1b" not in out
    assert b"ETA" not in out


def test_ctrl_c_prints_what_is_done(running: OnTerminal) -> None:
    family = children(running.process)
    running.process.send_signal(signal.SIGINT)

    code, out = running.finish()

    assert code == 130, running.shown
    document = json.loads(out)
    assert document["metadata"]["cancelled"] is True
    assert document["segments"]
    assert b"stopped; kept" in running.shown
    assert running.shown.rfind(b"\x1b[?25h") > running.shown.rfind(b"\x1b[?25l")
    assert b"Traceback" not in running.shown
    assert_gone(family)


def test_the_second_ctrl_c_ends_at_once(running: OnTerminal) -> None:
    family = children(running.process)
    running.process.send_signal(signal.SIGINT)
    running.wait_for(rb"Stopping")
    running.process.send_signal(signal.SIGINT)

    ended, _ = running.finish()

    assert ended == 130
    assert running.shown.rfind(b"\x1b[?25h") > running.shown.rfind(b"\x1b[?25l")
    assert_gone(family)


def test_a_recogniser_that_dies_is_said_and_what_it_gave_is_kept(running: OnTerminal) -> None:
    family = children(running.process)
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):  # the decoder may be through
            process.kill()

    code, out = running.finish()

    assert code == 1
    assert json.loads(out)["segments"]
    assert b"omoai: " in running.shown
    assert b"Traceback" not in running.shown
    assert_gone(family)


def test_a_terminal_that_is_closed_leaves_what_is_done_in_the_file(
    omoai: Home, long_recording: Path
) -> None:
    arguments = [*COMMAND, "transcribe", long_recording, "-o", "out", "--language", "en"]
    child, main = pty.fork()
    if child == 0:  # the terminal's own session, as in a window or over SSH
        os.chdir(omoai.folder)
        os.execve(COMMAND[0], [str(part) for part in arguments], omoai.environment())
    shown = b""
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        while not re.search(WORDS, shown):
            assert time.monotonic() < deadline, shown
            shown += os.read(main, 65536)
    finally:
        os.close(main)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 129
    assert (omoai.folder / "out" / "long [b].txt").read_text().strip()


def test_a_transcript_that_cannot_be_written_is_kept_elsewhere(
    omoai: Home, long_recording: Path
) -> None:
    terminal = OnTerminal(omoai, "transcribe", long_recording, "-o", "out", "--language", "en")
    try:
        terminal.wait_for(WORDS)
        (omoai.folder / "out").rmdir()
        terminal.process.send_signal(signal.SIGINT)
        code, _ = terminal.finish()
    finally:
        terminal.close()

    assert code == 130
    kept = omoai.folder / ".local" / "share" / "omoai" / "rescued" / "long [b].json"
    assert json.loads(kept.read_text())["segments"]
    assert b"there is no such folder" in terminal.shown
    assert b"the transcript is kept in" in terminal.shown


def test_sigterm_writes_what_is_done_and_begins_nothing_new(
    omoai: Home, long_recording: Path
) -> None:
    terminal = OnTerminal(
        omoai, "transcribe", long_recording, DATA / "en-jfk.mp3", "-o", "out", "--language", "en"
    )
    try:
        terminal.wait_for(WORDS)
        terminal.process.send_signal(signal.SIGTERM)
        code, _ = terminal.finish()
    finally:
        terminal.close()

    assert code == 143
    assert b"Traceback" not in terminal.shown
    assert [path.name for path in (omoai.folder / "out").iterdir()] == ["long [b].txt"]
    assert (omoai.folder / "out" / "long [b].txt").read_text().strip()


def test_a_dumb_terminal_gets_plain_lines(omoai: Home) -> None:
    terminal = OnTerminal(omoai, "transcribe", "absent.mp3", TERM="dumb")
    try:
        code, _ = terminal.finish()
    finally:
        terminal.close()

    assert code == 2
    assert b"absent.mp3" in terminal.shown
    assert b"\x1b" not in terminal.shown
