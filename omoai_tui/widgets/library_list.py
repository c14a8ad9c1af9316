"""The list of the library: a line a transcript, and below it the places that a search found."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from omoai_engine.text import one_line
from omoai_tui import texts_library
from omoai_tui.cells import fit, pad, runs
from omoai_tui.formats import clock
from omoai_tui.widgets.block_view import BlockView, Pieces

if TYPE_CHECKING:
    from omoai_engine.library import Entry, Hit

STATE_KIND = {"finished": "muted", "interrupted": "busy", "failed": "bad", "recording": "busy"}
_CLOCK = 8
_WIDE = 80
_LEAST_TITLE = 20


@dataclass(frozen=True, slots=True)
class Row:
    """A line: a transcript, or a place in it."""

    entry: Entry
    hit: Hit | None = None


def day(seconds: float, *, clock_too: bool) -> str:
    """Return a moment (since 1970) in local time, as `2026-11-23 04:10`."""
    return time.strftime("%Y-%m-%d %H:%M" if clock_too else "%Y-%m-%d", time.localtime(seconds))


def snippet(
    text: str, spans: list[tuple[int, int]], width: int
) -> tuple[str, list[tuple[int, int, str]]]:
    """Return about `width` letters around the first place, and the places in them to mark."""
    first = spans[0][0] if spans else 0
    begin = max(min(first - width // 3, len(text) - width + 2), 0) if len(text) > width else 0
    if begin:
        # A whole word at the front reads better.
        begin = text.find(" ", begin, first) + 1 or begin
    head = "…" if begin else ""
    shown = fit(head + text[begin:], width)
    shift = len(head) - begin
    marks = [
        (max(a + shift, len(head)), min(b + shift, len(shown)), "key")
        for a, b in spans
        if b + shift > len(head) and a + shift < len(shown)
    ]
    return shown, marks


class LibraryList(BlockView):
    """Shows rows; the owner calls `show` or `add`."""

    class Moved(Message, bubble=True):
        """The cursor stands on another row."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows: list[Row] = []
        self.empty: tuple[str, ...] = ()
        self.broken = False

    def show(self, rows: list[Row], *, at: int = 0) -> None:
        """Show other rows, the cursor on row `at`."""
        self.rows = rows
        self.reset()
        self._move_to(at)
        self.on_cursor_moved()

    def add(self, rows: list[Row]) -> None:
        """Show more at the end."""
        self.rows += rows
        self.grow()

    def replace(self, entry: Entry) -> None:
        """Draw a transcript anew that was renamed or tagged."""
        for index, row in enumerate(self.rows):
            if row.entry.id == entry.id:
                self.rows[index] = Row(entry, row.hit)
                self.revise(index, index)
        self.on_cursor_moved()

    def say(self, lines: tuple[str, ...], *, broken: bool = False) -> None:
        """Say why there is nothing to see."""
        self.empty, self.broken = lines, broken
        if not self.rows:
            self.refresh()

    def at_cursor(self) -> Row | None:
        """Return the row under the cursor."""
        return self.rows[self.cursor] if 0 <= self.cursor < len(self.rows) else None

    def on_cursor_moved(self) -> None:
        """Tell the owner."""
        self.post_message(self.Moved())

    def block_count(self) -> int:
        """One block a row."""
        return len(self.rows)

    def block_height(self, index: int, width: int) -> int:
        """Always one line."""
        return 1

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """A transcript: state, date, length, title, tags. A place: its time and its words."""
        row = self.rows[index]
        return [self._place(row.hit, width) if row.hit else self._entry(row.entry, width)]

    def _entry(self, entry: Entry, width: int) -> Pieces:
        kind = STATE_KIND[entry.state]
        date = day(entry.created, clock_too=width >= _WIDE)
        length = clock(entry.duration).rjust(_CLOCK)
        room = width - len(date) - _CLOCK - 7
        state = "" if entry.state == "finished" else f"  {texts_library.STATE[entry.state]}"
        tags = f"  {', '.join(entry.tags)}" if entry.tags else ""
        tags = fit(tags, max(0, min(room // 3, room - _LEAST_TITLE)))
        title = fit(one_line(entry.title), max(4, room - len(state) - len(tags)))
        return [
            (f" {texts_library.STATE_MARK[entry.state]} ", kind),
            (f"{date} ", "time"),
            (f"{length}  ", "muted"),
            (pad(title, max(4, room - len(state) - len(tags))), ""),
            (tags, "muted"),
            (state, kind),
        ]

    def _place(self, hit: Hit, width: int) -> Pieces:
        time = clock(hit.start).rjust(_CLOCK + 4)
        speaker = f"{one_line(hit.speaker)}: " if hit.speaker else ""
        room = max(8, width - len(time) - len(speaker) - 4)
        text, marks = snippet(hit.text, list(hit.spans), room)
        return [(f"{time}  ", "time"), (speaker, "muted"), *runs(text, marks, (0, len(text)))]

    def empty_lines(self) -> tuple[str, ...]:
        """What the owner has to say."""
        return self.empty

    def empty_style(self) -> str:
        """A library that cannot be opened is not muted."""
        return "bad" if self.broken else "muted"
