"""Which formats, with which options, where; and how it will look. Writes nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input, Static

from omoai_engine.export import FORMATS
from omoai_engine.results import PipelineResult
from omoai_engine.text import one_line, shown_path
from omoai_tui import export_tasks, language, texts, texts_library
from omoai_tui.cells import fit
from omoai_tui.export_tasks import ExportSubject
from omoai_tui.formats import file_name
from omoai_tui.screens.dialogs import label
from omoai_tui.tasks import start_task
from omoai_tui.widgets.block_canvas import BlockCanvas
from omoai_tui.widgets.block_view import BlockView, Pieces
from omoai_tui.widgets.export_options import OptionList
from omoai_tui.widgets.path_input import PathInput

if TYPE_CHECKING:
    from omoai_engine.export import ExportOptions

PREVIEW_AFTER_SECONDS = 0.1
_LOW = 19
"""Below so many rows there is no room for a preview."""
_NARROW = 70


@dataclass(frozen=True, slots=True)
class ExportWish:
    """Write `result` as `stem` with the suffix of each format; `overwrite` only after it was said
    twice."""

    result: PipelineResult
    stem: str
    formats: tuple[str, ...]
    overwrite: bool
    options: ExportOptions


class FormatList(BlockView):
    """Every format of the engine with a box; space or a click ticks."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "tick", show=False, id="export.tick"),
    ]

    class Looked(Message):
        """The cursor stands on another format, or a box was ticked."""

    def __init__(self) -> None:
        super().__init__(id="export-formats")
        self.ticked = {"txt"}
        self.names = tuple(FORMATS)

    def on_mount(self) -> None:
        """Stand on the first."""
        self.reset()
        self.cursor = 0

    @property
    def current(self) -> str:
        """The format under the cursor."""
        return self.names[max(0, self.cursor)]

    def block_count(self) -> int:
        """One block a format."""
        return len(self.names)

    def block_height(self, index: int, width: int) -> int:
        """Always one line."""
        return 1

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """Box, ending, what it is."""
        name = self.names[index]
        box = "[x]" if name in self.ticked else "[ ]"
        about = fit(language.say(FORMATS[name].description), max(0, width - 16))
        return [[(f" {box} ", ""), (f"{name:<10}", "strong"), (about, "muted")]]

    def on_cursor_moved(self) -> None:
        """Another preview."""
        self.post_message(self.Looked())

    def action_tick(self) -> None:
        """Tick or untick the format under the cursor."""
        if 0 <= self.cursor < len(self.names):
            self.ticked ^= {self.names[self.cursor]}
            self.revise(self.cursor, self.cursor)

    def on_click(self, event: events.Click) -> None:
        """Tick what was clicked."""
        event.prevent_default()
        super().on_click(event)
        self.action_tick()


class Preview(BlockCanvas, can_focus=False):
    """The first lines of a format."""

    def __init__(self) -> None:
        super().__init__(id="export-preview")
        self._shown: list[str] = []
        self._note = ""

    def show(self, lines: list[str], note: str = "") -> None:
        """Show these, or say why not."""
        if (lines, note) != (self._shown, self._note):
            self._shown, self._note = lines, note
            self.reset()

    def block_count(self) -> int:
        """One block a line."""
        return len(self._shown)

    def block_height(self, index: int, width: int) -> int:
        """Lines are cut, as an editor does."""
        return 1

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """The line."""
        return [[(f" {fit(self._shown[index], width - 2)}", "")]]

    def empty_lines(self) -> tuple[str, ...]:
        """Why there is nothing."""
        return (self._note,) if self._note else ()


