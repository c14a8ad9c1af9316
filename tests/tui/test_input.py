"""Inputs take what Vietnamese input methods and links send, byte by byte."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from samples import QuietApp, events
from terminal_session import APP, TerminalSession
from textual.app import App, ComposeResult
from textual.events import Key

from omoai_engine.results import PipelineResult, SummaryResult
from omoai_tui import texts
from omoai_tui.widgets.text_input import TextInput

# What Telex and VNI engines send for a word: letters, and for each mark a burst of backspaces
# with the letters that replace what they took away.
TELEX = ["t", "i", "e", "\x7fê", "n", "g", "\x7f\x7f\x7fếng"]
VNI = ["d", "\x7fđ", "u", "o", "\x7f\x7fươ", "n", "g", "\x7f\x7f\x7fờng"]
# Marks sent apart; one backspace takes the whole letter.
DECOMPOSED = ["t", "i", "e\u0302\u0301", "\x7f", "e\u0302", "n"]


@pytest.mark.parametrize("backspace", ["\x7f", "\x08"])
@pytest.mark.parametrize(
    ("bursts", "word"), [(TELEX, "tiếng"), (VNI, "đường"), (DECOMPOSED, "tiên")]
)
def test_bursts_of_an_input_method_arrive_in_order(
    tmp_path: Path, bursts: list[str], word: str, backspace: str
) -> None:
    with TerminalSession([*APP, "tests/data"], home=tmp_path) as session:
        session.wait_for("en-jfk")
        session.send(b"\x0f")
        session.wait_for("Open a recording")
        for burst in bursts:
            session.send(burst.replace("\x7f", backspace).encode())
        session.send(" một nhát".encode())
        session.wait_for(f"{word} một nhát")
        session.send(b"\r")
        session.wait_for("there is no such file or folder")


# Every place where text is typed: keys that lead there, and what shows that it is there.
PLACES = {
    "path": (b"\x0f", "Open a recording"),
    "filter": (b"/", "Show only names"),
    "commands": (b":", "what do you want to do"),
    "model folder": (b"Mo", "A folder that holds a model"),
}


@pytest.mark.parametrize("place", list(PLACES))
@pytest.mark.parametrize(("bursts", "word"), [(TELEX, "tiếng"), (VNI, "đường")])
def test_every_input_takes_telex_and_vni(
    tmp_path: Path, place: str, bursts: list[str], word: str
) -> None:
    keys, sign = PLACES[place]
    with TerminalSession([*APP, "tests/data"], home=tmp_path) as session:
        session.wait_for("en-jfk")
        for key in keys:
            session.send(bytes([key]))
            if key == ord("M"):
                session.wait_for("Installed")
        session.wait_for(sign)
        for burst in bursts:
            session.send(burst.encode())
        session.wait_for(word)


async def test_the_name_of_an_export_takes_a_burst(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        job = app.begin(str(tmp_path / "x.mp3"))
        app.tell_events(job, events())
        job.settle(PipelineResult((*job.segments,), "", "", SummaryResult("", (), ""), {}, {}), "")
        await pilot.press("e")
        await pilot.pause()
        field = app.screen.query_one("#stem", TextInput)
        while not field.has_focus:
            await pilot.press("tab")
        field.value = ""
        # All at once, as one burst from the terminal arrives: nothing is waited for in between.
        for key in ["t", "i", "e", "backspace", "ê", "n", "g", *["backspace"] * 3, "ế", "n", "g"]:
            character = key if len(key) == 1 else "\x7f"
            app.post_message(Key(key, character))
        await pilot.pause()
        assert field.value == "tiếng"


def test_no_input_but_ours_is_used() -> None:
    package = Path(texts.__file__).parent
    for path in package.rglob("*.py"):
        if path.name != "text_input.py":
            source = path.read_text(encoding="utf-8")
            assert "TextArea(" not in source, path
            assert not re.search(r"(?<![A-Za-z])Input\(", source), path


class InputApp(App[None]):
    def compose(self) -> ComposeResult:
        yield TextInput()


async def test_paste_into_an_input_is_cleaned() -> None:
    from textual.events import Paste

    app = InputApp()
    async with app.run_test() as pilot:
        field = app.query_one(TextInput)
        field.focus()
        await pilot.pause()
        app.post_message(Paste("a\x1b]0;x\x07b\nc"))
        await pilot.pause()
        assert field.value == "a]0;xb c"
        assert not field.cursor_blink
