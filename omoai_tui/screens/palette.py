"""The command palette: type some letters of what you want, with or without accents, press Enter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from omoai_tui import texts
from omoai_tui.cells import fit, pad
from omoai_tui.commands import Command, matching
from omoai_tui.screens.dialogs import label
from omoai_tui.widgets.block_view import BlockView, Pieces
from omoai_tui.widgets.text_input import TextInput

_KEYS = 16


class _Found(BlockView):
    def __init__(self, commands: list[Command]) -> None:
        super().__init__()
        self.commands = commands

    def block_count(self) -> int:
        return len(self.commands)

    def block_height(self, index: int, width: int) -> int:
        return 1

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        command = self.commands[index]
        room = max(10, width - _KEYS - 2)
        keys = fit(command.keys, _KEYS)
        return [[(f" {pad(fit(command.title, room), room)}", ""), (f"{keys:>{_KEYS}}", "muted")]]

    def empty_lines(self) -> tuple[str, ...]:
        return (texts.COMMANDS_NONE,)

    def _selected(self, index: int) -> int:
        # The focus stays in the input; the row that Enter does is still the chosen one.
        return 2 if index == self.cursor else 0


class CommandPalette(ModalScreen[Command | None]):
    """Gives the command that was chosen, or `None`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False, id="palette.back"),
        Binding("up", "move(-1)", show=False, id="palette.up"),
        Binding("down", "move(1)", show=False, id="palette.down"),
        Binding("pageup", "page(-1)", show=False, id="palette.page_up"),
        Binding("pagedown", "page(1)", show=False, id="palette.page_down"),
    ]

    def __init__(self, commands: Sequence[Command]) -> None:
        super().__init__()
        self._commands = list(commands)

    def compose(self) -> ComposeResult:
        """Title, input, list, keys."""
        with Vertical(classes="dialog palette-dialog"):
            yield label(texts.COMMANDS_TITLE, "dialog-title")
            yield TextInput(placeholder=texts.COMMANDS_PLACEHOLDER, id="wanted")
            yield _Found(self._commands)
            yield label(texts.COMMANDS_KEYS, "dialog-keys")

    def on_mount(self) -> None:
        """Type at once."""
        self._show(self._commands)
        self.query_one(TextInput).focus()

    def _show(self, commands: list[Command]) -> None:
        found = self.query_one(_Found)
        found.commands = commands
        found.reset()
        found.cursor = 0
        found.refresh()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what has these letters."""
        self._show(matching(event.value, self._commands))

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        """Do the one under the cursor."""
        found = self.query_one(_Found)
        if 0 <= found.cursor < len(found.commands):
            self.dismiss(found.commands[found.cursor])

    def on_block_view_chosen(self, message: BlockView.Chosen) -> None:
        """Do the one that was clicked twice."""
        self.dismiss(self.query_one(_Found).commands[message.index])

    def on_click(self, event: events.Click) -> None:
        """Typing goes on after a click."""
        self.query_one(TextInput).focus()

    def action_move(self, step: int) -> None:
        """Move in the list while typing."""
        self.query_one(_Found).action_cursor(step)

    def action_page(self, step: int) -> None:
        """Move by a page while typing."""
        self.query_one(_Found).action_page(step)
