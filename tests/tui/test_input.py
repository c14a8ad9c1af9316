"""Inputs take what Vietnamese input methods and links send, byte by byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from terminal_session import APP, TerminalSession
from textual.app import App, ComposeResult

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
