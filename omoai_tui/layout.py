"""Where the panes are: three columns of an upper and a lower pane, or one pane alone. Pure numbers.

In: the window's size and what the person changed (hidden panes, moved borders). Out: which panes
are seen, how wide each column and how high each lower pane is. Cells and lines.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from textual.geometry import Size

COLUMNS = (("files", "queue"), ("segments", "timing"), ("transcript", "summary"))
PANES = ("files", "segments", "transcript", "queue", "timing", "summary")
"""In the order of their number keys."""

# Columns and rows from which on a shape is used.
ANYTHING_FROM, ALL_PANES_FROM, ROOMY_FROM = Size(60, 15), Size(110, 30), Size(150, 40)
SHAPES = ("-tiny", "-tabs", "-medium", "-roomy")
BARS = 2
"""Lines that the title and the hints take."""
GAP = 1
LEAST_WIDTH, LEAST_HEIGHT = 18, 4
STEP_WIDTH, STEP_HEIGHT = 4, 2
MOST_MOVED = 500
"""Cells that a border can be away from its first place: more than any window has."""
# Shape -> width of the first column, height of the lower panes.
_FIRST = {"-medium": (30, 14), "-roomy": (36, 18)}


def shape_for(size: Size) -> str:
    """Return the class of the shape that fits a window of this size."""

    def fits(least: Size) -> bool:
        return size.width >= least.width and size.height >= least.height

    if fits(ROOMY_FROM):
        return "-roomy"
    if fits(ALL_PANES_FROM):
        return "-medium"
    return "-tabs" if fits(ANYTHING_FROM) else "-tiny"


def column_of(pane: str) -> int:
    """Return the column that holds a pane."""
    return next(number for number, panes in enumerate(COLUMNS) if pane in panes)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person changed: hidden panes, cells added to the first two columns, lines added
    to the lower panes."""

    hidden: frozenset[str] = field(default_factory=frozenset)
    wider: tuple[int, int] = (0, 0)
    lower: int = 0

    @classmethod
    def from_document(cls, document: object) -> Wishes:
        """Return what `document` gave; the first sizes for whatever is not of that kind."""
        if not isinstance(document, dict):
            return cls()
        names, moved = document.get("hidden"), document.get("moved")
        hidden = frozenset(PANES) & frozenset(
            name for name in (names if isinstance(names, list) else ()) if isinstance(name, str)
        )
        borders = [
            max(-MOST_MOVED, min(number, MOST_MOVED))
            for number in (moved if isinstance(moved, list) else ())
            if type(number) is int
        ]
        first, second, lower = borders if len(borders) == 3 else (0, 0, 0)
        return cls(hidden if len(hidden) < len(PANES) else frozenset(), (first, second), lower)

    def document(self) -> dict[str, object]:
        """Return the wishes as they are remembered between two sittings."""
        return {"hidden": sorted(self.hidden), "moved": [*self.wider, self.lower]}

    def hide(self, pane: str) -> Wishes:
        """Return the wishes without this pane; the last one stays."""
        hidden = self.hidden | {pane}
        return replace(self, hidden=hidden) if len(hidden) < len(PANES) else self

    def show(self, pane: str) -> Wishes:
        """Return the wishes with this pane."""
        return replace(self, hidden=self.hidden - {pane})

    def widen(self, pane: str, cells: int) -> Wishes:
        """Return the wishes with the column of this pane wider by `cells` (or narrower)."""
        first, second = self.wider
        column = column_of(pane)
        if column == 0:
            return replace(self, wider=(first + cells, second))
        return replace(self, wider=(first, second + (cells if column == 1 else -cells)))

    def heighten(self, lines: int) -> Wishes:
        """Return the wishes with the upper panes taller by `lines` (or shorter)."""
        return replace(self, lower=self.lower - lines)


@dataclass(frozen=True, slots=True)
class Plan:
    """Which panes are seen; the width of each column (0: not seen, None: what is left); the
    height of the lower panes where both panes of a column are seen."""

    panes: frozenset[str]
    widths: tuple[int | None, int | None, int | None]
    lower: int


def plan(size: Size, wishes: Wishes, alone: str | None) -> Plan:
    """Return the plan for a window; `alone` is the pane that has it all, None for several."""
    if alone is not None:
        column = column_of(alone)
        widths = tuple(None if number == column else 0 for number in range(3))
        return Plan(frozenset({alone}), widths, 0)  # type: ignore[arg-type]
    panes = frozenset(PANES) - wishes.hidden
    seen = [number for number, column in enumerate(COLUMNS) if panes & set(column)]
    first, lower = _FIRST.get(shape_for(size), _FIRST["-medium"])
    left = size.width - GAP * (len(seen) - 1)
    cells: list[int | None] = [0, 0, 0]
    if 0 in seen and len(seen) > 1:
        cells[0] = _within(first + wishes.wider[0], left - LEAST_WIDTH * (len(seen) - 1))
        left -= cells[0] or 0
    if 1 in seen and 2 in seen:
        cells[1] = _within(left // 2 + wishes.wider[1], left - LEAST_WIDTH)
    cells[seen[-1]] = None
    tallest = size.height - BARS - LEAST_HEIGHT
    return Plan(
        panes,
        (cells[0], cells[1], cells[2]),
        max(LEAST_HEIGHT, min(lower + wishes.lower, tallest)),
    )


def _within(cells: int, most: int) -> int:
    return max(LEAST_WIDTH, min(cells, most))
