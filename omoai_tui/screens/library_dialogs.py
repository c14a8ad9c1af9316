"""The questions of the library: sure?, which name? All text is data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from omoai_tui import texts_library
from omoai_tui.screens.dialogs import label
from omoai_tui.widgets.text_input import TextInput


class SureDialog(ModalScreen[bool]):
    """Asks before something goes. Gives whether to do it."""

    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", show=False, id="sure.yes"),
        Binding("n,escape,q", "dismiss(False)", show=False, id="sure.no"),
    ]

    def __init__(self, title: str, lines: Sequence[str], keys: str) -> None:
        super().__init__()
        self._title = title
        self._lines = lines
        self._keys = keys

    def compose(self) -> ComposeResult:
        """Title, what it is about, keys."""
        with Vertical(classes="dialog"):
            yield label(self._title, "dialog-title")
            for line in self._lines:
                yield label(line)
            yield label(self._keys, "dialog-keys")


class NameDialog(ModalScreen[str | None]):
    """Asks for a line of text, `value` first. Gives it, or `None`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False, id="name.back")
    ]

    def __init__(self, title: str, value: str, note: str = "") -> None:
        super().__init__()
        self._title = title
        self._value = value
        self._note = note

    def compose(self) -> ComposeResult:
        """Title, input, a note, keys."""
        with Vertical(classes="dialog"):
            yield label(self._title, "dialog-title")
            yield TextInput(self._value, id="name")
            if self._note:
                yield label(self._note)
            yield label(texts_library.NAME_KEYS, "dialog-keys")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Close with it."""
        self.dismiss(event.value.strip())
