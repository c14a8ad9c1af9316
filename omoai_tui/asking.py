"""What the app asks the person: which file, theme, language, model, command, format. Dialogs only.

Each action opens a dialog and does what comes back; the dialogs are imported when first needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.message import Message

from omoai_engine.text import shown_path
from omoai_tui import clipboard, state, texts
from omoai_tui import language as interface
from omoai_tui.conductor import Conductor
from omoai_tui.formats import size
from omoai_tui.places import Place
from omoai_tui.screens.full_screen import FULL_SCREENS, KEPT_ACTIONS, FullScreen, full_screen
from omoai_tui.screens.workbench import Workbench, pane_name
from omoai_tui.tasks import copy_task, export_task, start_task
from omoai_tui.textual_gaps import QuietCrash
from omoai_tui.theme_keeper import ThemeKeeper
from omoai_tui.widgets.block_view import BlockView
from omoai_tui.widgets.file_picker import FilePicker
from omoai_tui.widgets.job_list import JobList

if TYPE_CHECKING:
    from omoai_tui.export_tasks import ExportSubject


class Asking(QuietCrash):
    """The part of the app that opens dialogs."""

    conductor: Conductor
    themes: ThemeKeeper
    key_map: dict[str, str]

    @property
    def bench(self) -> Workbench:
        """The workbench, also while a dialog is over it."""
        raise NotImplementedError

    def tell(self, sentence: str) -> None:
        """Say something good."""
        raise NotImplementedError

    def complain(self, sentence: str) -> None:
        """Say what went wrong, with the log's place."""
        raise NotImplementedError

    def open_place(self, place: Place) -> None:
        """Open a folder or a recording."""
        raise NotImplementedError

    def open_text(self, text: str, unknown: str) -> None:
        """Open what `text` names; say `unknown` when it names nothing."""
        raise NotImplementedError

    def action_use_language(self, code: str) -> None:
        """Let the interface speak this language and keep it."""
        raise NotImplementedError

    def post(self, message: Message) -> Any:
        """Post a message from any thread, also while the app closes."""
        raise NotImplementedError

    def action_open(self) -> None:
        """Ask for a path."""
        from omoai_tui.screens.dialogs import OpenDialog

        def opened(place: Place | None) -> None:
            if place:
                self.open_place(place)

        self.push_screen(OpenDialog(self.bench.query_one(FilePicker).root), opened)

    def action_recent(self) -> None:
        """Show recent places."""
        from omoai_tui.screens.dialogs import ChoiceDialog

        recent = state.recall().recent

        def opened(index: int | None) -> None:
            if index is not None:
                self.open_text(recent[index], "")

        rows = [shown_path(path) for path in recent]
        self.push_screen(ChoiceDialog(texts.RECENT_TITLE, rows, empty=texts.RECENT_NONE), opened)

    def action_models(self) -> None:
        """Show the models."""
        from omoai_tui.screens.models_screen import ModelsScreen, ModelWish

        def use(wish: ModelWish | None) -> None:
            if wish is None:
                return
            self.conductor.use_model(wish.model, llm=wish.llm)
            later = texts.MODELS_LATER if self.conductor.queue.active else texts.MODELS_USE
            self.tell((texts.MODELS_LLM if wish.llm else later).format(name=wish.shown))

        self.push_screen(ModelsScreen(self.conductor.overrides), use)

    def action_palette(self) -> None:
        """Find any command by its name."""
        from omoai_tui.commands import Command, commands
        from omoai_tui.screens.palette import CommandPalette

        screen = self.screen

        async def do(command: Command | None) -> None:
            if command is None:
                return
            homes: dict[str, DOMNode] = {"app": self, "screen": screen}
            if command.home not in homes:
                if screen is self.bench:
                    self.bench.action_focus_pane(command.home)
                homes[command.home] = screen.query_one(f"#{command.home}")
            await self.run_action(command.action, homes[command.home])

        groups = [group for group in self.binding_groups() if group[1] != "lists"]
        known = commands(groups, self.key_map, self.themes.load().titles)
        self.push_screen(CommandPalette(known), do)

    def action_choose_theme(self) -> None:
        """Let the person look at every theme in place."""
        from omoai_tui.screens.dialogs import ChoiceDialog

        known = self.themes.load()
        names = list(known.themes)
        before = self.theme

        def look(index: int | None) -> None:
            self.theme = before if index is None else names[index]

        def keep(index: int | None) -> None:
            if index is not None:
                state.remember(theme=names[index])

        self.push_screen(
            ChoiceDialog(
                texts.THEME_TITLE,
                [known.titles.get(name, name) for name in names],
                at=names.index(before) if before in names else 0,
                look=look,
                keys=texts.THEME_KEYS,
            ),
            keep,
        )

    def action_choose_language(self) -> None:
        """Let the person choose the language of the interface."""
        from omoai_tui.screens.dialogs import ChoiceDialog

        codes = list(interface.LANGUAGES)

        def keep(index: int | None) -> None:
            if index is not None:
                self.action_use_language(codes[index])

        rows = list(interface.LANGUAGES.values())
        at = codes.index(interface.current())
        self.push_screen(ChoiceDialog(texts.LANGUAGE_TITLE, rows, at=at), keep)

    def action_export(self) -> None:
        """Export the job that is shown."""
        from omoai_tui.export_tasks import ExportSubject

        job = self.bench.job
        if job is None or job.result is None or not job.segments:
            running = job is not None and job.status.active
            self.tell(texts.EXPORT_LATER if running else texts.NOTHING_TO_EXPORT)
            return
        result, sound = job.result, Path(job.path).absolute()
        stem = str(sound.with_suffix(""))
        self._export(ExportSubject(job.name, stem, lambda: (result, sound), job.number))

    def export_entry(self, entry: int) -> None:
        """Export a transcript of the library."""
        from omoai_tui.export_tasks import ExportSubject, library_loader

        load = library_loader(entry, self.conductor.overrides)
        self._export(ExportSubject("", str(Path.cwd()), load))

    def _export(self, subject: ExportSubject) -> None:
        """Ask how, then write in a thread."""
        from omoai_tui.screens.export_dialog import ExportDialog, ExportWish

        def write(wish: ExportWish | None) -> None:
            if wish:
                words = texts.DISK_EXPORT.format(path=shown_path(wish.stem))
                start_task(export_task(subject.job or 0, wish, self.post), self.post, words)

        self.push_screen(ExportDialog(subject), write)

    def copy_text(self, text: str) -> None:
        """Put text on the clipboard of the person's own machine, and say so."""
        if not text.strip():
            self.tell(texts.NOTHING_TO_COPY)
        elif clipboard.inside_tmux():
            start_task(copy_task(text, self.post), self.post)
        else:
            self.copy_to_clipboard(text)
            self.tell(texts.COPIED.format(size=size(len(text.encode()))))

    def review(self, entry: int, at_seconds: float | None = None) -> None:
        """Open a transcript of the library for review, at a place in it."""
        screen: Any = full_screen("review")
        self.push_screen(screen(entry, at_seconds))

    def import_transcript(self, path: str) -> None:
        """Bring in a transcript that another program wrote, beside its sound; `path` may be ""."""
        from omoai_tui.screens.import_dialog import ImportDialog

        def opened(entry: int | None) -> None:
            if entry is not None:
                self.review(entry)

        self.push_screen(ImportDialog(path, self.conductor.overrides), opened)

    def action_visit(self, name: str) -> None:
        """Show a full screen; one that is already there is not opened twice."""
        if not any(isinstance(screen, full_screen(name)) for screen in self.screen_stack):
            self.push_screen(full_screen(name)())

    def every_binding_id(self) -> set[str]:
        """Return the name of every binding that a person may put on another key."""
        groups = [bindings for _, _, bindings in self.bench_groups()]
        for name in FULL_SCREENS:
            groups += [bindings for _, _, bindings in full_screen(name).binding_groups()]
        return {one.id for some in groups for one in some if isinstance(one, Binding) and one.id}

    def binding_groups(self) -> list[tuple[str, str, list[BindingType]]]:
        """Return where bindings hold now, in words and as `app`, `screen`, `lists` or the id of a
        widget, and the bindings."""
        screen = self.screen
        if not isinstance(screen, FullScreen):
            return self.bench_groups()
        kept = [
            one
            for one in type(self).BINDINGS
            if isinstance(one, Binding) and one.action.partition("(")[0] in KEPT_ACTIONS
        ]
        return [
            *screen.binding_groups(),
            (texts.HELP_LISTS, "lists", list(BlockView.BINDINGS)),
            (texts.HELP_EVERYWHERE, "app", list[BindingType](kept)),
        ]

    def bench_groups(self) -> list[tuple[str, str, list[BindingType]]]:
        """Return the bindings of the workbench, as `binding_groups` does."""
        return [
            (texts.HELP_EVERYWHERE, "app", list(type(self).BINDINGS)),
            (texts.HELP_PANES, "screen", list(Workbench.BINDINGS)),
            (texts.HELP_LISTS, "lists", list(BlockView.BINDINGS)),
            (texts.FILES, "files", list(FilePicker.BINDINGS)),
            (texts.QUEUE, "queue", list(JobList.BINDINGS)),
        ]

    def action_keys(self) -> None:
        """Show the key table."""
        from omoai_tui.commands import key_table
        from omoai_tui.screens.help import HelpScreen

        groups = [(title, bindings) for title, _, bindings in self.binding_groups()]
        self.push_screen(HelpScreen(key_table(groups, self.key_map)))

    def action_help_pane(self) -> None:
        """Say what the pane in focus is for, and its keys."""
        from omoai_tui.commands import key_table
        from omoai_tui.screens.help import HelpScreen

        if isinstance(self.screen, FullScreen):
            title, about = self.screen.headline()[0], self.screen.about()
            own = [(name, bindings) for name, _, bindings in self.screen.binding_groups()]
            self.push_screen(HelpScreen(key_table(own, self.key_map), title, about))
            return
        pane = self.bench.current_pane
        groups = [
            (title, bindings)
            for title, where, bindings in self.binding_groups()
            if where in (pane, "lists")
        ]
        title = texts.HELP_PANE.format(pane=pane_name(pane))
        about = str(getattr(texts, f"HELP_{pane.upper()}"))
        self.push_screen(HelpScreen(key_table(groups[::-1], self.key_map), title, about))
