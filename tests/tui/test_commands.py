"""The command palette and the help: everything that can be done is found by its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import QuietApp, events, screen_text

from omoai_tui import language
from omoai_tui.commands import matching
from omoai_tui.matching import plain, score


@pytest.mark.parametrize(
    ("wanted", "text", "found"),
    [
        ("tieng viet", "Ngôn ngữ: Tiếng Việt", True),
        ("DUNG", "Dừng việc", True),
        ("đường", "Mở đường dẫn", True),
        ("duong", "Mở đường dẫn", True),
        ("chz th", "Choose a theme", False),
        ("chth", "Choose a theme", True),
        ("theme choose", "Choose a theme", True),
        ("xyz", "Choose a theme", False),
        ("", "anything", True),
    ],
)
def test_letters_are_found_without_case_and_accents(wanted: str, text: str, found: bool) -> None:
    assert (score(wanted, text) is not None) is found


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_text_is_found_by_any_piece_of_it(before: str, piece: str) -> None:
    assert score(piece, before + piece) is not None
    assert plain(plain(piece)) == plain(piece)


async def test_every_action_with_a_description_is_in_the_palette(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("colon")
        await pilot.pause()
        known = {command.action for command in app.screen._commands}  # type: ignore[attr-defined]
        for title, _, bindings in app.binding_groups():
            if title != "In every list":
                for binding in bindings:
                    if binding.description:  # type: ignore[union-attr]
                        assert binding.action in known  # type: ignore[union-attr]
        assert "app.use_theme('high-contrast')" in known
        assert "app.use_language('vi')" in known
        best = matching("high contrast", app.screen._commands)[0]  # type: ignore[attr-defined]
        assert best.action == "app.use_theme('high-contrast')"


async def test_a_command_is_done_by_its_name(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        app.tell_events(app.begin(), events())
        await pilot.press("3", "colon", *"zoom", "enter")
        await pilot.pause()
        assert app.bench.query_one("#transcript").size.width == 120
        await pilot.press("ctrl+p", *"theme forest", "enter")
        await pilot.pause()
        assert app.theme == "forest"
        await pilot.press("colon", *"show every file", "enter")
        await pilot.pause()
        assert app.bench.current_pane == "files", "the command of a pane is done in its pane"
        await pilot.press("colon", *"nothing has these", "enter")
        await pilot.pause()
        assert "No command has these letters" in screen_text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is app.bench


async def test_the_palette_is_found_in_vietnamese_too(tmp_path: Path) -> None:
    language.use("vi")
    app = QuietApp(tmp_path)
    app.action_use_language("vi")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("colon", *"ngon ngu english", "enter")
        await pilot.pause()
        assert language.current() == "en"
        assert "1 Files" in screen_text(app)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("1", "Folders and what can be transcribed"),
        ("2", "the moment it is recognised"),
        ("3", "Underlined words are doubtful"),
        ("4", "K and J move one that waits"),
        ("5", "The chart shows"),
        ("6", "written while you wait"),
    ],
)
async def test_f1_explains_the_pane_in_focus(tmp_path: Path, number: str, words: str) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press(number, "f1")
        await pilot.pause()
        shown = " ".join(screen_text(app).replace("│", " ").split())
        assert words in shown
        assert "In every list" in shown
