"""Small questions over the workbench: leave?, which path?, which of these? All text is data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input, Static

from omoai_engine.text import shown_path
from omoai_tui import texts
from omoai_tui.cells import fit_path
from omoai_tui.places import SLOW_AFTER_SECONDS, Place, PlaceFound, look_up
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


class OpenDialog(ModalScreen[Place | None]):
    """Asks for a path. Gives a place that is there, or `None`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False, id="open.back")
    ]

    def __init__(self, folder: str, title: str = "", placeholder: str = "") -> None:
        super().__init__()
        self._folder = folder
        self._title = title or texts.OPEN_TITLE
        self._placeholder = placeholder or texts.OPEN_PLACEHOLDER
        self._request = 0
        self._slow: Timer | None = None

    def compose(self) -> ComposeResult:
        """Title, input, complaint, keys."""
        with Vertical(classes="dialog"):
            yield label(self._title, "dialog-title")
            yield TextInput(placeholder=self._placeholder, id="path")
            yield Static(id="complaint", classes="dialog-complaint", markup=False)
            yield label(texts.OPEN_KEYS, "dialog-keys")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Look whether the path is there."""
        text = event.value.strip()
        if text:
            self._request += 1
            self._complain("")
            slow = texts.PATH_SLOW.format(path=shown_path(text))
            self._slow = self.set_timer(SLOW_AFTER_SECONDS, lambda: self._complain(slow))
            look_up(self._request, text, self._folder, self.post_message)

    def on_place_found(self, message: PlaceFound) -> None:
        """Take the place if it is there."""
        if message.request != self._request:
            return
        if self._slow is not None:
            self._slow.stop()
        if message.place.path is None:
            self._complain(texts.NO_SUCH_PATH.format(path=shown_path(message.place.text)))
        else:
            self.dismiss(message.place)

    def _complain(self, sentence: str) -> None:
        self.query_one("#complaint", Static).update(Content(sentence))


class ChoiceDialog(ModalScreen[int | None]):
    """Shows rows to choose from. Gives the number of the row, or `None`.

    `look`, if given, is told of each row that the cursor comes to, and of None when the person
    goes back.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", show=False, id="choice.back")
    ]

    def __init__(
        self,
        title: str,
        rows: Sequence[str],
        *,
        at: int = 0,
        empty: str = "",
        look: Callable[[int | None], object] | None = None,
        keys: str = "",
    ) -> None:
        super().__init__()
        self._title = title
        self._rows = list(rows)
        self._at = at
        self._empty = empty
        self._look = look
        self._keys = keys or texts.CHOICE_KEYS

    def compose(self) -> ComposeResult:
        """Title, list, keys."""
        with Vertical(classes="dialog choice-dialog"):
            yield label(self._title, "dialog-title")
            yield Rows(self._rows, self._empty)
            yield label(self._keys, "dialog-keys")

    def on_mount(self) -> None:
        """Stand on the row that holds now."""
        rows = self.query_one(Rows)
        rows.reset()
        rows.call_after_refresh(rows.show_block, self._at)

    def on_rows_looked(self, message: Rows.Looked) -> None:
        """Tell who wants to know."""
        if self._look is not None:
            self._look(message.index)

    def on_block_view_chosen(self, message: BlockView.Chosen) -> None:
        """Close with it."""
        self.dismiss(message.index)

    def action_back(self) -> None:
        """Close with nothing."""
        if self._look is not None:
            self._look(None)
        self.dismiss(None)


class Rows(BlockView):
    """One line a row; tells where the cursor is."""

    class Looked(Message):
        """The cursor stands on row `index`."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, labels: list[str], empty: str = "") -> None:
        super().__init__()
        self.labels = labels
        self._empty = empty

    def block_count(self) -> int:
        """One block a row."""
        return len(self.labels)

    def block_height(self, index: int, width: int) -> int:
        """Always one line."""
        return 1

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """The label, cut from the left where it is a long path."""
        return [[(f" {fit_path(self.labels[index], width - 2)}", "")]]

    def empty_lines(self) -> tuple[str, ...]:
        """Say why there is none."""
        return (self._empty,) if self._empty else ()

    def on_cursor_moved(self) -> None:
        """Tell."""
        self.post_message(self.Looked(self.cursor))
