"""Which theme is used and where it came from; repaints when a theme file of the person changes.

The user's theme folder is looked at once a second by a thread (a home on a network may be slow);
what it sees arrives as a message. A broken file gives one notification and leaves the theme as
it was.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from textual.message import Message
from textual.theme import Theme

from omoai_engine.text import one_line
from omoai_tui import state, texts, themes

LOOK_EVERY_SECONDS = 1.0


class ThemesChanged(Message, bubble=False):
    """Files in the user's theme folder are new, different or gone."""

    def __init__(self, found: themes.ThemeSet) -> None:
        super().__init__()
        self.found = found


class Painted(Protocol):
    """What the keeper needs of the app."""

    theme: str

    def register_theme(self, theme: Theme) -> None:
        """Make a theme known."""

    def warn(self, sentence: str) -> None:
        """Say something that does no harm."""


class ThemeKeeper:
    """Owns the themes of one app."""

    def __init__(self, app: Painted, no_colour: bool) -> None:
        self._app = app
        self._no_colour = no_colour
        self._known: themes.ThemeSet | None = None
        self._given: str | None = None
        self._closed = threading.Event()
        self._problems: set[tuple[str, str]] = set()

    def choose_first(self, asked: str | None, colour_system: str | None) -> str | None:
        """Use the theme asked for, else the remembered one, else what suits the terminal.

        Returns a sentence when the theme asked for does not exist. Reads one file.
        """
        self._given = asked or os.environ.get("OMOAI_TUI__THEME")
        chosen = self._given or state.read().theme
        if self._no_colour or (chosen is None and colour_system == "standard"):
            chosen = themes.TERMINAL
        for name in (chosen, themes.DEFAULT):
            if name and (theme := themes.read_one(name)):
                self._app.register_theme(theme)
                self._app.theme = theme.name
                break
        if self._given and self._app.theme != self._given and not self._no_colour:
            return texts.THEME_UNKNOWN.format(name=one_line(self._given), used=self._app.theme)
        return None

    def take_configured(self, name: str | None) -> None:
        """Use the theme of the configuration, unless another was asked for."""
        if name and self._given is None and not self._no_colour:
            self.use(name)

    def load(self) -> themes.ThemeSet:
        """Return every theme; reads the files the first time."""
        if self._known is None:
            self._take(themes.read_all())
        return self._known or themes.ThemeSet()

    def _take(self, found: themes.ThemeSet) -> None:
        self._known = found
        for theme in found.themes.values():
            if theme.name != self._app.theme:
                self._app.register_theme(theme)
        for problem in found.problems:
            if problem not in self._problems:
                file, why = problem
                self._app.warn(texts.THEME_BROKEN.format(file=file, why=why))
        self._problems = set(found.problems)

    def use(self, name: str) -> None:
        """Use a theme by its name."""
        if name in self.load().themes:
            self._app.theme = name
        else:
            self._app.warn(texts.THEME_UNKNOWN.format(name=one_line(name), used=self._app.theme))

    # Live.

    def watch(self, post: Callable[[Message], object]) -> None:
        """Look at the user's folder until `close`; post `ThemesChanged`."""
        folder = themes.user_folder()

        def look() -> None:
            # The first look is compared with what was loaded, so that no edit falls between.
            seen: dict[str, tuple[int, int]] | None = None
            while not self._closed.wait(LOOK_EVERY_SECONDS):
                now = _stamps(folder)
                if now != seen:
                    seen = now
                    post(ThemesChanged(themes.read_all()))

        threading.Thread(target=look, name="omoai-themes", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._closed.set()

    def take_changed(self, found: themes.ThemeSet) -> bool:
        """Take in changed files; say whether the theme in use is another now."""
        before = self.load().themes.get(self._app.theme)
        fresh = found.themes.get(self._app.theme)
        if fresh is None and before is not None:
            # Broken or gone: what is on the screen stays.
            found.themes[before.name] = before
        self._take(found)
        if fresh is None or fresh == before:
            return False
        self._app.register_theme(fresh)
        return True


def _stamps(folder: Path) -> dict[str, tuple[int, int]]:
    stamps = {}
    try:
        with os.scandir(folder) as scan:
            for entry in scan:
                if entry.name.endswith(".toml"):
                    about = entry.stat()
                    stamps[entry.name] = (about.st_mtime_ns, about.st_size)
    except OSError:
        return {}
    return stamps
