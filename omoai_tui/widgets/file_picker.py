"""A tree of folders that shows what can be transcribed; drawn line by line, read in threads.

A filter leaves folders and the names that have its letters, with or without accents.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from omoai_engine.text import shown_path
from omoai_tui import texts
from omoai_tui.cells import fit, pad, wrap
from omoai_tui.formats import size
from omoai_tui.matching import plain
from omoai_tui.media import Entry, read_folder
from omoai_tui.widgets.block_view import BlockView, Pieces


@dataclass(frozen=True, slots=True)
class _Row:
    entry: Entry | None
    depth: int
    note: str = ""


class FilePicker(BlockView):
    """Posts `Picked` with the files chosen. Enter opens a folder or picks a file."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", texts.DO_FILTER, id="files.filter"),
        Binding("right", "unfold", texts.DO_UNFOLD, show=False, id="files.unfold"),
        Binding("left", "fold", texts.DO_FOLD, show=False, id="files.fold"),
        Binding("backspace", "parent", texts.PARENT, id="files.parent"),
        Binding("space", "mark", texts.DO_MARK, id="files.mark"),
        Binding("a", "toggle_all", texts.DO_SHOW_ALL, id="files.all"),
        Binding("escape", "clear_filter", show=False, id="files.clear_filter"),
    ]

    class Picked(Message):
        """These files are to be transcribed, in this order."""

        def __init__(self, paths: tuple[str, ...]) -> None:
            super().__init__()
            self.paths = paths

    class FilterWanted(Message):
        """The person wants to type a filter."""

    class Moved(Message):
        """The cursor stands on this file or folder, or on none."""

        def __init__(self, entry: Entry | None) -> None:
            super().__init__()
            self.entry = entry

    class FolderRead(Message, bubble=False):
        """A thread has read a folder; `problem` says why it could not."""

        def __init__(self, path: str, entries: list[Entry], problem: str) -> None:
            super().__init__()
            self.path = path
            self.entries = entries
            self.problem = problem

    def __init__(self, root: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.root = root
        self.show_all = False
        self.filter = ""
        self.marked: dict[str, None] = {}
        self._folders: dict[str, list[Entry] | None] = {}
        self._problems: dict[str, str] = {}
        self._open: set[str] = set()
        self._rows: list[_Row] = []
        self._cursor_wanted: str | None = None

    def on_mount(self) -> None:
        """Read the first folder."""
        self.open_root(self.root)

    def open_root(self, path: str, cursor_at: str | None = None) -> None:
        """Make `path` the top of the tree."""
        self.root = path
        self._cursor_wanted = cursor_at
        self._open = {path}
        self._read(path)
        self._rebuild()

    def _read(self, path: str) -> None:
        self._folders.setdefault(path, None)

        def read() -> None:
            entries, problem = read_folder(path)
            self.post_message(self.FolderRead(path, entries, problem))

        threading.Thread(target=read, name="omoai-folder", daemon=True).start()

    def on_file_picker_folder_read(self, message: FolderRead) -> None:
        """Show a folder that was read."""
        self._folders[message.path] = message.entries
        self._problems[message.path] = message.problem
        self._rebuild()

    def reread(self) -> None:
        """Make the rows anew, with the words of the language in use."""
        self._rebuild()

    def _rebuild(self) -> None:
        at = self._cursor_wanted or self._path_at_cursor()
        self._rows = []
        self._add_rows(self.root, 0)
        self._remeasure()
        paths = [row.entry.path if row.entry else "" for row in self._rows]
        if at is None:
            # A newly opened folder: stand where Enter does something useful.
            at = next((row.entry.path for row in self._rows if row.entry and row.entry.media), None)
        self.cursor = paths.index(at) if at in paths else min(max(self.cursor, 0), len(paths) - 1)
        if at in paths:
            self._cursor_wanted = None
        self._move_to(self.cursor)
        if self.filter:
            self.say_note(texts.FILTERED.format(text=self.filter))
        else:
            self.say_note(shown_path(self.root))
        self.refresh()
        self.on_cursor_moved()

    def _path_at_cursor(self) -> str | None:
        entry = self._entry()
        return entry.path if entry else None

    def _add_rows(self, folder: str, depth: int) -> None:
        entries = self._folders.get(folder)
        if entries is None:
            self._rows.append(_Row(None, depth, texts.READING_FOLDER))
            return
        if problem := self._problems.get(folder):
            self._rows.append(_Row(None, depth, problem))
            if not entries:
                return
        shown = [entry for entry in entries if self.show_all or entry.folder or entry.media]
        if shown and (wanted := plain(self.filter)):
            # A folder that is open is kept: what is asked for may be in it.
            shown = [
                entry for entry in shown if entry.path in self._open or wanted in plain(entry.name)
            ]
            if not shown:
                note = texts.FILTERED_NONE.format(text=self.filter)
                self._rows.append(_Row(None, depth, note))
                return
        if not shown:
            note = texts.EMPTY_FOLDER_ALL if self.show_all else texts.EMPTY_FOLDER
            self._rows.append(_Row(None, depth, note))
        for entry in shown:
            self._rows.append(_Row(entry, depth))
            if entry.folder and entry.path in self._open:
                self._add_rows(entry.path, depth + 1)

    def _entry(self) -> Entry | None:
        return self._rows[self.cursor].entry if 0 <= self.cursor < len(self._rows) else None

    def block_count(self) -> int:
        """One block a row."""
        return len(self._rows)

    def block_height(self, index: int, width: int) -> int:
        """One line; a note as many as it needs."""
        row = self._rows[index]
        return 1 if row.entry else len(wrap(row.note, width - 4 - 2 * row.depth))

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """Mark, name, size."""
        row = self._rows[index]
        indent = " " * (1 + 2 * row.depth)
        if row.entry is None:
            spans = wrap(row.note, width - 4 - 2 * row.depth)
            return [[(f"{indent}  {row.note[a:b]}", "muted")] for a, b in spans]
        entry = row.entry
        if entry.folder:
            mark = "▾ " if entry.path in self._open else "▸ "
            return [
                [(indent + mark, "muted"), (fit(entry.name, width - len(indent) - 3), "strong")]
            ]
        marked = entry.path in self.marked
        amount = size(entry.size)
        room = max(4, width - len(indent) - 4 - len(amount))
        return [
            [
                (indent + ("✓ " if marked else "  "), "good" if marked else ""),
                (pad(fit(entry.name, room), room), "" if entry.media else "muted"),
                (f" {amount}", "muted"),
            ]
        ]

    def action_choose(self) -> None:
        """Open or close a folder; pick the marked files, or the file under the cursor."""
        entry = self._entry()
        if entry is None:
            return
        if entry.folder:
            self._toggle(entry)
            return
        paths = tuple(self.marked) or (entry.path,)
        self.marked.clear()
        self._redraw()
        self.post_message(self.Picked(paths))

    def _toggle(self, entry: Entry) -> None:
        if entry.path in self._open:
            self._open.discard(entry.path)
        else:
            self._open.add(entry.path)
            self._read(entry.path)
        self._rebuild()

    def action_unfold(self) -> None:
        """Open the folder under the cursor."""
        entry = self._entry()
        if entry and entry.folder and entry.path not in self._open:
            self._toggle(entry)

    def action_fold(self) -> None:
        """Close the folder under the cursor, or go to the one that holds it."""
        entry = self._entry()
        if entry is None:
            return
        if entry.folder and entry.path in self._open:
            self._toggle(entry)
            return
        holder = str(Path(entry.path).parent)
        for index, row in enumerate(self._rows):
            if row.entry and row.entry.path == holder:
                self._move_to(index)

    def action_parent(self) -> None:
        """Go one folder up."""
        parent = str(Path(self.root).parent)
        if parent != self.root:
            before, opened = self.root, self._open
            self.open_root(parent, cursor_at=before)
            self._open |= opened
            self._rebuild()

    def _selected(self, index: int) -> int:
        # A note is nothing to choose.
        return super()._selected(index) if self._rows[index].entry else 0

    def on_cursor_moved(self) -> None:
        """Tell which file is looked at."""
        self.post_message(self.Moved(self._entry()))

    def action_filter(self) -> None:
        """Ask for the filter."""
        self.post_message(self.FilterWanted())

    def action_clear_filter(self) -> None:
        """Show every name again."""
        self.set_filter("")

    def set_filter(self, text: str) -> None:
        """Show only names that have these letters."""
        if text != self.filter:
            self.filter = text
            self._rebuild()

    def action_mark(self) -> None:
        """Mark a file, so that Enter picks several."""
        entry = self._entry()
        if entry is None or entry.folder:
            return
        if entry.path in self.marked:
            del self.marked[entry.path]
        else:
            self.marked[entry.path] = None
        self.revise(self.cursor, self.cursor)
        self._move_to(self.cursor + 1)

    def action_toggle_all(self) -> None:
        """Show every file, or sound and video only."""
        self.show_all = not self.show_all
        self._rebuild()

    def _redraw(self) -> None:
        self._strips.clear()
        self.refresh()
