"""The questions of the library: sure?, which name? All text is data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from omoai_tui import texts, texts_library
from omoai_tui.cells import wrap
from omoai_tui.screens.dialogs import label
from omoai_tui.widgets.block_view import BlockView, Pieces
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


class _Lines(BlockView):
    """Sentences, wrapped."""

    def __init__(self, rows: Sequence[str]) -> None:
        super().__init__()
        self._rows = list(rows)

    def on_mount(self) -> None:
        """Stand on the first."""
        self.reset()
        self._move_to(0)

    def block_count(self) -> int:
        """One block a sentence."""
        return len(self._rows)

    def block_height(self, index: int, width: int) -> int:
        """Its lines."""
        return len(wrap(self._rows[index], width - 2))

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """The sentence."""
        row = self._rows[index]
        return [[(f" {row[a:b]}", "")] for a, b in wrap(row, width - 2)]


class ReportDialog(ModalScreen[None]):
    """Shows sentences to read."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", show=False, id="report.back")
    ]

    def __init__(self, title: str, rows: Sequence[str]) -> None:
        super().__init__()
        self._title = title
        self._rows = rows

    def compose(self) -> ComposeResult:
        """Title, sentences, keys."""
        with Vertical(classes="dialog"):
            yield label(self._title, "dialog-title")
            yield _Lines(self._rows)
            yield label(texts.HELP_KEYS, "dialog-keys")

    def on_block_view_chosen(self, _message: BlockView.Chosen) -> None:
        """Enter: read."""
        self.dismiss(None)
