"""Which formats, under which name. Writes nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from omoai_engine.export import FORMATS
from omoai_engine.text import one_line, shown_path
from omoai_tui import language, texts
from omoai_tui.jobs import Job
from omoai_tui.screens.dialogs import label
from omoai_tui.widgets.block_view import BlockView, Pieces
from omoai_tui.widgets.text_input import TextInput


@dataclass(frozen=True, slots=True)
class ExportWish:
    """Write `stem` with the suffix of each format; `overwrite` only after it was said twice."""

    stem: str
    formats: tuple[str, ...]
    overwrite: bool


class FormatList(BlockView):
    """Every format of the engine with a box; space or a click ticks."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "tick", show=False, id="export.tick"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.ticked = {"txt"}
        self._names = tuple(FORMATS)

    def on_mount(self) -> None:
        """Stand on the first."""
        self.reset()
        self.cursor = 0

    def block_count(self) -> int:
        """One block a format."""
        return len(self._names)

    def block_height(self, index: int, width: int) -> int:
        """Always one line."""
        return 1

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """Box, ending, what it is."""
        name = self._names[index]
        box = "[x]" if name in self.ticked else "[ ]"
        about = language.say(FORMATS[name].description)
        return [[(f" {box} ", ""), (f"{name:<10}", "strong"), (about, "muted")]]

    def action_tick(self) -> None:
        """Tick or untick the format under the cursor."""
        if 0 <= self.cursor < len(self._names):
            self.ticked ^= {self._names[self.cursor]}
            self.revise(self.cursor, self.cursor)

    def on_click(self, event: events.Click) -> None:
        """Tick what was clicked."""
        event.prevent_default()
        super().on_click(event)
        self.action_tick()


class ExportDialog(ModalScreen[ExportWish | None]):
    """Asks how to export a job."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False, id="export.back"),
    ]

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job
        self._asked_for: ExportWish | None = None

    def compose(self) -> ComposeResult:
        """Title, formats, name, complaint, keys."""
        stem = str(Path(self._job.path).absolute().with_suffix(""))
        stem = stem.encode("utf-8", "replace").decode("utf-8")
        with Vertical(classes="dialog"):
            yield label(texts.EXPORT_TITLE.format(name=self._job.name), "dialog-title")
            yield FormatList()
            yield label(texts.EXPORT_TO, "dialog-keys")
            yield TextInput(stem, id="stem")
            yield Static(id="complaint", classes="dialog-complaint", markup=False)
            yield label(texts.EXPORT_KEYS, "dialog-keys")

    def on_resize(self, event: events.Resize) -> None:
        """Let the list scroll where the window is low: the name below it is always seen."""
        least, rest = 3, 14
        room = event.size.height * 9 // 10 - rest
        self.query_one(FormatList).styles.max_height = max(least, min(room, len(FORMATS)))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the name."""
        self._submit()

    def on_block_view_chosen(self, message: BlockView.Chosen) -> None:
        """Enter in the list of formats."""
        self._submit()

    def _submit(self) -> None:
        ticked = self.query_one(FormatList).ticked
        formats = tuple(name for name in FORMATS if name in ticked)
        if not formats:
            self._complain(texts.EXPORT_NOTHING)
            return
        try:
            stem = str(Path(self.query_one(TextInput).value.strip()).expanduser().absolute())
        except RuntimeError as error:  # ~somebody who is not there
            self._complain(one_line(str(error)))
            return
        wish = ExportWish(stem, formats, overwrite=False)
        paths = [f"{stem}{FORMATS[name].suffix}" for name in formats]
        there = [path for path in paths if Path(path).exists()]
        if there and wish != self._asked_for:
            self._asked_for = wish
            self._complain(texts.EXPORT_EXISTS.format(path=shown_path(there[0])))
            return
        self.dismiss(ExportWish(stem, formats, overwrite=bool(there)))

    def _complain(self, sentence: str) -> None:
        self.query_one("#complaint", Static).update(Content(sentence))