class ExportDialog(ModalScreen[ExportWish | None]):
    """Asks how to export something."""

    CSS_PATH = Path(__file__).parents[1] / "styles" / "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False, id="export.back"),
    ]

    def __init__(self, subject: ExportSubject) -> None:
        super().__init__()
        self._subject = subject
        self._result: PipelineResult | None = None
        self._request = 0
        self._preview_soon: Timer | None = None
        self._wish: ExportWish | None = None
        self._asked_for: tuple[str, tuple[str, ...]] | None = None

    def compose(self) -> ComposeResult:
        """Title, formats and options, preview, name, complaint, keys."""
        stem = self._subject.stem.encode("utf-8", "replace").decode("utf-8")
        with Vertical(classes="dialog export-dialog"):
            yield Static(id="export-title", classes="dialog-title", markup=False)
            with Horizontal(id="export-choices"):
                yield FormatList()
                yield OptionList()
            yield Static(id="export-preview-title", markup=False)
            yield Preview()
            yield label(texts.EXPORT_TO, "dialog-keys")
            yield PathInput(stem, id="stem")
            yield Static(id="complaint", classes="dialog-complaint", markup=False)
            yield label(f"{texts.EXPORT_KEYS} · {texts_library.EXPORT_MORE_KEYS}", "dialog-keys")

    def on_mount(self) -> None:
        """Fetch what is exported."""
        self._say_title(self._subject.name)
        self.query_one(Preview).show([], texts_library.PREVIEW_COMES)
        self._start(export_tasks.load_task(self._subject, self._post))

    def on_resize(self, event: events.Resize) -> None:
        """Leave the preview out where it has no room."""
        self.set_class(event.size.height < _LOW, "-low")
        self.set_class(event.size.width < _NARROW, "-narrow")

    def _post(self, message: Message) -> bool:
        return self.is_running and self.post_message(message)

    def _start(self, task: Callable[[], None]) -> None:
        start_task(task, self._post)

    def on_trouble(self, message: Message) -> None:
        """Something unforeseen in a thread."""
        self._complain(str(getattr(message, "sentence", "")))

    def on_loaded(self, message: export_tasks.Loaded) -> None:
        """Offer the options."""
        self._result = message.result
        if not self._subject.name:
            title = one_line(str(message.result.metadata.get("title", "")))
            self._say_title(title)
            stem = self.query_one(PathInput)
            if stem.value == self._subject.stem:
                stem.value = str(Path(self._subject.stem, file_name(title)))
                stem.cursor_position = len(stem.value)
        self.query_one(OptionList).show(message.options, message.audio)
        self._preview()

    def on_not_loaded(self, message: export_tasks.NotLoaded) -> None:
        """Say why there is nothing to export."""
        self.query_one(Preview).show([])
        self._complain(message.sentence)

    # The preview.

    def on_format_list_looked(self) -> None:
        """Preview the format under the cursor when it rests."""
        self._preview_later()

    def on_option_list_changed(self) -> None:
        """Preview with the other option."""
        self._preview_later()

    def _preview_later(self) -> None:
        if self._preview_soon is not None:
            self._preview_soon.stop()
        self._preview_soon = self.set_timer(PREVIEW_AFTER_SECONDS, self._preview)

    def _preview(self) -> None:
        options = self.query_one(OptionList).options
        if self._result is None or options is None:
            return
        name = self.query_one(FormatList).current
        title = texts_library.PREVIEW.format(format=name)
        self.query_one("#export-preview-title", Static).update(Content(title))
        self._request += 1
        self._start(
            export_tasks.preview_task(self._request, self._result, name, options, self._post)
        )

    def on_previewed(self, message: export_tasks.Previewed) -> None:
        """Show the newest."""
        if message.request == self._request:
            self.query_one(Preview).show(message.lines, message.problem)

    # The place.

    def on_path_input_offered(self, message: PathInput.Offered) -> None:
        """Show what the path could go on with."""
        self._complain("  ".join(message.names[:8]) + ("  …" if len(message.names) > 8 else ""))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the name."""
        self._submit()

    def on_block_view_chosen(self, message: BlockView.Chosen) -> None:
        """Enter in a list."""
        self._submit()

    def _submit(self) -> None:
        options = self.query_one(OptionList).options
        if self._result is None or options is None:
            return
        formats_list = self.query_one(FormatList)
        formats = tuple(name for name in FORMATS if name in formats_list.ticked)
        if not formats:
            self._complain(texts.EXPORT_NOTHING)
            return
        try:
            stem = str(Path(self.query_one(PathInput).value.strip()).expanduser().absolute())
        except RuntimeError as error:  # ~somebody who is not there
            self._complain(one_line(str(error)))
            return
        self._wish = ExportWish(self._result, stem, formats, False, options)
        paths = [f"{stem}{FORMATS[name].suffix}" for name in formats]
        self._start(export_tasks.check_task(self._request, paths, self._post))

    def on_place_checked(self, message: export_tasks.PlaceChecked) -> None:
        """Ask once more before something is written over."""
        wish = self._wish
        if wish is None:
            return
        asked = (wish.stem, wish.formats)
        if message.problem:
            self._complain(texts_library.NO_FOLDER.format(folder=message.problem))
        elif message.there and asked != self._asked_for:
            self._asked_for = asked
            self._complain(texts.EXPORT_EXISTS.format(path=shown_path(message.there[0])))
        else:
            there = bool(message.there)
            self.dismiss(ExportWish(wish.result, wish.stem, wish.formats, there, wish.options))

    def _say_title(self, name: str) -> None:
        title = Content(texts.EXPORT_TITLE.format(name=name).strip())
        self.query_one("#export-title", Static).update(title)

    def _complain(self, sentence: str) -> None:
        self.query_one("#complaint", Static).update(Content(sentence))
