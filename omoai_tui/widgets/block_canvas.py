"""A list whose items take one or more lines, drawn line by line, cheap for 100,000 items.

Subclasses say how many blocks there are, how high each is at a width, and how it looks; this
class keeps line offsets, draws only what is visible, and follows the tail until the person
scrolls away. Nothing here writes a line to the terminal that did not change.

To follow, it does not scroll line by line (each scroll repaints the whole pane, which hurts over
a slow link): when the tail leaves the pane, room for the next lines is made below it at once.
"""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from omoai_tui.cells import wrap
from omoai_tui.palette import Palette, palette
from omoai_tui.widgets.block_lines import BlockLines

Pieces = list[tuple[str, str]]
"""One line: texts, each with the name of its style in the palette ("" for none)."""


class BlockCanvas(ScrollView, can_focus=True):
    """Draws blocks; `BlockView` adds the cursor, the keys and the mouse."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines = BlockLines(self.block_height)
        self._slack = 0
        self._moving = False
        self._strips: LRUCache[tuple[int, int], list[Strip]] = LRUCache(1024)
        self._palette: Palette = {}
        self._base: Style | None = None
        self.cursor = -1
        self.live = False
        self.following = False
        self.note = ""

    class Noted(Message):
        """`note`, what the header of the pane says beside its title, is different."""

    def say_note(self, note: str) -> None:
        """Set `note` and tell."""
        if note != self.note:
            self.note = note
            self.post_message(self.Noted())

    # What a subclass says.

    def block_count(self) -> int:
        """Return how many blocks there are."""
        raise NotImplementedError

    def block_height(self, index: int, width: int) -> int:
        """Return the lines of block `index` at `width` cells; at least 1. Must be fast."""
        raise NotImplementedError

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """Return the lines of block `index`, as many as `block_height` says."""
        raise NotImplementedError

    def empty_lines(self) -> tuple[str, ...]:
        """Return what to say when there are no blocks."""
        return ()

    def empty_style(self) -> str:
        """Return the name of the style of the empty lines."""
        return "muted"

    # What the owner calls.

    def reset(self) -> None:
        """Everything is different: measure and draw anew; follow the tail if it is live."""
        self._set_following(self.live)
        self.cursor = -1
        self._slack = 0
        self._remeasure()
        self._go_to(self.max_scroll_y if self.following else 0)
        self.refresh()

    def redraw(self) -> None:
        """The same blocks look different, perhaps at other heights: another language or theme."""
        offset = self.scroll_offset.y
        self._remeasure()
        self._go_to(min(offset, self.max_scroll_y))
        self.refresh()

    def keep(self, count: int) -> None:
        """Only the first `count` blocks are left; the owner grows or fits next."""
        for index in range(count, len(self._lines)):
            self._forget(index, index)
        top = self._lines.start(count) if count < len(self._lines) else self._lines.total
        self._refresh_rows(top, self._lines.total)
        self._lines.cut(count)

    def grow(self) -> None:
        """Blocks were added at the end."""
        if not self._lines:
            self.reset()
            return
        top = self._lines.total
        self._lines.add(self.block_count())
        self._fit()
        self._refresh_rows(top, self._lines.total)
        self._follow()

    def revise(self, first: int, last: int) -> None:
        """Blocks `first..last` look different, perhaps at another height."""
        last = min(last, len(self._lines) - 1)
        if first > last:
            return
        self._forget(first, last)
        if not self._lines.revise(first, last):
            self._refresh_rows(self._lines.start(first), self._lines.end(last))
            return
        self._fit()
        self.refresh()
        self._follow()

    def set_live(self, live: bool) -> None:
        """Say whether more will come at the end; a live view follows until the person scrolls.

        One that is not gives back the room kept below the tail.
        """
        if live == self.live:
            return
        self.live = live
        self._set_following(live)
        if not live and self._slack:
            self._slack = 0
            self._fit()
            self._go_to(min(self.scroll_offset.y, self.max_scroll_y))
            self.refresh()

    def revise_last(self) -> None:
        """The last block looks different, perhaps at another height; no other line is sent."""
        last = len(self._lines) - 1
        if last < 0:
            return
        before = self._lines.total
        self._forget(last, last)
        if self._lines.revise(last, last):
            self._fit()
            self._follow()
        self._refresh_rows(self._lines.start(last), max(before, self._lines.total))

    # Measuring.

    def _width(self) -> int:
        return max(8, self.scrollable_content_region.width)

    def _remeasure(self) -> None:
        self._strips.clear()
        self._lines.measure_all(self.block_count(), self._width())
        self._fit()

    def _forget(self, first: int, last: int) -> None:
        for index in range(first, last + 1):
            for selected in (0, 1, 2):
                self._strips.discard((index, selected))

    def _fit(self) -> None:
        if self.following and self.is_attached:
            page = self.scrollable_content_region.height
            total = self._lines.total
            room = self.virtual_size.height
            if total <= page:
                # A change of size is a layout, and that sends the whole screen again.
                self._slack = page - total
            elif total > room:
                self._slack = max(1, page // 2)
            else:
                self._slack = room - total
        # No width: nothing scrolls sideways, and a change of width would be a layout.
        size = Size(0, self._lines.total + (self._slack if self._lines else 0))
        if size != self.virtual_size:
            self.virtual_size = size

    def _follow(self) -> None:
        if self.following and self._lines.total > self.scrollable_content_region.height:
            self._go_to(self.max_scroll_y)

    def _go_to(self, y: int) -> None:
        self._moving = True
        self.scroll_to(y=y, animate=False, force=True, immediate=True)
        self._moving = False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow again at the end, and stop following when the person scrolls away from it."""
        super().watch_scroll_y(old_value, new_value)
        if not self._moving and self.live and round(old_value) != round(new_value):
            self._set_following(new_value >= self.max_scroll_y)

    def _set_following(self, following: bool) -> None:
        if following != self.following:
            self.following = following
            self.set_class(following, "-following")
            self.on_follow_changed()

    def on_follow_changed(self) -> None:
        """Hook: the view began or ceased to follow its tail."""

    def on_resize(self) -> None:
        """Wrap again when the width changed; keep the block at the top of the pane in view."""
        if self._width() != self._lines.width:
            top = self._lines.at(self.scroll_offset.y)[0] if self._lines else 0
            self._slack = 0
            self._remeasure()
            if self.following:
                self._follow()
            elif self._lines:
                top = min(top, len(self._lines) - 1)
                self._go_to(min(self._lines.start(top), self.max_scroll_y))
            self.refresh()
        else:
            self._fit()
            self._follow()

    # Drawing.

    def notify_style_update(self) -> None:
        """Forget drawn lines when a theme or a class changed."""
        super().notify_style_update()
        self._strips.clear()
        self._palette = {}
        self._base = None

    def _refresh_rows(self, first: int, last: int) -> None:
        top = self.scroll_offset.y
        first, last = max(first, top), min(last, top + self.size.height)
        if last > first:
            self.refresh(Region(0, first - top, self.size.width, last - first))

    def _selected(self, index: int) -> int:
        if index != self.cursor:
            return 0
        return 2 if self.has_focus else 1

    def piece_style(self, name: str) -> Style:
        """Return a style of the palette, e.g. `time`."""
        if not self._palette:
            self._palette = palette(self.app.theme_variables, self.app.no_color)
        return self._palette[name]

    def base_style(self) -> Style:
        """Return the style of plain text; Textual would put it together anew for every line."""
        if self._base is None:
            self._base = self.rich_style
        return self._base

    def render_line(self, y: int) -> Strip:
        """Return line `y` of the pane."""
        width = self.size.width
        base = self.base_style()
        if not self._lines:
            return self._empty_line(y, width)
        line = y + self.scroll_offset.y
        if line >= self._lines.total:
            return Strip.blank(width, base)
        index, row = self._lines.at(line)
        selected = self._selected(index)
        strips = self._strips.get((index, selected))
        if strips is None:
            strips = self._draw(index, selected)
            self._strips[(index, selected)] = strips
        strip = strips[row] if row < len(strips) else Strip([])
        return strip.crop_extend(0, width, base)

    def _draw(self, index: int, selected: int) -> list[Strip]:
        base = self.base_style()
        over: Style | None = None
        if selected:
            over = self.piece_style("cursor" if selected == 2 else "cursor-idle")
        strips = []
        for pieces in self.block_lines(index, self._lines.width):
            segments = []
            for text, name in pieces:
                style = base + self.piece_style(name) if name else base
                segments.append(Segment(text, style + over if over else style))
            strip = Strip(segments)
            if over:
                strip = strip.extend_cell_length(self.size.width, base + over)
            strips.append(strip)
        return strips

    def _empty_line(self, y: int, width: int) -> Strip:
        rows: list[str] = []
        for text in self.empty_lines():
            rows.extend(text[a:b] for a, b in wrap(text, width - 4))
        top = max(0, min((self.size.height - len(rows)) // 2, 4))
        base = self.base_style()
        if top <= y < top + len(rows):
            style = base + self.piece_style(self.empty_style())
            return Strip([Segment("  " + rows[y - top], style)]).crop_extend(0, width, base)
        return Strip.blank(width, base)
