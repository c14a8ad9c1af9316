"""The part of the app that records: it owns the recorder, and shows it where people look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from textual.screen import Screen

from omoai_tui import texts_recorder
from omoai_tui.asking import Asking
from omoai_tui.jobs import Job
from omoai_tui.language import plural
from omoai_tui.recording_control import Face, RecordingControl
from omoai_tui.recording_messages import RecordingMended, RecordingOver, UnfinishedFound
from omoai_tui.recording_tasks import remove_task
from omoai_tui.screens.full_screen import full_screen
from omoai_tui.tasks import start_task
from omoai_tui.widgets.bars import ScreenTitle, TitleBar

if TYPE_CHECKING:
    from omoai_engine.recording.files import Recording
    from omoai_tui.screens.unfinished_dialog import UnfinishedWish


class RecordingPart(Asking):
    """What the app does for recordings; the messages of their threads come here."""

    recordings: RecordingControl

    def warn(self, sentence: str) -> None:
        """Say something that does no harm."""
        raise NotImplementedError

    def complain(self, sentence: str) -> None:
        """Say what went wrong."""
        raise NotImplementedError

    def _recorder(self) -> Screen[Any] | None:
        recorder = full_screen("recorder")
        return next((one for one in self.screen_stack if isinstance(one, recorder)), None)

    def recorder_face(self) -> Face | None:
        """Return the recorder screen if it is open."""
        return cast("Face | None", self._recorder())

    def recorder_in_front(self) -> bool:
        """Say whether the person looks at the recorder."""
        return self._recorder() is self.screen

    def note_recording(self, words: str) -> None:
        """Say in the title of the other screens that a recording runs; "" for none."""
        for screen in self.screen_stack:
            for bar in screen.query(TitleBar):
                bar.show_recording(words)
            if screen is not self._recorder():
                for title in screen.query(ScreenTitle):
                    title.show_recording(words)

    def offer_unfinished(self, recordings: list[Recording], *, asked: bool) -> None:
        """Ask what shall become of them, unless the person does something else just now."""
        from omoai_tui.screens.unfinished_dialog import UnfinishedDialog

        if self.screen is not (self._recorder() if asked else self.bench):
            self.tell(plural(len(recordings), texts_recorder.UNFINISHED_LATER))
            return

        def delete(recording: Recording) -> None:
            start_task(remove_task(recording), self.post)

        def answered(wish: UnfinishedWish | None) -> None:
            if wish is not None and wish.recordings:
                self.recordings.transcribe(list(wish.recordings))
            elif wish is not None:
                self.action_visit("recorder")

        self.push_screen(UnfinishedDialog(recordings, delete), answered)

    def show_sound_job(self, job: Job) -> None:
        """Show the job of a recording in the workbench, unless another one is worked on."""
        if self.conductor.queue.active in (None, job):
            self.conductor.show(job)

    def on_recording_over(self, message: RecordingOver) -> None:
        """Transcribe what was recorded."""
        self.recordings.over(message)

    def on_unfinished_found(self, message: UnfinishedFound) -> None:
        """Offer what was not transcribed."""
        self.recordings.unfinished_found(message)

    def on_recording_mended(self, message: RecordingMended) -> None:
        """Transcribe it."""
        self.recordings.mended(message)
