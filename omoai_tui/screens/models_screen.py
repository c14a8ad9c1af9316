"""The models: which are installed, which can be had; use one, check one, fetch one.

A download begins only after the person has seen size, licence, source and place and said yes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from omoai_engine.control import JobControl
from omoai_engine.text import one_line, shown_path
from omoai_tui import model_tasks, texts
from omoai_tui.cells import fit, fit_path
from omoai_tui.formats import size
from omoai_tui.model_tasks import ModelRow
from omoai_tui.places import Place
from omoai_tui.screens.dialogs import OpenDialog, label
from omoai_tui.tasks import Task, start_task
from omoai_tui.widgets.block_view import BlockView, Pieces

_BAR_CELLS = 40


class State(Enum):
    """What the screen waits for."""

    READING = auto()
    BROWSING = auto()
    ASKING_HUB = auto()
    CONFIRMING = auto()
    FETCHING = auto()
    VERIFYING = auto()


@dataclass(frozen=True, slots=True)
class ModelWish:
    """Use this model (a name or a folder) from now on; `llm`: for text, else for speech."""

    model: str
    shown: str
    llm: bool


class ModelList(BlockView):
    """Headings, and two lines a model."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[ModelRow | str] = []

    def show(self, models: list[ModelRow]) -> None:
        """Show these."""
        installed = [row for row in models if row.place]
        others = [row for row in models if not row.place]
        before = self.at_cursor()
        self.rows = [texts.MODELS_INSTALLED, *installed]
        self.rows += [] if installed else [texts.MODELS_NONE]
        self.rows += [texts.MODELS_AVAILABLE, *others]
        self.reset()
        names = [row.name if isinstance(row, ModelRow) else "" for row in self.rows]
        self._move_to(names.index(before.name) if before and before.name in names else 1)

    def at_cursor(self) -> ModelRow | None:
        """Return the model under the cursor."""
        row = self.rows[self.cursor] if 0 <= self.cursor < len(self.rows) else None
        return row if isinstance(row, ModelRow) else None

    def block_count(self) -> int:
        """One block a heading or model."""
        return len(self.rows)

    def block_height(self, index: int, width: int) -> int:
        """Two lines a model."""
        return 2 if isinstance(self.rows[index], ModelRow) else 1

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """Name and what there is to know; where it is, or what it is for."""
        row = self.rows[index]
        if isinstance(row, str):
            heading = row != texts.MODELS_NONE
            return [
                [(f" {row}" if heading else f"   {row}", "title-focus" if heading else "muted")]
            ]
        facts = [
            row.engine,
            " ".join(row.languages) or texts.MODELS_ANY,
            row.licence or ("" if row.place else texts.MODELS_LICENCE_UNKNOWN),
            size(row.size) if row.size else ("" if row.place else texts.MODELS_SIZE_UNKNOWN),
        ]
        second = " · ".join(filter(None, facts))
        if row.place:
            second += f" · {fit_path(row.place, max(12, width - cell_len(second) - 9))}"
        mark = "● " if row.in_use else "  "
        name = fit(row.name, max(8, width - 6))
        used = f"  {texts.MODELS_USED}" if row.in_use else ""
        about = fit(one_line(row.about), max(0, width - cell_len(name + used) - 6))
        return [
            [(f" {mark}", "good"), (name, "strong"), (used, "good"), (f"  {about}", "")],
            [(f"   {fit(second, width - 4)}", "muted")],
        ]

    def action_cursor(self, step: int) -> None:
        """Step over headings."""
        super().action_cursor(step)
        if self.at_cursor() is None and 0 <= self.cursor + step < len(self.rows):
            super().action_cursor(step)


