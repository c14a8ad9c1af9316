"""Everything that the app uses of Textual beyond its public names, in one place.

Textual is bounded to versions whose names these are (`<9` in pyproject.toml); a new version is
checked here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen

__all__ = ["LinuxDriver", "QuietCrash", "XTermParser", "call_in_loop"]


class QuietCrash(App[None]):
    """An app that ends on an unforeseen error without printing anybody's words.

    Textual would print the traceback with the values of local variables. `on_crash` is told of
    the error instead; the exit code is 1.
    """

    def on_crash(self, error: Exception) -> None:
        """Hook: the app is about to end because of `error`."""

    def _handle_exception(self, error: Exception) -> None:
        self.on_crash(error)
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()

    @property
    def _background_screens(self) -> list[Screen[Any]]:
        """The screens that shine through the one in front; none through an opaque one.

        Textual counts the one below always, and then sends the whole screen in front again for
        each change of what nobody sees.
        """
        stack = self._screen_stack
        covered = bool(stack) and stack[-1].styles.background.a == 1
        return [] if covered else super()._background_screens


def call_in_loop(app: App[Any], call: Callable[[], object]) -> None:
    """Let the app's own thread do `call` soon; from any thread, also a signal handler's."""
    loop = app._loop
    if loop is not None:
        loop.call_soon_threadsafe(call)
