"""The segments of a transcript under review: time, mark, speaker, text, with what is doubtful."""

from __future__ import annotations

from textual.message import Message

from omoai_tui import texts_review
from omoai_tui.cells import Span, runs, wrap
from omoai_tui.confidence import Level, level
from omoai_tui.formats import clock
from omoai_tui.review_document import Redraw, ReviewDocument
from omoai_tui.widgets.block_view import BlockView, Pieces

_KIND = {Level.HIGH: "", Level.MEDIUM: "medium", Level.LOW: "low"}
Place = tuple[int, int, int]
"""A segment's key and the first and the past-the-last letter."""


class ReviewList(BlockView):
    """Shows a `ReviewDocument`; the owner calls `show`, then `redraw_part` after edits."""

    class Moved(Message):
        """The cursor stands on another segment."""

    class Scrolled(Message):
        """Other lines are seen."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.document: ReviewDocument | None = None
        self.why_empty: tuple[str, ...] = ()
        self.place: Place | None = None
        self.sounding: Place | None = None
        self._long = False

    def show(self, document: ReviewDocument | None, cursor: int = 0) -> None:
        """Show another document, the cursor on segment number `cursor`."""
        self.document = document
        segments = document.segments if document else []
        self._long = bool(segments) and segments[-1].end >= 3600
        self.reset()
        if segments:
            self.show_block(cursor)

    def redraw_part(self, part: Redraw) -> None:
        """Draw what changed; the cursor stays where it is."""
        if not part.everything and len(self._lines) == self.block_count():
            self.revise(part.first, part.last)
            return
        cursor, offset = self.cursor, self.scroll_offset.y
        self.cursor = min(cursor, self.block_count() - 1)
        self._remeasure()
        self._go_to(min(offset, self.max_scroll_y))
        self.refresh()
        if self.cursor >= 0:
            self.show_block(self.cursor)

    def mark_place(self, place: Place | None) -> None:
        """Mark the doubt that is looked at."""
        self._swap("place", place)

    def mark_sounding(self, place: Place | None) -> None:
        """Mark the word that is heard."""
        if place != self.sounding:
            self._swap("sounding", place)

    def _swap(self, name: str, place: Place | None) -> None:
        before = getattr(self, name)
        setattr(self, name, place)
        for key in {one[0] for one in (before, place) if one}:
            self.redraw_key(key)

    def redraw_key(self, key: int) -> None:
        """Draw one segment again."""
        at = self.document.index.get(key) if self.document else None
        if at is not None:
            self.revise(at, at)

    def on_cursor_moved(self) -> None:
        """Tell."""
        self.post_message(self.Moved())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Tell."""
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Scrolled())

    def top_of(self, index: int) -> int:
        """Return the line of the pane on which a segment begins; it may be out of sight."""
        return self._lines.start(index) - self.scroll_offset.y

    def rows_of(self, index: int) -> int:
        """Return how many lines a segment takes."""
        return self._lines.end(index) - self._lines.start(index)

    # Drawing.

    @property
    def indent(self) -> int:
        """Cells before the text."""
        return 11 if self._long else 9

    def _head(self, index: int) -> str:
        segment = self.document.segments[index] if self.document else None
        return f"{segment.speaker}: " if segment and segment.speaker else ""

    def _text(self, index: int) -> str:
        document = self.document
        return self._head(index) + document.segments[index].text if document else ""

    def _spans(self, index: int, width: int) -> list[Span]:
        return wrap(self._text(index), width - self.indent - 1)

    def block_count(self) -> int:
        """One block a segment."""
        return len(self.document.segments) if self.document else 0

    def block_height(self, index: int, width: int) -> int:
        """Lines of the wrapped text."""
        return len(self._spans(index, width))

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """Marks and time on the first line, the text beside them."""
        document = self.document
        if document is None:
            return []
        segment = document.segments[index]
        head = len(self._head(index))
        marks = [(0, head, "strong")] if head else []
        special = sorted(
            (place[1] + head, place[2] + head, kind)
            for place, kind in ((self.place, "place"), (self.sounding, "sounding"))
            if place and place[0] == segment.key
        )
        covered = [(a, b) for a, b, _ in special]
        for doubt in document.doubts_in(segment.key):
            a, b = doubt.begin + head, doubt.stop + head
            if not any(a < d and c < b for c, d in covered):
                special.append((a, b, "doubt"))
        marks += sorted(special)
        sure = level(segment.confidence)
        kind = _KIND[sure]
        time = clock(segment.start, hours=self._long).rjust(self.indent - 4)
        drafted = "✎" if segment.key in document.drafts else " "
        mark = "●" if segment.key in document.marked else drafted
        sign = "*" if segment.edited and sure is Level.HIGH else sure.value
        text = self._text(index)
        lines: list[Pieces] = []
        for row, span in enumerate(self._spans(index, width)):
            front: Pieces = [(" " * self.indent, "")]
            if row == 0:
                front = [
                    (mark, "busy"),
                    (f"{time} ", "time"),
                    (f"{sign} ", f"mark-{kind}" if kind else "muted"),
                ]
            lines.append(front + list(runs(text, marks, span)))
        return lines

    def empty_lines(self) -> tuple[str, ...]:
        """Say why there is nothing, or that it is being read."""
        return self.why_empty or texts_review.READING
