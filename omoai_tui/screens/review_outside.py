"""The text outside the review: in the person's own editor, on the clipboard, in other formats."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType

from omoai_engine.library.records import EditOutcome
from omoai_engine.text import one_line, shown_path
from omoai_tui import texts_review
from omoai_tui.screens.review_segments import ReviewSegments

if TYPE_CHECKING:
    from omoai_engine.library import Library
    from omoai_tui.app import OmoaiApp


class ReviewOutside(ReviewSegments):
    """The part of the review that hands the text to other programs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "E",
            "editor",
            texts_review.english(texts_review.DO_EDITOR),
            show=False,
            id="review.editor",
        ),
        Binding(
            "c",
            "copy_text",
            texts_review.english(texts_review.DO_COPY),
            show=False,
            id="review.copy",
        ),
        Binding(
            "X",
            "export",
            texts_review.english(texts_review.DO_EXPORT),
            show=False,
            id="review.export",
        ),
    ]

    def action_copy_text(self) -> None:
        """Copy the segments."""
        chosen = self.chosen()
        if chosen:
            cast("OmoaiApp", self.app).copy_text("\n".join(one.text for one in chosen))
            self.say(texts_review.COPIED.format(count=len(chosen)), 3)

    def action_export(self) -> None:
        """Write this transcript for other programs."""
        if self.document is not None:
            cast("OmoaiApp", self.app).export_entry(self.document.entry.id)

    def action_editor(self) -> None:
        """The whole transcript in the person's own editor."""
        document = self.document
        if document is None:
            return
        entry = document.entry.id

        def write(library: Library) -> tuple[Path, str]:
            from omoai_engine.library.editor import to_text

            text = to_text(library.transcript(entry))
            folder = Path(tempfile.mkdtemp(prefix="omoai-"))
            path = folder / f"{entry}.txt"
            path.write_text(text, "utf-8")
            path.chmod(0o600)
            return path, text

        self.ask(write, lambda made: self._edit_file(entry, *made))

    def _edit_file(self, entry: int, path: Path, before: str) -> None:
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
        try:
            with self.app.suspend():
                code = subprocess.run([*shlex.split(editor), str(path)], check=False).returncode
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            self._editor_failed(
                texts_review.EDITOR_NOT.format(editor=editor, why=one_line(reason)), path
            )
            return
        self.app.refresh(layout=True)
        if code != 0:
            self._editor_failed(texts_review.EDITOR_BROKE.format(editor=editor, code=code), path)
            return

        def read(library: Library) -> tuple[EditOutcome | None, list[str]]:
            from omoai_engine.library.editor import from_text

            after = path.read_text("utf-8-sig")
            if after == before:
                return None, []
            back = from_text(library.transcript(entry), after)
            notes = [f"{note.line}: {note.text[:60]} ({note.why})" for note in back.notes]
            if not back.edits:
                return None, notes
            return library.edit(entry, *back.edits, label="Edit in an editor"), notes

        def done(both: tuple[EditOutcome | None, list[str]]) -> None:
            outcome, notes = both
            if outcome is not None:
                self.took(outcome)
            if notes:
                from omoai_tui.screens.review_dialogs import ListDialog, Row

                rows = [Row("", note) for note in notes]
                title = texts_review.EDITOR_NOTES.format(path=shown_path(path))
                self.app.push_screen(ListDialog(title, rows, keys=texts_review.CLOSE_KEYS))
                return
            path.unlink(missing_ok=True)
            path.parent.rmdir()
            self.say(texts_review.EDITOR_DONE if outcome else texts_review.EDITOR_SAME)

        self.ask(read, done, lambda sentence: self._editor_failed(sentence, path))

    def _editor_failed(self, sentence: str, path: Path) -> None:
        self.app.refresh(layout=True)
        said = f"{sentence} {texts_review.EDITOR_KEPT.format(path=shown_path(path))}"
        self.app.notify(said, severity="error", markup=False, timeout=15)
