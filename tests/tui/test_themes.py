"""Themes are complete, readable and safe; a broken one harms nobody."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from samples import QuietApp, events, screen_text
from textual.color import Color

from omoai_tui import state, themes
from omoai_tui.palette import palette

BUILTIN = themes.read_folder(themes.builtin_folder())
GOOD = """
dark = true
[colours]
background = "#000000"
foreground = "#ffffff"
primary = "#00ffff"
"""


def test_every_built_in_theme_can_be_used() -> None:
    assert BUILTIN.problems == ()
    assert len(BUILTIN.themes) >= 8
    kinds = {(theme.dark, theme.ansi) for theme in BUILTIN.themes.values()}
    assert kinds >= {(True, False), (False, False), (True, True)}


@pytest.mark.parametrize(
    "name", sorted(name for name, theme in BUILTIN.themes.items() if not theme.ansi)
)
def test_text_can_be_read(name: str) -> None:
    colours = BUILTIN.themes[name].variables
    assert contrast(colours["foreground"], colours["background"]) >= 7
    for variable in ("muted", "primary", "confidence-medium", "confidence-low", "error"):
        assert contrast(colours[variable], colours["background"]) >= 4.5, variable
    assert contrast(colours["cursor-text"], colours["cursor"]) >= 4.5


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.2)."""

    def luminance(colour: str) -> float:
        parts = (part / 255 for part in Color.parse(colour).rgb)
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_terminal_theme_uses_the_terminals_colours_only() -> None:
    given = themes.read_folder(themes.builtin_folder()).themes["terminal"].variables
    for name in themes.COLOURS:
        assert given[name.replace("_", "-")].startswith("ansi_")
    for style in palette(given, no_colour=False).values():
        for colour in (style.color, style.bgcolor):
            assert colour is None or colour.triplet is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("dark = 1\n[colours]", "true or false"),
        ("[colours]\nbackground = '#000000'", "foreground is missing"),
        (GOOD.replace("#ffffff", "white"), "foreground must be a colour"),
        (GOOD + "glow = '#123456'", "'glow' is not a colour"),
        ("shine = true", "'shine' is not a key"),
        ("dark = true", "[colours] is missing"),
        ("not toml", ""),
        (GOOD.replace("dark", "terminal_colours"), "terminal colour"),
    ],
)
def test_a_broken_theme_says_why_and_is_left_out(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "mine.toml").write_text(text)
    (tmp_path / "good.toml").write_text(GOOD)
    found = themes.read_folder(tmp_path)
    assert list(found.themes) == ["good"]
    ((file, reason),) = found.problems
    assert file.endswith("mine.toml")
    assert why in reason


def test_missing_colours_are_filled_from_others(tmp_path: Path) -> None:
    (tmp_path / "short.toml").write_text(GOOD)
    colours = themes.read_folder(tmp_path).themes["short"].variables
    assert colours["confidence-low"] == "#00ffff"
    assert set(colours) >= {name.replace("_", "-") for name in themes.COLOURS}


def own_theme(name: str, text: str) -> None:
    folder = themes.user_folder()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.toml").write_text(text)


async def test_a_theme_of_ones_own_and_a_broken_one_beside_it(tmp_path: Path) -> None:
    own_theme("own-one", GOOD)
    own_theme("own-broken", "nonsense")
    try:
        app = QuietApp(tmp_path, theme="own-one")
        async with app.run_test(size=(120, 36)) as pilot:
            assert app.theme == "own-one"
            app.themes.load()
            await pilot.pause()
            said = [note.message for note in app._notifications]
            assert len([text for text in said if "own-broken.toml" in text]) == 1
    finally:
        for name in ("own-one", "own-broken"):
            (themes.user_folder() / f"{name}.toml").unlink()


async def test_an_unknown_theme_is_said_and_the_default_used(tmp_path: Path) -> None:
    app = QuietApp(tmp_path, theme="no-such [b]theme")
    async with app.run_test() as pilot:
        await pilot.pause()
        assert app.theme == themes.DEFAULT
        assert any("no-such [b]theme" in note.message for note in app._notifications)


@pytest.mark.parametrize("name", sorted(BUILTIN.themes))
async def test_every_theme_paints_the_whole_app(tmp_path: Path, name: str) -> None:
    app = QuietApp(tmp_path, theme=name)
    async with app.run_test(size=(120, 36)) as pilot:
        app.tell_events(app.begin(), events())
        await pilot.pause()
        assert "Kế hoạch quý tới" in screen_text(app)
        await pilot.press("t")
        await pilot.pause()
        assert BUILTIN.titles[name] in screen_text(app)


async def test_without_colour_nothing_but_attributes_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        app.tell_events(app.begin(), events())
        await pilot.press("up")
        await pilot.pause()
        reversed_cells = 0
        for strip in app.screen._compositor.render_strips(app.size):
            for piece in strip.apply_filter(app._filters[-1], Color(0, 0, 0)):
                style = piece.style
                assert style is None or (
                    (style.color is None or style.color.is_default)
                    and (style.bgcolor is None or style.bgcolor.is_default)
                )
                reversed_cells += len(piece.text) if style is not None and style.reverse else 0
        assert reversed_cells > 0, "the cursor must show without colour"
    assert "NO_COLOR" in os.environ


async def test_the_theme_dialog_shows_at_once_and_gives_back(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("t")
        await pilot.pause()
        await pilot.press("down")
        await pilot.pause()
        assert app.theme == "paper"
        await pilot.press("escape")
        await pilot.pause()
        assert app.theme == "omoai-night"
        await pilot.press("t")
        await pilot.pause()
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.theme == "paper"
    assert state.read().theme == "paper"


async def test_a_theme_of_ones_own_is_repainted_when_it_is_edited(tmp_path: Path) -> None:
    own_theme("own-live", GOOD)
    try:
        app = QuietApp(tmp_path, theme="own-live")
        async with app.run_test(size=(120, 36)) as pilot:
            app.themes.load()
            app.themes.watch(app.post)

            def background() -> str:
                return str(app.theme_variables["background"])

            async def until(done: Callable[[], bool]) -> None:
                for _ in range(400):
                    if done():
                        return
                    await pilot.pause(0.02)
                raise AssertionError("nothing happened")

            def said(word: str) -> int:
                return len([note for note in app._notifications if word in note.message])

            assert background() == "#000000"
            own_theme("own-live", GOOD.replace("#000000", "#102030"))
            await until(lambda: background() == "#102030")
            await pilot.pause()
            shown = app.screen._compositor.render_strips(app.size)
            colours = {piece.style.bgcolor for strip in shown for piece in strip if piece.style}
            assert Color.parse("#102030").rich_color in colours, "it is painted at once"
            own_theme("own-live", "broken")
            await until(lambda: said("own-live.toml") == 1)
            own_theme("own-live", "broken still")
            await pilot.pause(1.5)
            assert background() == "#102030", "what was right stays on the screen"
            own_theme("own-live", GOOD)
            await until(lambda: background() == "#000000")
    finally:
        (themes.user_folder() / "own-live.toml").unlink()
