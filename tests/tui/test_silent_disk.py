"""A disk that falls silent in the middle of a sitting: keys work on, it is said, one can leave.

A pipe that nobody writes to stands for the file on that disk: whoever opens it is held.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from terminal_session import APP, TerminalSession

from omoai_tui import review_drafts, state
from omoai_tui.disk_watch import watch
from omoai_tui.late_writer import late


def hold(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    os.mkfifo(file)


def release(file: Path) -> None:
    descriptor = os.open(file, os.O_WRONLY)  # waits for who is held
    file.unlink()
    os.close(descriptor)


def test_typed_words_are_read_as_typed_while_the_disk_is_silent() -> None:
    review_drafts.write_drafts(7, {1: "xin"})
    state.read()
    hold(state.folder() / "tui.json")
    state.remember(theme="paper")
    review_drafts.write_drafts(7, {1: "xin chào"})
    review_drafts.write_drafts(7, {1: "xin chào bạn"})
    try:
        assert review_drafts.read_drafts(7) == {1: "xin chào bạn"}
        assert late.left() == ("choices for the next sitting", "words that you typed")
        assert not late.flush(0.01)
    finally:
        release(state.folder() / "tui.json")
    assert late.flush(120)
    assert late.left() == ()
    assert review_drafts.read_drafts(7) == {1: "xin chào bạn"}
    assert watch.silence() is None


def test_what_waits_behind_a_failure_is_written(tmp_path: Path) -> None:
    hold(tmp_path / "held")
    late.write("first", "first", lambda: (tmp_path / "held").read_bytes())

    def fail() -> None:
        raise ValueError("no such thing")

    late.write("fails", "fails", fail)
    late.write("last", "last", lambda: (tmp_path / "there").write_bytes(b"typed"))
    release(tmp_path / "held")
    assert late.flush(120)
    assert (tmp_path / "there").read_bytes() == b"typed"
    late.write("later", "later", lambda: (tmp_path / "there").write_bytes(b"more"))
    assert late.flush(120)
    assert (tmp_path / "there").read_bytes() == b"more"


@pytest.mark.parametrize("number", [None, signal.SIGTERM])
def test_one_can_leave_and_is_told_what_is_not_written(tmp_path: Path, number: int | None) -> None:
    home = tmp_path / "state"
    with TerminalSession(APP, home=tmp_path, environment={"XDG_STATE_HOME": str(home)}) as running:
        running.wait_for("Files")
        hold(home / "omoai" / "tui.json")
        running.send(b"t")
        running.wait_for("Paper")
        running.send(b"\x1b[B\r")
        running.wait_for("(?s)choices for.*next sitting")
        if number is None:
            running.send(b"q")
            running.wait_for("not written yet")
            running.send(b"y")
            assert running.ends_with() == 0
        else:
            running.process.send_signal(number)
            assert running.ends_with() == 128 + number
        running.wait_for("left while a disk did not answer")
        assert "choices for the next sitting" in " ".join(running.text.split())
        running.assert_restored()
