"""The text of one segment being edited, in its place in the list: an input that wraps.

It is as high as its text, stands over the list, and knows nothing of the library.
"""

from __future__ import annotations

from bisect import bisect_right
from operator import itemgetter
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset
from textual.message import Message
from textual.strip import Strip
from textual.widgets._input import Selection

from omoai_tui import texts_review
from omoai_tui.cells import Span, wrap
from omoai_tui.widgets.text_input import TextInput


class SegmentInput(TextInput):
    """`TextInput` over several lines; Enter keeps, Esc leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "up", "row(-1)", texts_review.english(texts_review.DO_ROW_UP), show=False, id="edit.up"
        ),
        Binding(
            "down",
            "row(1)",
            texts_review.english(texts_review.DO_ROW_DOWN),
            show=False,
            id="edit.down",
        ),
        Binding(
            "escape",
            "leave",
            texts_review.english(texts_review.DO_LEAVE_EDIT),
            show=False,
            id="edit.leave",
        ),
        Binding(
            "ctrl+s",
            "split",
            texts_review.english(texts_review.DO_SPLIT_HERE),
            show=False,
            id="edit.split",
        ),
        Binding(
            "tab",
            "on(1)",
            texts_review.english(texts_review.DO_KEEP_NEXT),
            show=False,
            id="edit.next",
        ),
        Binding(
            "shift+tab",
            "on(-1)",
            texts_review.english(texts_review.DO_KEEP_BEFORE),
            show=False,
            id="edit.previous",
        ),
        Binding(
            "f5,ctrl+at",
            "hear",
            texts_review.english(texts_review.DO_PLAY),
            show=False,
            id="edit.play",
        ),
    ]

    class Left(Message):
        """Esc."""

    class Wanted(Message):
        """`what` is `split`, `next`, `previous` or `hear`; the cursor is at letter `at`."""

        def __init__(self, what: str, at: int) -> None:
            super().__init__()
            self.what = what
            self.at = at

    class Grown(Message):
        """The text takes another number of lines now."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows = 0
        self._wrapped: tuple[str, int, list[Span]] = ("", 0, [(0, 0)])

    def open(self, text: str, at: int) -> None:
        """Begin with this text, the cursor at letter `at`."""
        self.value = text
        self.cursor_position = max(0, min(at, len(text)))
        self._rows = self.rows

    def _spans(self) -> list[Span]:
        # One cell is left for the cursor behind the last letter. Kept: every line that is drawn
        # asks for them, and a segment can have a million letters.
        text, width = self.value, max(1, self.size.width - 1)
        if self._wrapped[0] is not text or self._wrapped[1] != width:
            self._wrapped = (text, width, wrap(text, width))
        return self._wrapped[2]

    @property
    def rows(self) -> int:
        """How many lines the text takes."""
        return len(self._spans())

    def _place(self) -> tuple[int, int]:
        """Return the line and the cell of the cursor."""
        spans, at = self._spans(), self.cursor_position
        row = max(0, bisect_right(spans, at, key=itemgetter(0)) - 1)
        return row, cell_len(self.value[spans[row][0] : at])

    @property
    def cursor_screen_offset(self) -> Offset:
        """Where an input method shows what it composes."""
        row, cell = self._place()
        x, y, _width, _height = self.content_region
        return Offset(x + cell, y + row)

    def render_line(self, y: int) -> Strip:
        """Return one line of the text, with cursor and selection."""
        base = self.rich_style
        width = self.size.width
        spans = self._spans()
        if y >= len(spans):
            return Strip.blank(width, base)
        row, _ = self._place()
        start, end = spans[y]
        first, last = sorted(self.selection)
        reverse = base + self.get_component_rich_style("input--cursor")
        chosen = base + self.get_component_rich_style("input--selection")
        pieces = []
        for at in range(start, end):
            here = y == row and at == self.cursor_position and self.has_focus
            style = reverse if here else chosen if first <= at < last else base
            pieces.append(Segment(self.value[at], style))
        if y == row and self.cursor_position >= end and self.has_focus:
            pieces.append(Segment(" ", reverse))
        return Strip(pieces).simplify().crop_extend(0, width, base)

    def _watch_value(self, value: str) -> None:
        super()._watch_value(value)
        self.refresh()
        if self.rows != self._rows:
            self._rows = self.rows
            self.post_message(self.Grown())

    def _watch_selection(self, selection: Selection) -> None:
        self.app.clear_selection()
        self.refresh()
        if self.has_focus:
            self.app.cursor_position = self.cursor_screen_offset

    def _cell_offset_to_index(self, offset: int) -> int:
        # Only asked with the mouse, which `_on_mouse_down` takes.
        return max(0, min(offset, len(self.value)))

    async def _on_mouse_down(self, event: events.MouseDown) -> None:
        event.prevent_default()
        event.stop()
        self.cursor_position = self._letter(event.y, event.x)

    async def _on_mouse_move(self, event: events.MouseMove) -> None:
        event.prevent_default()

    def _letter(self, row: int, cell: int) -> int:
        spans = self._spans()
        start, end = spans[max(0, min(row, len(spans) - 1))]
        at = start
        while at < end and cell_len(self.value[start : at + 1]) <= cell:
            at += 1
        return at

    def action_row(self, step: int) -> None:
        """Move the cursor to the line above or below."""
        row, cell = self._place()
        target = row + step
        if target < 0:
            self.cursor_position = 0
        elif target >= self.rows:
            self.cursor_position = len(self.value)
        else:
            self.cursor_position = self._letter(target, cell)

    def action_leave(self) -> None:
        """Leave; the owner keeps what was typed."""
        self.post_message(self.Left())

    def action_split(self) -> None:
        """Cut the segment at the cursor."""
        self.post_message(self.Wanted("split", self.cursor_position))

    def action_on(self, step: int) -> None:
        """Keep, and go on with the next segment."""
        self.post_message(self.Wanted("next" if step > 0 else "previous", self.cursor_position))

    def action_hear(self) -> None:
        """Play the segment."""
        self.post_message(self.Wanted("hear", self.cursor_position))
