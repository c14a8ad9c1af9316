"""The app: it owns the queue, the worker thread, the theme and the way out.

Everything that happens elsewhere arrives as a message; everything drawn is drawn by the
workbench. Importing this module loads no engine stage, no model library, no configuration.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, cast

from textual.app import App
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.screen import Screen

from omoai_engine.text import one_line
from omoai_tui import clipboard, state, texts, themes
from omoai_tui.conductor import Conductor
from omoai_tui.formats import size
from omoai_tui.job_queue import JobQueue
from omoai_tui.messages import (
    CopyFinished,
    ExportFinished,
    JobEnded,
    NewsWaiting,
    SettingsLoaded,
    Trouble,
)
from omoai_tui.pipeline_worker import describe_unforeseen
from omoai_tui.screens.workbench import Workbench
from omoai_tui.tasks import copy_task, export_task, start_task
from omoai_tui.widgets.file_picker import FilePicker
from omoai_tui.widgets.job_list import JobList

RELEASE_SECONDS = 0.6


class OmoaiApp(App[None]):
    """OmoAI's workbench."""

    TITLE = texts.APP
    CSS_PATH = Path(__file__).parent / "styles" / "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+o", "open", "Open the path of a recording or folder", id="app.open"),
        Binding("p", "pause", "Pause the job, or go on", id="job.pause"),
        Binding("x", "cancel", "Stop the job; what is done is kept", id="job.cancel"),
        Binding("e", "export", "Export: txt, json, srt, vtt", id="job.export"),
        Binding("c", "copy", "Copy the transcript", id="job.copy"),
        Binding("t", "choose_theme", "Choose a theme", id="app.theme"),
        Binding("question_mark,f1", "keys", "This table", id="app.help"),
        Binding("ctrl+z", "suspend_process", "Suspend; fg brings it back", id="app.suspend"),
        Binding("ctrl+q", "leave", show=False, priority=True, id="app.quit_always"),
        Binding("ctrl+c", "leave", show=False, id="app.interrupt"),
        Binding("q", "leave", "Quit", id="app.quit"),
    ]

    def __init__(
        self,
        files: Sequence[str] = (),
        *,
        folder: str | None = None,
        language: str | None = None,
        theme: str | None = None,
        log_path: str = "",
        driver_class: type[Driver] | None = None,
    ) -> None:
        no_colour = "NO_COLOR" in os.environ
        super().__init__(driver_class=driver_class, ansi_color=True if no_colour else None)
        if "TEXTUAL_ANIMATIONS" not in os.environ:
            self.animation_level = "none"
        self.log_file = log_path
        self.crashed = ""
        self._folder = folder or str(Path.cwd())
        self._files = list(files)
        self._wanted_theme = theme
        self._themes: themes.ThemeSet | None = None
        self._key_map: dict[str, str] = {}
        self._said: set[str] = set()
        overrides: dict[str, Any] = {"asr": {"language": language}} if language else {}
        self.conductor = Conductor(self, self._post, overrides)
        self._use_first_theme(no_colour)

    @property
    def bench(self) -> Workbench:
        """The workbench, also while a dialog is over it."""
        return cast(Workbench, self.screen_stack[0])

    def get_default_screen(self) -> Screen[Any]:
        """The workbench is the only screen below the dialogs."""
        return Workbench(self._folder, "segments" if self._files else "files")

    def _post(self, message: Any) -> bool:
        # Threads may still speak while the app closes.
        return self.is_running and self.post_message(message)

    # Start.

    def on_mount(self) -> None:
        """Draw everything again when `fg` brings the app back."""
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))

    def on_workbench_ready(self, _message: Workbench.Ready) -> None:
        """Queue what was given; begin with the heavy work after the first paint."""
        for path in self._files:
            self.conductor.add(path)
        self.conductor.sync_queue()
        self.set_timer(0.05, self._after_first_paint)

    def _after_first_paint(self) -> None:
        self.conductor.start()

    def on_settings_loaded(self, message: SettingsLoaded) -> None:
        """Take the theme and the keys of the configuration."""
        if message.theme and self._wanted_theme is None and not self.no_color:
            self._use_theme(message.theme)
        if message.keys:
            known = {
                binding.id
                for _, bindings in self.binding_groups()
                for binding in bindings
                if isinstance(binding, Binding)
            }
            unknown = sorted(set(message.keys) - known)
            if unknown:
                names = one_line(", ".join(unknown))
                self.warn(texts.KEYS_UNKNOWN.format(names=names))
            self._key_map = {name: keys for name, keys in message.keys.items() if name in known}
            self.set_keymap(self._key_map)
        self._load_themes()

    def on_trouble(self, message: Trouble) -> None:
        """Show what went wrong outside a job."""
        self.complain(message.sentence)

    # Themes.

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our variables for a theme that is not ours (Textual's own)."""
        return themes.variable_defaults()

    def _use_first_theme(self, no_colour: bool) -> None:
        wanted = self._wanted_theme or os.environ.get("OMOAI_TUI__THEME")
        chosen = wanted or state.remembered_theme()
        if no_colour or (chosen is None and self.console.color_system == "standard"):
            chosen = themes.TERMINAL
        for name in (chosen, themes.DEFAULT):
            if name and (theme := themes.read_one(name)):
                self.register_theme(theme)
                self.theme = theme.name
                break
        if wanted and self.theme != wanted and not no_colour:
            sentence = texts.THEME_UNKNOWN.format(name=one_line(wanted), used=self.theme)
            self.call_later(self.warn, sentence)

    def _load_themes(self) -> themes.ThemeSet:
        if self._themes is None:
            self._themes = themes.read_all()
            for theme in self._themes.themes.values():
                if theme.name != self.theme:
                    self.register_theme(theme)
            for file, why in self._themes.problems:
                self.warn(texts.THEME_BROKEN.format(file=file, why=why))
        return self._themes

    def _use_theme(self, name: str) -> None:
        if name in self._load_themes().themes:
            self.theme = name
        else:
            self.warn(texts.THEME_UNKNOWN.format(name=one_line(name), used=self.theme))

    def action_choose_theme(self) -> None:
        """Let the person choose."""
        from omoai_tui.screens.dialogs import ThemeDialog

        known = self._load_themes()

        def keep(name: str | None) -> None:
            if name:
                state.remember_theme(name)

        self.push_screen(ThemeDialog(list(known.themes), known.titles, self.theme), keep)

    # What is said to the person.

    def warn(self, sentence: str) -> None:
        """Say something that does no harm; the same sentence once only."""
        if sentence not in self._said:
            self._said.add(sentence)
            self.notify(sentence, severity="warning", markup=False, timeout=8)

    def complain(self, sentence: str) -> None:
        """Say what went wrong, with the log's place."""
        where = f"\n{texts.LOG_AT.format(path=self.log_file)}" if self.log_file else ""
        self.notify(sentence + where, severity="error", markup=False, timeout=12)

    def tell(self, sentence: str) -> None:
        """Say something good."""
        self.notify(sentence, markup=False, timeout=4)

    # Jobs.

    @property
    def queue(self) -> JobQueue:
        """The recordings of this sitting."""
        return self.conductor.queue

    def open_path(self, path: str) -> None:
        """Open a folder in the picker, or queue a file."""
        if Path(path).is_dir():
            self.bench.query_one(FilePicker).open_root(path)
            self.bench.action_focus_pane("files")
        else:
            self.conductor.add_files([path])

    def on_news_waiting(self, _message: NewsWaiting) -> None:
        """The active job has said something."""
        self.conductor.news_waiting()

    def on_job_ended(self, message: JobEnded) -> None:
        """The worker is through with a job."""
        self.conductor.job_ended(message)

    def on_file_picker_picked(self, message: FilePicker.Picked) -> None:
        """Queue what was picked."""
        self.conductor.add_files(message.paths)

    def on_block_view_chosen(self, message: JobList.Chosen) -> None:
        """Show the job under the cursor of the queue."""
        if isinstance(message.view, JobList) and (job := message.view.job_at_cursor()):
            self.conductor.show(job)

    def on_workbench_pasted(self, message: Workbench.Pasted) -> None:
        """Open a pasted path."""
        from omoai_tui.media import pasted_path

        path = pasted_path(message.text)
        if path is not None:
            self.open_path(path)
        elif message.text.strip():
            self.warn(texts.NOT_A_PATH)

    # Actions.

    def action_open(self) -> None:
        """Ask for a path."""
        from omoai_tui.screens.dialogs import OpenDialog

        def opened(path: str | None) -> None:
            if path:
                self.open_path(path)

        root = self.bench.query_one(FilePicker).root
        self.push_screen(OpenDialog(root), opened)

    def action_pause(self) -> None:
        """Hold the job, or let it go on."""
        self.conductor.pause_or_resume()

    def action_cancel(self) -> None:
        """Stop the job in focus: in the queue the one under the cursor, else the active one."""
        in_queue = self.bench.current_pane == "queue"
        self.conductor.cancel(self.bench.query_one(JobList).job_at_cursor() if in_queue else None)

    def action_retry(self) -> None:
        """Do the job under the cursor once more."""
        self.conductor.again(self.bench.query_one(JobList).job_at_cursor())

    def action_copy(self) -> None:
        """Copy the transcript that is shown."""
        job = self.bench.job
        text = job.transcript() if job else ""
        if job is None or not text:
            self.tell(texts.NOTHING_TO_COPY)
            return
        job.saved = job.saved or job.status.over
        if clipboard.inside_tmux():
            start_task(copy_task(text, self._post), self._post)
        else:
            self.copy_to_clipboard(text)
            self.tell(texts.COPIED.format(size=size(len(text.encode()))))

    def on_copy_finished(self, message: CopyFinished) -> None:
        """Say how tmux took it."""
        if message.error:
            self.complain(message.error)
        else:
            self.tell(texts.COPIED_TMUX.format(size=size(message.count)))

    def action_export(self) -> None:
        """Ask how, then write in a thread."""
        from omoai_tui.screens.export_dialog import ExportDialog, ExportWish

        job = self.bench.job
        if job is None or job.result is None or not job.segments:
            running = job is not None and job.status.active
            self.tell(texts.EXPORT_LATER if running else texts.NOTHING_TO_EXPORT)
            return

        def write(wish: ExportWish | None) -> None:
            if wish and job.result:
                task = export_task(job.number, job.result, wish, self._post)
                start_task(task, self._post)

        self.push_screen(ExportDialog(job), write)

    def on_export_finished(self, message: ExportFinished) -> None:
        """Say what was written."""
        if message.error:
            self.complain(message.error)
            return
        job = self.queue.by_number(message.number)
        if job:
            job.saved = True
        self.tell(texts.EXPORTED.format(paths=", ".join(message.paths)))

    def binding_groups(self) -> list[tuple[str, list[BindingType]]]:
        """Return every binding with the place where it holds."""
        from omoai_tui.widgets.block_view import BlockView

        return [
            (texts.HELP_EVERYWHERE, [*self.BINDINGS, *Workbench.BINDINGS]),
            (texts.HELP_LISTS, list(BlockView.BINDINGS)),
            (texts.FILES, list(FilePicker.BINDINGS)),
            (texts.QUEUE, list(JobList.BINDINGS)),
        ]

    def action_keys(self) -> None:
        """Show the key table."""
        from omoai_tui.screens.help import HelpScreen, key_table

        self.push_screen(HelpScreen(key_table(self.binding_groups(), self._key_map)))

    # The way out.

    def action_leave(self) -> None:
        """Leave; ask first when something would be lost."""
        from omoai_tui.screens.dialogs import LeaveDialog

        if isinstance(self.screen, LeaveDialog):
            self.leave_now()
            return
        reasons = self.conductor.losses()
        if not reasons:
            self.leave_now()
            return
        can_export = any(job.result is not None for job in self.queue.unsaved)

        def answered(answer: str | None) -> None:
            if answer == "leave":
                self.leave_now()
            elif answer == "export":
                if self.queue.unsaved and self.bench.job not in self.queue.unsaved:
                    self.bench.show_job(self.queue.unsaved[0])
                self.action_export()

        self.push_screen(LeaveDialog(reasons, can_export), answered)

    def leave_now(self, code: int = 0) -> None:
        """Leave without a question."""
        if self.queue.active:
            self.queue.active.control.cancel()
        self.exit(return_code=code)

    def leave_from_thread(self, code: int) -> None:
        """Leave on a signal; may be called from any thread."""
        self._loop_call(lambda: self.leave_now(code))

    def _loop_call(self, call: Callable[[], object]) -> None:
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(call)

    def release(self, timeout: float = RELEASE_SECONDS) -> None:
        """End the job and the engine's children, in bounded time. Idempotent, any thread."""
        self.conductor.release(timeout)

    def _handle_exception(self, error: Exception) -> None:
        # Textual prints the traceback with local values, which may be somebody's words. The log
        # gets the place, the person one sentence.
        self.crashed = describe_unforeseen(error)
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()
