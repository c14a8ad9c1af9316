"""The whole key table, made from the bindings themselves, so that it cannot be wrong."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from omoai_tui import texts
from omoai_tui.cells import wrap
from omoai_tui.commands import Group
from omoai_tui.screens.dialogs import label
from omoai_tui.widgets.block_view import BlockView, Pieces


class _Table(BlockView):
    def __init__(self, groups: list[Group], about: str) -> None:
        super().__init__()
        self._rows: list[tuple[str, str, str]] = (
            [("note", about, ""), ("", "", "")] if about else []
        )
        for title, keys in groups:
            self._rows.append(("title", title, ""))
            self._rows.extend(("key", key, what) for key, what in keys)
            self._rows.append(("", "", ""))
        for note in () if about else (texts.HELP_MARKS, texts.HELP_MOUSE):
            self._rows.append(("note", note, ""))

    def block_count(self) -> int:
        return len(self._rows)

    def block_height(self, index: int, width: int) -> int:
        kind, text, _ = self._rows[index]
        return len(wrap(text, width - 2)) if kind == "note" else 1

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        kind, text, what = self._rows[index]
        if kind == "key":
            return [[(f"  {text:<16}", "time"), (what, "")]]
        if kind == "note":
            return [[(f" {text[a:b]}", "muted")] for a, b in wrap(text, width - 2)]
        return [[(f" {text}", "strong")]]

    def action_cursor(self, step: int) -> None:
        self._go_to(max(0, min(self.scroll_offset.y + step, self.max_scroll_y)))


class HelpScreen(ModalScreen[None]):
    """Shows every key; or, with `about`, what one pane is for and its keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "dismiss(None)", show=False, id="help.back"),
    ]

    def __init__(self, groups: list[Group], title: str = "", about: str = "") -> None:
        super().__init__()
        self._groups = groups
        self._title = title or texts.HELP_TITLE
        self._about = about

    def compose(self) -> ComposeResult:
        """Title, table, keys."""
        with Vertical(classes="dialog help-dialog"):
            yield label(self._title, "dialog-title")
            yield _Table(self._groups, self._about)
            yield label(texts.HELP_KEYS, "dialog-keys")

    def on_mount(self) -> None:
        """Draw the table."""
        self.query_one(_Table).reset()
