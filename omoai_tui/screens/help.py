"""The whole key table, made from the bindings themselves, so that it cannot be wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from omoai_tui import texts
from omoai_tui.cells import wrap
from omoai_tui.screens.dialogs import label
from omoai_tui.widgets.block_view import BlockView, Pieces

Group = tuple[str, list[tuple[str, str]]]
_SHOWN = {
    "question_mark": "?",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "enter": "Enter",
    "space": "Space",
    "tab": "Tab",
    "escape": "Esc",
    "home": "Home",
    "end": "End",
    "backspace": "Backspace",
    "plus": "+",
}


def shown_keys(keys: str) -> str:
    """Return `up,k` as `↑ k`, `ctrl+o` as `^O`."""
    names = []
    for key in keys.split(","):
        if key.startswith("ctrl+"):
            names.append("^" + key[5:].upper())
        elif key.startswith("shift+"):
            names.append("Shift+" + _SHOWN.get(key[6:], key[6:]))
        else:
            names.append(_SHOWN.get(key, key.upper() if key.startswith("f") and key[1:] else key))
    return " ".join(names)


def key_table(
    groups: list[tuple[str, list[BindingType]]], key_map: Mapping[str, str]
) -> list[Group]:
    """Return titles with (keys, what they do), after the person's own key map."""
    table = []
    for title, bindings in groups:
        rows = [
            (shown_keys(key_map.get(binding.id or "", binding.key)), binding.description)
            for binding in bindings
            if isinstance(binding, Binding) and binding.description
        ]
        table.append((title, rows))
    return table


class _Table(BlockView):
    def __init__(self, groups: list[Group]) -> None:
        super().__init__()
        self._rows: list[tuple[str, str, str]] = []
        for title, keys in groups:
            self._rows.append(("title", title, ""))
            self._rows.extend(("key", key, what) for key, what in keys)
            self._rows.append(("", "", ""))
        for note in (texts.HELP_MARKS, texts.HELP_MOUSE):
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
    """Shows every key."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "dismiss(None)", show=False, id="help.back"),
    ]

    def __init__(self, groups: list[Group]) -> None:
        super().__init__()
        self._groups = groups

    def compose(self) -> ComposeResult:
        """Title, table, keys."""
        with Vertical(classes="dialog help-dialog"):
            yield label(texts.HELP_TITLE, "dialog-title")
            yield _Table(self._groups)
            yield label(texts.HELP_KEYS, "dialog-keys")

    def on_mount(self) -> None:
        """Draw the table."""
        self.query_one(_Table).reset()
