"""What only a terminal shows: the way in, the way out, and what is left behind."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from terminal_session import APP, ROOT, TerminalSession, send_signal, session_environment

RECORDING = "tests/data/vi-common-voice.mp3"


def log_of(home: Path) -> Path:
    return home / "state" / "omoai" / "tui.log"


def started(home: Path, *arguments: str, **options: int) -> TerminalSession:
    session = TerminalSession([*APP, *(arguments or ("tests/data",))], home=home, **options)
    session.wait_for("Files")
    return session


@pytest.mark.parametrize("key", [b"q", b"\x11", b"\x03"])
def test_quitting_restores_the_terminal(tmp_path: Path, key: bytes) -> None:
    with started(tmp_path) as session:
        session.send(key)
        assert session.ends_with() == 0
        session.assert_restored()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)]
)
def test_signals_end_in_order(tmp_path: Path, number: int, code: int) -> None:
    with started(tmp_path) as session:
        send_signal(session, number)
        assert session.ends_with() == code
        session.assert_restored()


def children_at_work(session: TerminalSession) -> list[psutil.Process]:
    """Wait until a recogniser works; return all children."""
    deadline = time.monotonic() + 120
    while not session.working("isolated_child"):
        assert time.monotonic() < deadline, session.text
        time.sleep(0.05)
    return session.tree()


def test_quitting_in_the_middle_of_a_job_asks_and_leaves_no_process(tmp_path: Path) -> None:
    with started(tmp_path, RECORDING) as session:
        children = children_at_work(session)
        session.send(b"q")
        session.wait_for("Leave OmoAI")
        session.send(b"y")
        assert session.ends_with() == 0
        session.assert_restored()
        _, alive = psutil.wait_procs(children, 60)
        assert alive == []


def test_a_line_that_is_cut_ends_the_program_and_its_children(tmp_path: Path) -> None:
    with started(tmp_path, RECORDING) as session:
        children = children_at_work(session)
        session.hang_up()
        assert session.ends_with() in (129, -signal.SIGHUP)
        _, alive = psutil.wait_procs(children, 60)
        assert alive == []


def test_a_terminal_that_has_stopped_reading_does_not_hold_the_program(tmp_path: Path) -> None:
    shell = ["sh", "-c", '"$@"; echo "code=$?"; sleep 60', "sh", *APP, "tests/data"]
    with TerminalSession(shell, home=tmp_path) as session:
        session.wait_for("en-jfk")
        (program,) = psutil.Process(session.process.pid).children()
        session.stall()
        session.type_while_stalled(b"\t?\x1b")
        program.terminate()
        program.wait(20)
        session.resume()
        session.wait_for_bytes(b"code=143")
        session.assert_restored()


def test_suspend_and_resume_paints_everything_again(tmp_path: Path) -> None:
    shell = ["bash", "--norc", "-i"]
    with TerminalSession(shell, home=tmp_path, environment={"PS1": "$ "}) as session:
        session.send((" ".join([*APP, "tests/data"]) + "\r").encode())
        session.wait_for("en-jfk")
        session.send(b"\x1a")
        session.wait_for("Stopped")
        before = len(session.raw)
        session.send(b"fg\r")
        session.wait_for_bytes(b"\x1b[?1049h")
        deadline = time.monotonic() + 120
        while b"en-jfk" not in session.raw[before:]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        session.send(b"q")
        session.wait_for_bytes(b"\x1b[?1049l")


def test_input_that_is_not_utf8_does_no_harm(tmp_path: Path) -> None:
    with started(tmp_path) as session:
        session.send(b"\xff\xfe\x80\xc3")
        session.send(b"\x1b[999;999;999Z\x1b[<0;")
        session.wait_until_read()
        session.send(b"?")
        session.wait_for("Everywhere")
        session.send(b"\x1b")
        session.wait_until_read()
        session.send(b"q")
        assert session.ends_with() == 0
        session.assert_restored()


NOISY = """
import os, subprocess, sys
from omoai_tui.app import OmoaiApp
from omoai_tui.__main__ import main
def noise(self):
    os.write(1, b"SCRIBBLE-ONE\\n")
    os.write(2, b"SCRIBBLE-TWO\\n")
    subprocess.run(["sh", "-c", "echo SCRIBBLE-CHILD; echo SCRIBBLE-CHILD >&2"])
    print("SCRIBBLE-PRINT")
    self.tell("noise is over")
