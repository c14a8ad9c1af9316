"""One line of styled text that is written to the terminal only when it differs."""

from __future__ import annotations

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from omoai_tui.palette import palette
from omoai_tui.widgets.block_view import Pieces


class StatusLine(Widget):
    """Shows what `show` was given last, cut at its width."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pieces: Pieces = []

    def show(self, pieces: Pieces) -> None:
        """Show these texts, each with the name of its style in the palette."""
        if pieces != self._pieces:
            self._pieces = pieces
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the only line."""
        base = self.rich_style
        styles = palette(self.app.theme_variables, self.app.no_color)
        segments = [
            Segment(text, base + styles[name] if name else base) for text, name in self._pieces
        ]
        return Strip(segments).crop_extend(0, self.size.width, base)
