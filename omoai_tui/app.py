"""The app: it owns the queue, the worker thread, the theme and the way out.

Everything that happens elsewhere arrives as a message; everything drawn is drawn by the
workbench. Importing this module loads no engine stage, no model library, no configuration.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.screen import Screen

from omoai_engine.text import one_line, shown_path
from omoai_tui import language as interface
from omoai_tui import state, texts, texts_library, texts_recorder, texts_review, themes
from omoai_tui.conductor import Conductor
from omoai_tui.disk_part import DiskPart
from omoai_tui.formats import size
from omoai_tui.job_queue import JobQueue
from omoai_tui.layout import Wishes
from omoai_tui.media import is_transcript
from omoai_tui.messages import (
    CopyFinished,
    ExportFinished,
    HistoryRead,
    JobEnded,
    JobEntered,
    JobKept,
    NewsWaiting,
    SettingsLoaded,
    Trouble,
)
from omoai_tui.pipeline_worker import describe_unforeseen
from omoai_tui.places import SLOW_AFTER_SECONDS, Place, PlaceFound, look_up
from omoai_tui.recording_control import RecordingControl
from omoai_tui.recording_part import RecordingPart
from omoai_tui.screens.full_screen import KEPT_ACTIONS, FullScreen
from omoai_tui.screens.workbench import Workbench
from omoai_tui.tasks import start_task
from omoai_tui.textual_gaps import call_in_loop
from omoai_tui.theme_keeper import ThemeKeeper, ThemesChanged
from omoai_tui.widgets.file_picker import FilePicker
from omoai_tui.widgets.job_list import JobList

RELEASE_SECONDS = 0.6
LAYOUT_KEPT_AFTER_SECONDS = 2.0


class OmoaiApp(DiskPart, RecordingPart):
    """OmoAI's workbench."""

    TITLE = texts.APP
    CSS_PATH = Path(__file__).parent / "styles" / "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+o", "open", texts.DO_OPEN, id="app.open"),
        Binding("ctrl+r", "recent", texts.DO_RECENT, id="app.recent"),
        Binding("r", "visit('recorder')", texts_recorder.DO_RECORDER, id="app.record"),
        Binding("l", "visit('library')", texts_library.DO_LIBRARY, id="app.library"),
        Binding("v", "visit('review')", texts_review.DO_REVIEW, id="app.review"),
        Binding("p", "pause", texts.DO_PAUSE, id="job.pause"),
        Binding("x", "cancel", texts.DO_CANCEL, id="job.cancel"),
        Binding("e", "export", texts.DO_EXPORT, id="job.export"),
        Binding("c", "copy", texts.DO_COPY, id="job.copy"),
        Binding("M", "models", texts.DO_MODELS, id="app.models"),
        Binding("t", "choose_theme", texts.DO_THEME, id="app.theme"),
        Binding("L", "choose_language", texts.DO_LANGUAGE, id="app.language"),
        Binding("colon,ctrl+p", "palette", texts.DO_COMMANDS, id="app.palette"),
        Binding("question_mark", "keys", texts.DO_KEYS, id="app.keys"),
        Binding("f1", "help_pane", texts.DO_HELP, id="app.help"),
        Binding("ctrl+z", "suspend_process", texts.DO_SUSPEND, id="app.suspend"),
        Binding("ctrl+q", "leave", show=False, priority=True, id="app.quit_always"),
        Binding("ctrl+c", "leave", show=False, id="app.interrupt"),
        Binding("q", "leave", texts.DO_QUIT, id="app.quit"),
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
        self._place_requests = 0
        self._wanted_place = (0, "")
        self.key_map: dict[str, str] = {}
        self._said: set[str] = set()
        self._layout: Wishes | None = None
        overrides: dict[str, Any] = {"asr": {"language": language}} if language else {}
        self.conductor = Conductor(self, self.post, overrides)
        self.recordings = RecordingControl(self)
        self.themes = ThemeKeeper(self, no_colour)
        self._speak(interface.chosen(os.environ, state.read().language))
        if problem := self.themes.choose_first(theme, self.console.color_system):
            self.call_later(self.warn, problem)

    @property
    def bench(self) -> Workbench:
        """The workbench, also while a dialog is over it."""
        return cast(Workbench, self.screen_stack[0])

    def get_default_screen(self) -> Screen[Any]:
        """The workbench is the only screen below the dialogs."""
        wishes = Wishes.from_document(state.recall().layout)
        return Workbench(self._folder, "segments" if self._files else "files", wishes)

    def post(self, message: Any) -> bool:
        """Post a message from any thread; threads may still speak while the app closes."""
        return self.is_running and self.post_message(message)

    # Start.

    def on_mount(self) -> None:
        """Draw everything again when `fg` brings the app back; watch the disks."""
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        self.watch_disks()

    def on_workbench_ready(self, _message: Workbench.Ready) -> None:
        """Queue what was given; begin with the heavy work after the first paint."""
        for path in self._files:
            if not is_transcript(path):
                self.conductor.add(path)
        self.conductor.sync_queue()
        self.set_timer(0.05, self._after_first_paint)
        if transcripts := [path for path in self._files if is_transcript(path)]:
            self.set_timer(0.1, partial(self.import_transcript, transcripts[0]))

    def _after_first_paint(self) -> None:
        self.conductor.start()
        self.themes.watch(self.post)
        self.recordings.look_for_unfinished(asked=False)

    def on_settings_loaded(self, message: SettingsLoaded) -> None:
        """Take the theme, the language and the keys of the configuration."""
        self.themes.take_configured(message.theme)
        if message.language in interface.LANGUAGES:
            self._speak(str(message.language))
        if message.keys:
            known = self.every_binding_id()
            unknown = sorted(set(message.keys) - known)
            if unknown:
                names = one_line(", ".join(unknown))
                self.warn(texts.KEYS_UNKNOWN.format(names=names))
            self.key_map = {name: keys for name, keys in message.keys.items() if name in known}
            self.set_keymap(self.key_map)
        self.themes.load()
        if message.better and "better-model" not in state.recall().advised:
            name, licence = message.better
            self.tell(texts.MODELS_BETTER.format(name=name, licence=licence))
            state.remember(advised=(*state.recall().advised, "better-model"))

    def on_history_read(self, message: HistoryRead) -> None:
        """Show this machine's own past runs."""
        self.conductor.take_history(message.history)

    def on_trouble(self, message: Trouble) -> None:
        """Show what went wrong outside a job."""
        self.complain(message.sentence)

    # Layout.

    def on_workbench_layout_changed(self, message: Workbench.LayoutChanged) -> None:
        """Keep the layout for the next sitting, once the person has moved the borders."""
        if self._layout is None:
            write = partial(start_task, self._keep_layout, self.post)
            self.set_timer(LAYOUT_KEPT_AFTER_SECONDS, write)
        self._layout = message.wishes

    def _keep_layout(self) -> None:
        layout, self._layout = self._layout, None
        if layout is not None:
            state.remember(layout=layout.document())

    # Themes.

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our variables for a theme that is not ours (Textual's own)."""
        return themes.variable_defaults()

    def on_themes_changed(self, message: ThemesChanged) -> None:
        """Repaint with a theme file that was edited."""
        if self.themes.take_changed(message.found):
            self.refresh_css(animate=False)
            self.tell(texts.THEME_CHANGED.format(name=self.theme))

    def action_use_theme(self, name: str) -> None:
        """Use this theme and keep it."""
        self.themes.use(name)
        state.remember(theme=self.theme)

    # Language.

    def _speak(self, code: str) -> None:
        if code != interface.current():
            interface.use(code)
            if self.is_running:
                self.bench.speak()
                for screen in self.screen_stack:
                    if isinstance(screen, FullScreen):
                        screen.speak()

    def action_use_language(self, code: str) -> None:
        """Let the interface speak this language and keep it."""
        self._speak(code)
        state.remember(language=code)
        self.tell(texts.LANGUAGE_NOW)

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

    def open_place(self, place: Place) -> None:
        """Open a folder in the picker, or queue a file."""
        if place.path is None:
            self.warn(texts.NO_SUCH_PATH.format(path=shown_path(place.text)))
            return
        if place.folder:
            self.bench.query_one(FilePicker).open_root(place.path)
            self.bench.action_focus_pane("files")
        else:
            self.open_files([place.path])
        state.remember_place(place.path)

    def open_files(self, paths: Sequence[str]) -> None:
        """Queue recordings; of transcripts of other programs, open the first for review."""
        if recordings := [path for path in paths if not is_transcript(path)]:
            self.conductor.add_files(recordings)
        elif paths:
            self.import_transcript(paths[0])

    def open_text(self, text: str, unknown: str) -> None:
        """Find out what `text` names, in a thread, then open it; `unknown`: what to say if not."""
        self._place_requests += 1
        request = self._place_requests
        self._wanted_place = (request, unknown)

        def late() -> None:
            if self._wanted_place[0] == request:
                self.warn(texts.PATH_SLOW.format(path=shown_path(text)))

        self.set_timer(SLOW_AFTER_SECONDS, late)
        look_up(request, text, "", self.post)

    def on_place_found(self, message: PlaceFound) -> None:
        """Open what was looked up last."""
        request, unknown = self._wanted_place
        if message.request != request:
            return
        self._wanted_place = (0, "")
        if message.place.path is None and unknown:
            self.warn(unknown)
        else:
            self.open_place(message.place)

    def on_news_waiting(self, _message: NewsWaiting) -> None:
        """The active job has said something."""
        self.conductor.news_waiting()

    def on_job_ended(self, message: JobEnded) -> None:
        """The worker is through with a job."""
        self.conductor.job_ended(message)
        if job := self.queue.by_number(message.number):
            self.recordings.job_over(job)

    def on_job_entered(self, message: JobEntered) -> None:
        """What is recognised so far can be reviewed."""
        if job := self.queue.by_number(message.number):
            job.entry = message.entry
            self.bench.sync_hints()

    def on_job_kept(self, message: JobKept) -> None:
        """Nothing is lost when the app is left now."""
        if job := self.queue.by_number(message.number):
            job.saved = True
            job.entry = message.entry
            self.recordings.settle(job)

    def on_file_picker_picked(self, message: FilePicker.Picked) -> None:
        """Queue what was picked."""
        self.open_files(message.paths)

    def on_block_view_chosen(self, message: JobList.Chosen) -> None:
        """Show the job under the cursor of the queue."""
        if isinstance(message.view, JobList) and (job := message.view.job_at_cursor()):
            self.conductor.show(job)

    def on_workbench_pasted(self, message: Workbench.Pasted) -> None:
        """Open a pasted path."""
        if message.text.strip():
            self.open_text(message.text, texts.NOT_A_PATH)

    # Actions.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let the keys of the workbench rest while another screen is over it."""
        over = self.screen_stack[-1:] and isinstance(self.screen_stack[-1], FullScreen)
        return action in KEPT_ACTIONS or not over

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

    def action_move_job(self, step: int) -> None:
        """Let the waiting job under the cursor come sooner or later."""
        self.conductor.move(self.bench.query_one(JobList).job_at_cursor(), step)

    def action_copy(self) -> None:
        """Copy the transcript that is shown."""
        job = self.bench.job
        text = job.transcript() if job else ""
        if job is None or not text:
            self.tell(texts.NOTHING_TO_COPY)
            return
        job.saved = job.saved or job.status.over
        self.copy_text(text)

    def on_copy_finished(self, message: CopyFinished) -> None:
        """Say how tmux took it."""
        if message.error:
            self.complain(message.error)
        else:
            self.tell(texts.COPIED_TMUX.format(size=size(message.count)))

    def on_export_finished(self, message: ExportFinished) -> None:
        """Say what was written, and what could not be."""
        if message.error:
            self.complain(message.error)
        if message.paths:
            job = self.queue.by_number(message.number)
            if job:
                job.saved = True
            self.tell(texts.EXPORTED.format(paths=", ".join(message.paths)))

    # The way out.

    def action_leave(self) -> None:
        """Leave; ask first when something would be lost."""
        from omoai_tui.screens.dialogs import LeaveDialog

        if isinstance(self.screen, LeaveDialog):
            self.leave_now()
            return
        reasons = [*self.disk_losses(), *self.recordings.losses(), *self.conductor.losses()]
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
        self._keep_layout()
        self.exit(return_code=code)

    def leave_from_thread(self, code: int) -> None:
        """Leave on a signal; may be called from any thread."""
        call_in_loop(self, lambda: self.leave_now(code))

    def release(self, timeout: float = RELEASE_SECONDS) -> None:
        """End the job and the engine's children, in bounded time. Idempotent, any thread."""
        self.themes.close()
        self.recordings.release(timeout)
        self.conductor.release(timeout)

    def on_crash(self, error: Exception) -> None:
        """The log gets the place, the person one sentence, nobody the words."""
        self.crashed = describe_unforeseen(error)
