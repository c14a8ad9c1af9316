"""Small questions over the workbench: leave?, which path?, which theme? All text is data."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from omoai_engine.text import shown_path
from omoai_tui import texts
from omoai_tui.media import pasted_path
from omoai_tui.widgets.block_view import BlockView, Pieces
from omoai_tui.widgets.text_input import TextInput


def label(text: str, classes: str = "") -> Static:
    """Return text that is never read as markup."""
    return Static(Content(text), classes=classes)


class LeaveDialog(ModalScreen[str]):
    """Asks before work is lost. Gives `leave`, `stay` or `export`."""

    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,q,ctrl+q,ctrl+c,enter", "answer('leave')", show=False, id="leave.yes"),
        Binding("n,escape", "answer('stay')", show=False, id="leave.no"),
        Binding("e", "answer('export')", show=False, id="leave.export"),
    ]

    def __init__(self, reasons: list[str], can_export: bool) -> None:
        super().__init__()
        self._reasons = reasons
        self._can_export = can_export

    def compose(self) -> ComposeResult:
        """Title, what would be lost, keys."""
        with Vertical(classes="dialog"):
            yield label(texts.QUIT_TITLE, "dialog-title")
            for reason in self._reasons:
                yield label(reason)
            keys = texts.QUIT_KEYS_EXPORT if self._can_export else texts.QUIT_KEYS
            yield label(keys, "dialog-keys")

    def action_answer(self, answer: str) -> None:
        """Close with the answer."""
        if answer == "export" and not self._can_export:
            return
        self.dismiss(answer)


class OpenDialog(ModalScreen[str | None]):
    """Asks for a path. Gives an existing absolute path, or `None`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False, id="open.back")
    ]

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = folder

    def compose(self) -> ComposeResult:
        """Title, input, complaint, keys."""
        with Vertical(classes="dialog"):
            yield label(texts.OPEN_TITLE, "dialog-title")
            yield TextInput(placeholder=texts.OPEN_PLACEHOLDER, id="path")
            yield Static(id="complaint", classes="dialog-complaint", markup=False)
            yield label(texts.OPEN_KEYS, "dialog-keys")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the path if it is there."""
        text = event.value.strip()
        if not text:
            return
        path = pasted_path(text, self._folder)
        if path is None:
            complaint = texts.NO_SUCH_PATH.format(path=shown_path(text))
            self.query_one("#complaint", Static).update(Content(complaint))
        else:
            self.dismiss(path)


class _Choices(BlockView):
    def __init__(self, labels: list[str]) -> None:
        super().__init__()
        self.labels = labels

    def block_count(self) -> int:
        return len(self.labels)

    def block_height(self, index: int, width: int) -> int:
        return 1

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        return [[(f" {self.labels[index]}", "")]]

    def on_cursor_moved(self) -> None:
        self.post_message(ThemeDialog.Looked(self.cursor))


class ThemeDialog(ModalScreen[str | None]):
    """Lets a person look at every theme in place. Gives the theme kept, or `None`."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", show=False, id="theme.back")]

    class Looked(Message):
        """The cursor stands on theme `index`."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, names: list[str], titles: dict[str, str], current: str) -> None:
        super().__init__()
        self._names = names
        self._titles = titles
        self._before = current

    def compose(self) -> ComposeResult:
        """Title, list, keys."""
        with Vertical(classes="dialog theme-dialog"):
            yield label(texts.THEME_TITLE, "dialog-title")
            yield _Choices([self._titles.get(name, name) for name in self._names])
            yield label(texts.THEME_KEYS, "dialog-keys")

    def on_mount(self) -> None:
        """Stand on the theme in use."""
        choices = self.query_one(_Choices)
        choices.reset()
        if self._before in self._names:
            choices.call_after_refresh(choices.show_block, self._names.index(self._before))

    def on_theme_dialog_looked(self, message: Looked) -> None:
        """Show the theme under the cursor."""
        self.app.theme = self._names[message.index]

    def on_block_view_chosen(self, message: BlockView.Chosen) -> None:
        """Keep it."""
        self.dismiss(self._names[message.index])

    def action_back(self) -> None:
        """Return to the theme before."""
        self.app.theme = self._before
        self.dismiss(None)