class ModelsScreen(ModalScreen[ModelWish | None]):
    """Gives the model that was chosen to be used, or `None`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", show=False, id="models.back"),
        Binding("y", "agree", show=False, id="models.agree"),
        Binding("n", "decline", show=False, id="models.decline"),
        Binding("o", "folder", show=False, id="models.folder"),
        Binding("v", "verify", show=False, id="models.verify"),
    ]

    def __init__(self, overrides: dict[str, Any]) -> None:
        super().__init__()
        self._overrides = overrides
        self._state = State.READING
        self._plan: model_tasks.PlanReady | None = None
        self._control = JobControl()

    def compose(self) -> ComposeResult:
        """Title, list, what is going on, keys."""
        with Vertical(classes="dialog models-dialog"):
            yield label(texts.MODELS_TITLE, "dialog-title")
            yield ModelList()
            yield Static(Content(texts.MODELS_READING), id="going-on", markup=False)
            yield label(texts.MODELS_KEYS, "dialog-keys")

    def on_mount(self) -> None:
        """Look what there is."""
        self._look()

    def _look(self) -> None:
        self._start(model_tasks.list_task(self._overrides, self._post))

    def _start(self, task: Task) -> None:
        start_task(task, self._post)

    def _post(self, message: Message) -> bool:
        # A thread may still speak when the screen is gone.
        return self.is_running and self.post_message(message)

    def _say(self, *lines: str, bad: bool = False) -> None:
        going_on = self.query_one("#going-on", Static)
        going_on.set_class(bad, "-bad")
        going_on.update(Content("\n".join(lines)))

    def on_models_read(self, message: model_tasks.ModelsRead) -> None:
        """Show them."""
        if self._state is State.READING:
            self._state = State.BROWSING
            self._say("")
        self.query_one(ModelList).show(message.rows)

    # Using, fetching, checking.

    def on_block_view_chosen(self, _message: BlockView.Chosen) -> None:
        """Use an installed model; ask about another."""
        row = self.query_one(ModelList).at_cursor()
        if row is None or self._state is not State.BROWSING:
            return
        if row.place:
            self.dismiss(
                ModelWish(row.path if row.own else row.name, row.name, row.engine == "llm")
            )
            return
        self._state = State.ASKING_HUB
        self._say(texts.MODELS_ASKING.format(name=row.name))
        self._start(model_tasks.plan_task(row.name, self._overrides, self._post))

    def on_plan_ready(self, message: model_tasks.PlanReady) -> None:
        """Say what would be fetched."""
        if self._state is not State.ASKING_HUB:
            return
        self._state, self._plan = State.CONFIRMING, message
        plan = message.plan
        self._say(
            texts.MODELS_CONFIRM.format(name=plan.spec.name),
            texts.MODELS_CONFIRM_FACTS.format(
                size=size(plan.size),
                files=len(plan.files),
                licence=plan.licence or texts.MODELS_LICENCE_NONE,
            ),
            texts.MODELS_CONFIRM_FROM.format(source=one_line(message.source)),
            texts.MODELS_CONFIRM_TO.format(folder=shown_path(message.folder / plan.spec.name)),
            texts.MODELS_CONFIRM_KEYS,
        )

    def action_agree(self) -> None:
        """Fetch what was shown."""
        if self._state is State.CONFIRMING and self._plan:
            self._state, self._control = State.FETCHING, JobControl()
            self._show_progress(0, self._plan.plan.size)
            self._start(
                model_tasks.download_task(
                    self._plan.plan, self._plan.folder, self._control, self._post
                )
            )

    def action_decline(self) -> None:
        """Fetch nothing."""
        if self._state is State.CONFIRMING:
            self._state = State.BROWSING
            self._say("")

    def on_fetched(self, message: model_tasks.Fetched) -> None:
        """Draw the bar."""
        if self._state is State.FETCHING:
            self._show_progress(message.done, message.total)

    def _show_progress(self, done: int, total: int) -> None:
        share = done / total if total else 0.0
        full = round(share * _BAR_CELLS)
        name = self._plan.plan.spec.name if self._plan else ""
        self._say(
            f"{'━' * full}{'─' * (_BAR_CELLS - full)} {share * 100:3.0f} %",
            texts.MODELS_GETTING.format(name=name, done=size(done), total=size(total)),
        )

    def action_verify(self) -> None:
        """Compare the files of the model under the cursor with their hashes."""
        row = self.query_one(ModelList).at_cursor()
        if row and row.place and self._state is State.BROWSING:
            self._state = State.VERIFYING
            self._say(texts.MODELS_VERIFYING.format(name=row.name))
            self._start(model_tasks.verify_task(row, self._post))

    def action_folder(self) -> None:
        """Use a model that lies in some folder."""
        if self._state is not State.BROWSING:
            return

        def named(place: Place | None) -> None:
            if place and place.path:
                self._start(model_tasks.folder_task(place.path, self._overrides, self._post))

        self.app.push_screen(
            OpenDialog("", texts.MODELS_FOLDER_TITLE, texts.MODELS_FOLDER_PLACEHOLDER), named
        )

    def on_finished(self, message: model_tasks.Finished) -> None:
        """Say how it went."""
        if message.outcome == "folder":
            self.dismiss(ModelWish(message.detail, shown_path(message.detail), llm=False))
            return
        self._state = State.BROWSING
        sentence = {
            "got": texts.MODELS_GOT,
            "stopped": texts.MODELS_STOPPED,
            "verified": texts.MODELS_VERIFIED,
            "unpublished": texts.MODELS_UNPUBLISHED,
        }.get(message.outcome)
        if sentence is None:
            self._say(message.detail, bad=True)
        else:
            self._say(sentence.format(name=message.detail))
        if message.outcome == "got":
            self._look()

    def action_back(self) -> None:
        """Stop what is being fetched; with nothing going on, close."""
        if self._state is State.FETCHING:
            self._control.cancel()
        elif self._state in (State.CONFIRMING, State.ASKING_HUB):
            self._state = State.BROWSING
            self._say("")
        else:
            self.dismiss(None)

    def on_unmount(self) -> None:
        """Nothing is fetched for a screen that is gone."""
        self._control.cancel()
