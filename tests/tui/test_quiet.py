"""What the app does not do: write when nothing changed, animate, hold keys for the engine."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from samples import QuietApp
from terminal_session import APP, TerminalSession

from omoai_engine.errors import OmoAIError
from omoai_tui import themes
from omoai_tui.messages import Trouble
from omoai_tui.pipeline_worker import ENGINE_NICENESS, give_way
from omoai_tui.tasks import start_task
from omoai_tui.theme_keeper import ThemeKeeper


def settled(session: TerminalSession) -> int:
    """Return the bytes written once nothing has come for so long that notices are gone."""
    deadline = time.monotonic() + 120
    before, since = -1, time.monotonic()
    while time.monotonic() < deadline:
        if len(session.raw) != before:
            before, since = len(session.raw), time.monotonic()
        elif time.monotonic() - since > 5:
            return before
        time.sleep(0.05)
    raise AssertionError("it never comes to rest")


def test_an_app_that_nobody_uses_writes_nothing_and_the_mouse_costs_nothing(
    tmp_path: Path,
) -> None:
    with TerminalSession([*APP, "tests/data"], home=tmp_path) as session:
        session.wait_for("en-jfk")
        before = settled(session)
        time.sleep(3)
        assert len(session.raw) == before, "no blink, no clock, no animation"
        for column in range(5, 60):
            session.send(b"\x1b[<35;%d;6M" % column)
        time.sleep(1)
        assert len(session.raw) - before < 200, "moving the mouse repaints nothing"


@pytest.mark.parametrize(("terminal", "kitty_keys"), [("iTerm2", False), ("", True)])
def test_iterm2_gets_its_input_methods_text(
    tmp_path: Path, terminal: str, kitty_keys: bool
) -> None:
    named = {"LC_TERMINAL": terminal}
    with TerminalSession([*APP, "tests/data"], home=tmp_path, environment=named) as session:
        session.wait_for("en-jfk")
        assert bool(re.search(rb"\x1b\[>\d+u", session.raw)) is kitty_keys
        session.send(b"q")
        assert session.ends_with() == 0


async def test_nothing_is_animated(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test():
        assert app.animation_level == "none"


@pytest.mark.parametrize(
    ("colours", "theme"),
    [("standard", "terminal"), ("256", themes.DEFAULT), ("truecolor", themes.DEFAULT)],
)
async def test_sixteen_colours_use_the_terminals_own(
    tmp_path: Path, colours: str, theme: str
) -> None:
    app = QuietApp(tmp_path, theme="paper")
    async with app.run_test():
        assert ThemeKeeper(app, no_colour=False).choose_first(None, colours) is None
        assert app.theme == theme


def test_the_engine_gives_way_to_the_screen() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        give_way(child.pid)
        give_way(child.pid)
        assert psutil.Process(child.pid).nice() >= ENGINE_NICENESS
    finally:
        child.kill()
        child.communicate()
    give_way(child.pid)  # one that is gone is no trouble


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OmoAIError("the disk is full", hint="Free some space"),
            "the disk is full. Free some space.",
        ),
        (ValueError("somebody's words"), "unforeseen went wrong (ValueError)"),
    ],
)
def test_the_error_of_every_thread_becomes_one_sentence(
    error: Exception, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[object] = []

    def fail() -> None:
        raise error

    with caplog.at_level(logging.WARNING):
        start_task(fail, said.append)
        deadline = time.monotonic() + 120
        while not said and time.monotonic() < deadline:
            time.sleep(0.01)
    (message,) = said
    assert isinstance(message, Trouble)
    assert words in message.sentence
    assert "somebody's words" not in message.sentence + caplog.text
    assert "fail" in caplog.text or "test_quiet" in caplog.text, "the log has the place"
