"""Themes: small TOML files with semantic colours, built in or the person's own.

In: the folder `themes` (beside the package in a checkout, inside it in a wheel) and the user's
`themes` in the configuration folder. Out: Textual themes. A file that cannot be used gives one
sentence and is left out; it never stops the app.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textual.theme import Theme

from omoai_engine.text import one_line, shown_path

DEFAULT = "omoai-night"
TERMINAL = "terminal"
SPEAKERS = 6

# Semantic colour -> the colour that stands in when a theme leaves it out; `None`: required.
COLOURS: dict[str, str | None] = {
    "background": None,
    "surface": "background",
    "panel": "surface",
    "foreground": None,
    "muted": "foreground",
    "frame": "muted",
    "frame_focus": "primary",
    "primary": None,
    "accent": "primary",
    "success": "primary",
    "warning": "accent",
    "error": "warning",
    "cursor": "primary",
    "cursor_text": "background",
    "cursor_idle": "panel",
    "bar": "primary",
    "bar_rest": "frame",
    "confidence_high": "foreground",
    "confidence_medium": "muted",
    "confidence_low": "warning",
    **{f"speaker_{number}": "foreground" for number in range(1, SPEAKERS + 1)},
}
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_TERMINAL_COLOURS = frozenset(
    f"ansi_{bright}{name}"
    for bright in ("", "bright_")
    for name in ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
) | {"ansi_default"}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class ThemeError(ValueError):
    """A theme file cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class ThemeSet:
    """The themes that can be used, by name, and a sentence for each file that cannot."""

    themes: dict[str, Theme] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    problems: tuple[tuple[str, str], ...] = ()


def builtin_folder() -> Path:
    """Return where the built-in themes are: in the package (wheel) or beside it (checkout)."""
    package = Path(__file__).resolve().parent
    inside = package / "theme_files"
    return inside if inside.is_dir() else package.parent / "themes"


def user_folder() -> Path:
    """Return where the person's own themes are looked for."""
    import platformdirs

    return platformdirs.user_config_path("omoai") / "themes"


def parse(name: str, document: dict[str, Any]) -> Theme:
    """Return the theme that a parsed file describes.

    Raises `ThemeError` that names the first thing wrong with it.
    """
    if not _NAME.fullmatch(name):
        raise ThemeError("its name may only hold small letters, digits and hyphens")
    for key in document:
        if key not in ("title", "dark", "terminal_colours", "colours"):
            raise ThemeError(f"{one_line(key)!r} is not a key of a theme")
    dark = document.get("dark", True)
    terminal = document.get("terminal_colours", False)
    if not isinstance(dark, bool) or not isinstance(terminal, bool):
        raise ThemeError("`dark` and `terminal_colours` must be true or false")
    if not isinstance(document.get("title", ""), str):
        raise ThemeError("`title` must be text")
    given = document.get("colours")
    if not isinstance(given, dict):
        raise ThemeError("the table [colours] is missing")
    colours = _complete(given, terminal)
    variables = {key.replace("_", "-"): value for key, value in colours.items()}
    return Theme(
        name=name,
        dark=dark,
        ansi=terminal,
        primary=colours["primary"],
        secondary=colours["accent"],
        accent=colours["accent"],
        warning=colours["warning"],
        error=colours["error"],
        success=colours["success"],
        foreground=colours["foreground"],
        background=colours["background"],
        surface=colours["surface"],
        panel=colours["panel"],
        variables=variables
        | {
            "ansi-background": colours["background"],
            "ansi-foreground": colours["foreground"],
            "text-muted": colours["muted"],
            "border": colours["frame_focus"],
            "border-blurred": colours["frame"],
            "block-cursor-background": colours["cursor"],
            "block-cursor-foreground": colours["cursor_text"],
            "input-selection-background": colours["cursor_idle"],
            "scrollbar": colours["frame"],
            "scrollbar-hover": colours["muted"],
            "scrollbar-active": colours["frame_focus"],
            "scrollbar-background": colours["background"],
            "scrollbar-background-hover": colours["background"],
            "scrollbar-background-active": colours["background"],
            "scrollbar-corner-color": colours["background"],
        },
    )


def _complete(given: dict[str, Any], terminal: bool) -> dict[str, str]:
    for key, value in given.items():
        if key not in COLOURS:
            raise ThemeError(f"{one_line(key)!r} is not a colour of a theme")
        known = isinstance(value, str) and (
            value in _TERMINAL_COLOURS if terminal else _HEX.fullmatch(value)
        )
        if not known:
            kind = "a terminal colour such as ansi_blue" if terminal else "a colour like #1a2b3c"
            raise ThemeError(f"{key} must be {kind}")
    colours: dict[str, str] = {}

    def resolve(key: str) -> str:
        if key not in colours:
            substitute = COLOURS[key]
            if key in given:
                colours[key] = given[key]
            elif substitute is None:
                raise ThemeError(f"the colour {key} is missing")
            else:
                colours[key] = resolve(substitute)
        return colours[key]

    for key in COLOURS:
        resolve(key)
    return colours


def read_folder(folder: Path) -> ThemeSet:
    """Return the themes of `folder`; a folder that is not there is empty."""
    themes: dict[str, Theme] = {}
    titles: dict[str, str] = {}
    problems = []
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except OSError:
        files = []
    for path in files:
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
            theme = parse(path.stem, document)
        except ThemeError as error:
            problems.append((shown_path(path), str(error)))
        except (OSError, ValueError) as error:
            problems.append((shown_path(path), one_line(str(error)).rstrip(".")))
        else:
            themes[theme.name] = theme
            titles[theme.name] = one_line(document.get("title", "")) or theme.name
    return ThemeSet(themes, titles, tuple(problems))


def read_all() -> ThemeSet:
    """Return the built-in themes with the person's own laid over them."""
    builtin, own = read_folder(builtin_folder()), read_folder(user_folder())
    return ThemeSet(
        builtin.themes | own.themes,
        builtin.titles | own.titles,
        builtin.problems + own.problems,
    )


def read_one(name: str) -> Theme | None:
    """Return one theme by name without reading the others; `None` when it cannot be used.

    The start of the app needs no more than this.
    """
    if not _NAME.fullmatch(name):
        return None
    for folder in (user_folder(), builtin_folder()):
        path = folder / f"{name}.toml"
        try:
            return parse(name, tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            continue
    return None


def variable_defaults() -> dict[str, str]:
    """Return a value for each of our variables, for themes that know nothing of them."""
    known = {"background": "#000000", "foreground": "#ffffff", "primary": "#5fb3c8"}
    return {name.replace("_", "-"): value for name, value in _complete(known, False).items()}