OmoaiApp.on_settings_loaded = lambda self, _: noise(self)
main(["tests/data"])
"""


def test_a_key_number_beyond_unicode_leaves_the_keyboard_alive(tmp_path: Path) -> None:
    with TerminalSession([*APP, "tests/data"], home=tmp_path) as session:
        session.wait_for("en-jfk")
        session.send(b"\x1b[1222222222222222222222;5C")
        session.wait_until_read()
        session.send(b"?")
        session.wait_for("Everywhere")


def test_nobody_else_can_write_on_the_screen(tmp_path: Path) -> None:
    with TerminalSession([sys.executable, "-c", NOISY], home=tmp_path) as session:
        session.wait_for("noise is over")
        session.send(b"q")
        assert session.ends_with() == 0
        assert b"SCRIBBLE" not in session.raw
    log = log_of(tmp_path)
    assert "SCRIBBLE-TWO" in log.read_text()
    assert "SCRIBBLE-CHILD" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


CRASH = """
from omoai_tui.app import OmoaiApp
from omoai_tui.__main__ import main
def crash(self, _):
    secret = "somebody's words"
    raise ValueError(secret)
OmoaiApp.on_settings_loaded = crash
main(["tests/data"])
"""


def test_a_crash_restores_the_terminal_and_tells_no_words(tmp_path: Path) -> None:
    with TerminalSession([sys.executable, "-c", CRASH], home=tmp_path) as session:
        assert session.ends_with() == 1
        session.wait_for_bytes(b"internal error")
        session.assert_restored()
        said = session.raw[session.raw.rfind(b"?1049l") :].decode()
        assert "ValueError" in said
        assert str(log_of(tmp_path)) in said
        assert "Traceback" not in said
        assert b"somebody's words" not in session.raw
    log = log_of(tmp_path).read_text()
    assert "in crash" in log
    assert "somebody's words" not in log


@pytest.mark.parametrize("term", ["dumb", "", "unknown"])
def test_a_terminal_that_cannot_is_refused(tmp_path: Path, term: str) -> None:
    with TerminalSession([*APP], home=tmp_path, environment={"TERM": term}) as session:
        assert session.ends_with() == 2
        session.wait_for("omoai transcribe")
        assert b"\x1b" not in session.raw


def test_without_a_terminal_it_says_what_to_use(tmp_path: Path) -> None:
    done = subprocess.run(
        APP,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=session_environment(tmp_path),
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "omoai transcribe" in done.stderr


def test_version_and_wrong_arguments(tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*APP, *arguments],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=session_environment(tmp_path),
            check=False,
        )

    assert re.fullmatch(r"omoai-tui \d+\.\d+.*\n", run("--version").stdout)
    assert run("--nonsense").returncode == 2
    assert "FILE" in run("--help").stdout


def test_a_home_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    with started(tmp_path) as session:
        session.send(b"q")
        assert session.ends_with() == 0


def test_names_that_are_not_utf8_can_be_given(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/b\xe9.mp3"
    with TerminalSession([*APP, name], home=tmp_path) as session:
        session.wait_for("no such file")
        session.send(b"q")
        assert session.ends_with() == 0


def test_storms_of_resizes(tmp_path: Path) -> None:
    import fcntl
    import struct
    import termios

    with started(tmp_path) as session:
        for step in range(60):
            size = struct.pack("HHHH", 5 + step * 7 % 50, 10 + step * 31 % 160, 0, 0)
            fcntl.ioctl(session.master, termios.TIOCSWINSZ, size)
            time.sleep(0.005)
        fcntl.ioctl(session.master, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        session.wait_until_read()
        session.send(b"?")
        session.wait_for("Everywhere")
        session.send(b"\x1b")
        session.wait_until_read()
        session.send(b"q")
        assert session.ends_with() == 0
