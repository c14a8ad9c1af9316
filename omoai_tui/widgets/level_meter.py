"""A level meter of one line that sends only what changed: people are on slow lines."""

from __future__ import annotations

import math

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from omoai_tui.palette import palette
from omoai_tui.widgets.block_view import Pieces

QUIETEST_DB = -60.0
LOUD_DB, TOO_LOUD_DB = -12.0, -3.0


def filled(peak: float, width: int) -> int:
    """Return how many of `width` cells a peak fills; 1.0 is full scale, -60 dB is nothing."""
    decibel = 20 * math.log10(max(peak, 1e-9))
    return round(width * min(1.0, max(0.0, 1 - decibel / QUIETEST_DB)))


def meter_pieces(cells: int, width: int) -> Pieces:
    """Return the meter with so many cells filled: good, loud, too loud, and the rest."""
    loud, over = (round(width * (1 - limit / QUIETEST_DB)) for limit in (LOUD_DB, TOO_LOUD_DB))
    pieces = [
        ("━" * min(cells, loud), "good"),
        ("━" * (min(cells, over) - loud), "medium"),
        ("━" * (cells - over), "bad"),
        ("─" * (width - cells), "bar-rest"),
    ]
    return [(text, style) for text, style in pieces if text]


class LevelMeter(Widget):
    """Shows the level it was told last."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.cells = 0
        self._peak = 0.0

    def show(self, peak: float) -> None:
        """Show a peak (1.0 is full scale)."""
        self._peak = peak
        before, self.cells = self.cells, filled(peak, self.size.width)
        if before != self.cells:
            first, last = sorted((before, self.cells))
            self.refresh(Region(first, 0, last - first, 1))

    def on_resize(self) -> None:
        """Fill the new width."""
        self.cells = filled(self._peak, self.size.width)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the only line."""
        base = self.rich_style
        styles = palette(self.app.theme_variables, self.app.no_color)
        pieces = meter_pieces(self.cells, self.size.width)
        return Strip([Segment(text, base + styles[name]) for text, name in pieces])
