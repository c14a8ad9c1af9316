"""A `BlockCanvas` with a cursor: keys, mouse, focus. None repaints more than it must."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from omoai_tui import texts
from omoai_tui.widgets.block_canvas import BlockCanvas, Pieces

__all__ = ["BlockView", "Pieces"]


class BlockView(BlockCanvas):
    """Base of every list and text pane."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor(-1)", texts.DO_UP, show=False, id="list.up"),
        Binding("down,j", "cursor(1)", texts.DO_DOWN, show=False, id="list.down"),
        Binding("pageup,ctrl+b", "page(-1)", texts.DO_PAGE_UP, show=False, id="list.page_up"),
        Binding("pagedown,ctrl+f", "page(1)", texts.DO_PAGE_DOWN, show=False, id="list.page_down"),
        Binding("home,g", "first", texts.DO_FIRST, show=False, id="list.first"),
        Binding("end,G", "last", texts.DO_LAST, show=False, id="list.last"),
        Binding("enter", "choose", texts.DO_CHOOSE, show=False, id="list.choose"),
    ]

    class Chosen(Message):
        """Enter or a double click on block `index`."""

        def __init__(self, view: BlockView, index: int) -> None:
            super().__init__()
            self.view = view
            self.index = index

        @property
        def control(self) -> BlockView:
            """The view, for `on` selectors."""
            return self.view

    def show_block(self, index: int) -> None:
        """Put the cursor on block `index` and bring it into view."""
        self._set_following(False)
        self._move_to(index)

    def _move_to(self, index: int) -> None:
        count = len(self._lines)
        if not count:
            return
        index = max(0, min(index, count - 1))
        before, self.cursor = self.cursor, index
        for changed in {before, index}:
            if 0 <= changed < count:
                self._refresh_rows(self._lines.start(changed), self._lines.end(changed))
        top, bottom = self._lines.start(index), self._lines.end(index)
        page = self.scrollable_content_region.height
        offset = self.scroll_offset.y
        if top < offset or bottom - top > page:
            self._go_to(top)
        elif bottom > offset + page:
            self._go_to(bottom - page)
        if before != index:
            self.on_cursor_moved()

    def on_cursor_moved(self) -> None:
        """Hook: the cursor stands on another block."""

    def action_cursor(self, step: int) -> None:
        """Move the cursor by `step` blocks."""
        if self.cursor < 0 and self._lines:
            top = self.scroll_offset.y
            page = self.scrollable_content_region.height
            line = top if step > 0 else min(top + page, self._lines.total) - 1
            self._set_following(False)
            self._move_to(self._lines.at(max(0, line))[0])
            return
        self._set_following(False)
        self._move_to(self.cursor + step)

    def action_page(self, step: int) -> None:
        """Move by a page, and the cursor with it when there is one."""
        page = max(1, self.scrollable_content_region.height - 1)
        if not self._lines:
            return
        self._set_following(False)
        line = max(0, min(self.scroll_offset.y + step * page, self.max_scroll_y))
        self._go_to(line)
        if self.cursor >= 0:
            at = self._lines.start(self.cursor)
            target = max(0, min(at + step * page, self._lines.total - 1))
            self._move_to(self._lines.at(target)[0])

    def action_first(self) -> None:
        """Go to the first block."""
        self._set_following(False)
        self._move_to(0)

    def action_last(self) -> None:
        """Go to the last block; where the view can, follow the tail again."""
        self._move_to(len(self._lines) - 1)
        if self.live:
            self._set_following(True)
            before, self.cursor = self.cursor, -1
            if before >= 0:
                self._refresh_rows(self._lines.start(before), self._lines.end(before))
            self._fit()
            self._follow()

    def action_choose(self) -> None:
        """Post `Chosen` for the block under the cursor."""
        if 0 <= self.cursor < len(self._lines):
            self.post_message(self.Chosen(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse points; a double click chooses."""
        offset = event.get_content_offset(self)
        if offset is None or not self._lines:
            return
        line = offset.y + self.scroll_offset.y
        if line >= self._lines.total:
            return
        self._set_following(False)
        self._move_to(self._lines.at(line)[0])
        if event.chain == 2:
            self.action_choose()

    def on_focus(self, event: events.Focus) -> None:
        """Take the focus without the repaint of the whole pane that Textual would do."""
        event.prevent_default()
        self._focus_changed(True)
        if self.parent is not None:
            self.parent.post_message(events.DescendantFocus(self))

    def on_blur(self, event: events.Blur) -> None:
        """Give the focus up, as cheaply."""
        event.prevent_default()
        self._focus_changed(False)
        if self.parent is not None:
            self.parent.post_message(events.DescendantBlur(self))

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Restyle nothing: no style of a view depends on the focus."""

    def _focus_changed(self, focused: bool) -> None:
        self.has_focus = focused
        if 0 <= self.cursor < len(self._lines):
            index = self.cursor
            self._refresh_rows(self._lines.start(index), self._lines.end(index))
