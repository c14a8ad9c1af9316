"""What is known of the transcript under the cursor: beside the list, or below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omoai_engine.text import one_line, shown_path
from omoai_tui import texts_library
from omoai_tui.cells import wrap
from omoai_tui.formats import clock
from omoai_tui.language import plural
from omoai_tui.widgets.block_canvas import BlockCanvas, Pieces
from omoai_tui.widgets.library_list import STATE_KIND, day

if TYPE_CHECKING:
    from omoai_engine.library import Entry
    from omoai_tui.library_desk import Facts


class LibraryDetails(BlockCanvas, can_focus=False):
    """Shows an entry at once, and the rest when it is known."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._entry: Entry | None = None
        self._facts: Facts | None = None
        self._lines_shown: list[tuple[str, str]] = []

    def show(self, entry: Entry | None, facts: Facts | None) -> None:
        """Show this transcript, or none."""
        if (entry, facts) == (self._entry, self._facts):
            return
        self._entry, self._facts = entry, facts
        self.reset_lines()

    def reset_lines(self) -> None:
        """Put the lines together anew, in the language in use."""
        self._lines_shown = self._told(self._entry) if self._entry else []
        self.reset()

    def redraw(self) -> None:
        """Another language: other lines."""
        self.reset_lines()

    def _told(self, entry: Entry) -> list[tuple[str, str]]:
        facts = self._facts
        words = [
            day(entry.created, clock_too=True),
            clock(entry.duration),
            plural(entry.words, texts_library.WORDS),
            texts_library.STATE[entry.state],
        ]
        made = " · ".join(filter(None, (entry.model or entry.engine, entry.language)))
        lines = [(one_line(entry.title), "strong"), (" · ".join(words), "")]
        if made:
            lines.append((one_line(made), ""))
        if entry.deleted is not None:
            date = day(entry.deleted, clock_too=True)
            lines.append((texts_library.DELETED_ON.format(date=date), "bad"))
        if entry.state == "recording":
            lines.append((texts_library.IN_WORK, STATE_KIND[entry.state]))
        elif entry.state != "finished":
            there = facts is None or facts.sound_there
            told = texts_library.INTERRUPTED if there else texts_library.INTERRUPTED_LOST
            lines.append((told, STATE_KIND[entry.state]))
        if entry.tags:
            lines.append((texts_library.TAGS.format(names=", ".join(entry.tags)), ""))
        if facts is not None:
            lines += self._known(entry, facts)
        return lines

    def _known(self, entry: Entry, facts: Facts) -> list[tuple[str, str]]:
        edits = plural(facts.edits, texts_library.EDITS) if facts.edits else texts_library.UNEDITED
        lines = [(edits, "")]
        path = shown_path(facts.sound) if facts.sound else ""
        if not facts.sound:
            lines.append((texts_library.SOUND_NONE, "muted"))
        elif not facts.sound_there:
            lines.append((texts_library.SOUND_MISSING.format(path=path), "bad"))
        elif entry.audio == "kept":
            lines.append((texts_library.SOUND_KEPT, ""))
        else:
            lines.append((texts_library.SOUND_AT.format(path=path), ""))
        source = shown_path(entry.source) if entry.source else ""
        if source and source != path:
            lines.append((texts_library.FROM.format(source=source), "muted"))
        if facts.beginning:
            lines += [("", ""), (texts_library.FIRST_WORDS, "muted"), (facts.beginning, "")]
        return lines

    def block_count(self) -> int:
        """One block a fact."""
        return len(self._lines_shown)

    def block_height(self, index: int, width: int) -> int:
        """Lines of the wrapped fact."""
        return len(wrap(self._lines_shown[index][0], width - 2))

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """The fact."""
        text, kind = self._lines_shown[index]
        return [[(f" {text[a:b]}", kind)] for a, b in wrap(text, width - 2)]
