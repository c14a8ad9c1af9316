"""The app's recorder: at most one recording at a time, whichever screen the person looks at.

Lives in the app's thread. While a recording runs, a clock looks at its snapshot four times a
second; a warning is drawn by the recorder screen, or told where the person looks at another.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from textual.message import Message
from textual.timer import Timer

from omoai_engine.recording.state import Phase, RecorderState, Warned
from omoai_tui import texts_recorder
from omoai_tui.formats import clock
from omoai_tui.jobs import Job, JobStatus
from omoai_tui.language import plural
from omoai_tui.recording_messages import RecordingMended, RecordingOver, UnfinishedFound
from omoai_tui.recording_meters import MeterFeed
from omoai_tui.recording_session import RecordingSession, Source
from omoai_tui.recording_tasks import mend_task, settle_task, unfinished_task
from omoai_tui.tasks import start_task

if TYPE_CHECKING:
    from omoai_engine.recording.files import Recording
    from omoai_tui.conductor import Conductor

LOOK_EVERY_SECONDS = 0.25


class Face(Protocol):
    """What shows a recording: the recorder screen, while it is there."""

    def sync_recording(self) -> None:
        """Draw the recording as it is now."""

    def recording_over(self, state: RecorderState) -> None:
        """Say how it ended."""


class Stage(Protocol):
    """What the recorder needs of the app."""

    conductor: Conductor

    def set_interval(self, interval: float, callback: Callable[[], object]) -> Timer:
        """Call again and again."""

    def post(self, message: Message) -> Any:
        """Post a message from any thread."""

    def tell(self, sentence: str) -> None:
        """Say something good."""

    def warn(self, sentence: str) -> None:
        """Say something that does no harm."""

    def complain(self, sentence: str) -> None:
        """Say what went wrong."""

    def recorder_face(self) -> Face | None:
        """Return the recorder screen if it is open."""

    def recorder_in_front(self) -> bool:
        """Say whether the person looks at it."""

    def note_recording(self, words: str) -> None:
        """Say in the title of the other screens that a recording runs; "" for none."""

    def offer_unfinished(self, recordings: list[Recording], *, asked: bool) -> None:
        """Ask what shall become of them."""

    def show_sound_job(self, job: Job) -> None:
        """Show the job of a recording in the workbench."""


class RecordingControl:
    """Begins, holds, marks and ends the recording, and hands it on as a job."""

    def __init__(self, app: Stage) -> None:
        self._app = app
        self._clock: Timer | None = None
        self._told: set[str] = set()
        self._unkept: set[str] = set()
        self.session: RecordingSession | None = None
        self.meters = MeterFeed()
        self.claims = app.conductor.claims

    @property
    def overrides(self) -> dict[str, Any]:
        """The settings over those of the configuration."""
        return self._app.conductor.overrides

    # What the person does.

    def begin(self, source: Source) -> None:
        """Record from this source, at once; a recording that runs goes on."""
        if self.session is not None:
            return
        self._told.clear()
        self.session = RecordingSession(
            source,
            self.overrides,
            self._app.post,
            prepare=self.meters.close,
            spare=self._app.conductor.spare,
            take=self.claims.take,
        )
        self.session.start()
        self._clock = self._app.set_interval(LOOK_EVERY_SECONDS, self._look)
        self._look()

    def pause_or_resume(self) -> None:
        """Hold the recording, or let it go on."""
        if self.session is not None:
            self.session.pause_or_resume()

    def mark(self) -> float | None:
        """Mark this moment; return it, None where nothing is recorded yet."""
        return self.session.mark() if self.session is not None else None

    def stop(self) -> None:
        """End the recording; it is kept and transcribed."""
        if self.session is not None:
            self.session.stop()
            self._look()

    # What happens.

    def _look(self) -> None:
        session = self.session
        if session is None:
            return
        notices = session.collect()
        in_front = self._app.recorder_in_front()
        if face := self._app.recorder_face():
            face.sync_recording()
        fresh = [one for one in session.state.warnings if one.code not in self._told]
        self._told = {one.code for one in session.state.warnings}
        if not in_front:
            for warning in fresh:
                self._app.warn(warning_words(warning, session.state))
            for notice in notices:
                self._app.warn(notice)
        self._app.note_recording(title_words(session))

    def over(self, message: RecordingOver) -> None:
        """The file is complete, or nothing was recorded: hand it on, and say so."""
        state, self.session = message.state, None
        if self._clock is not None:
            self._clock.stop()
        self._app.note_recording("")
        in_front = self._app.recorder_in_front()
        if face := self._app.recorder_face():
            face.recording_over(state)
        if state.phase is Phase.SAVED:
            if message.kept_out:
                self._unkept.add(state.path)
            if not in_front:
                said = texts_recorder.SAVED_ELSEWHERE.format(time=clock(state.seconds))
                self._app.complain(over_words(state)) if state.error else self._app.tell(said)
            self._app.show_sound_job(self._queue([state.path]))
        elif not in_front:
            self._app.complain(over_words(state))

    def _queue(self, paths: list[str]) -> Job:
        self._app.conductor.add_files(paths)
        return self._app.conductor.queue.jobs[-1]

    def job_over(self, job: Job) -> None:
        """A job ended: its recording is dealt with, if nothing of it waits to be kept."""
        if job.status is not JobStatus.DONE:
            self.claims.let_go(Path(job.path))
        elif not job.segments or job.path in self._unkept:
            self.settle(job)

    def settle(self, job: Job) -> None:
        """The transcript of a recording is safe: it is not offered again."""
        if job.status is JobStatus.DONE:
            start_task(settle_task(job.path, self.overrides, self.claims), self._app.post)

    # Recordings that nobody has taken over.

    def look_for_unfinished(self, *, asked: bool) -> None:
        """Find them in a thread."""
        # Those whose job was taken from the queue are nobody's again.
        jobs = self._app.conductor.queue.jobs
        wanted = {job.path for job in jobs if not job.status.over or job.status is JobStatus.DONE}
        for path in {job.path for job in jobs} - wanted:
            self.claims.let_go(Path(path))
        start_task(unfinished_task(self.overrides, self._app.post, asked=asked), self._app.post)

    def unfinished_found(self, message: UnfinishedFound) -> None:
        """Offer those that are not in the queue already."""
        queued = {job.path for job in self._app.conductor.queue.jobs if not job.status.over}
        found = [one for one in message.recordings if str(one.path) not in queued]
        if found:
            self._app.offer_unfinished(found, asked=message.asked)
        elif message.asked:
            self._app.tell(texts_recorder.UNFINISHED_NONE)

    def transcribe(self, recordings: list[Recording]) -> None:
        """Make recordings whole and queue them."""
        start_task(mend_task(recordings, self.claims, self._app.post), self._app.post)

    def mended(self, message: RecordingMended) -> None:
        """Queue what is whole now."""
        self._queue(list(message.paths))
        self._app.tell(plural(len(message.paths), texts_recorder.UNFINISHED_QUEUED))

    # Leaving.

    def losses(self) -> list[str]:
        """Return what leaving now means for a recording that runs."""
        if self.session is None:
            return []
        time = clock(self.session.state.seconds)
        return [texts_recorder.QUIT_RECORDING.format(time=time)]

    def release(self, timeout: float) -> None:
        """End the recording in bounded time; it is kept. Idempotent, any thread."""
        self.meters.close()
        session = self.session
        if session is not None:
            session.release(timeout)


def title_words(session: RecordingSession) -> str:
    """Say in a word or two how a recording stands."""
    state = session.state
    if state.phase is Phase.WAITING or state.phase is Phase.STARTING:
        return str(texts_recorder.IN_TITLE_WAITING if session.source.remote else "")
    words = texts_recorder.IN_TITLE
    if state.phase is Phase.PAUSED:
        words = texts_recorder.IN_TITLE_PAUSED
    return words.format(time=clock(state.seconds))


def warning_words(warning: Warned, state: RecorderState) -> str:
    """Return a warning of the capture process in the language in use."""
    words = texts_recorder.WARNING.get(warning.code, warning.text)
    return words.format(
        time=room_words(state.free_seconds or 0.0),
        count=f"{state.lost:,}",
        held=int(state.held),
    )


def room_words(seconds: float) -> str:
    """Return for how long the disk has room, as exactly as anybody wants to know."""
    for unit, words in ((3600, texts_recorder.HOURS), (60, texts_recorder.MINUTES)):
        if seconds >= 2 * unit:
            return words.format(count=f"{int(seconds // unit):,}")
    return texts_recorder.SECONDS.format(count=int(seconds))


def over_words(state: RecorderState) -> str:
    """Say how a recording ended."""
    time = clock(state.seconds)
    if state.phase is not Phase.SAVED:
        return state.error or texts_recorder.NOTHING_CAME
    if state.error:
        return texts_recorder.SAVED_CUT.format(time=time, why=state.error)
    return texts_recorder.SAVED.format(time=time)
