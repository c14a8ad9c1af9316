"""One recording, from the key press until its file is complete, as the app's own thread sees it.

The engine's capture process is started before anything else is thought of; the live text comes
after it and may fail. A thread of ours waits on both; every method here returns at once, except
`release`, which is bounded. What is read here (`state`, `job`, `marks`) is a snapshot to draw.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.message import Message

from omoai_engine.errors import RecordingError
from omoai_engine.recording.state import Phase, RecorderState
from omoai_tui.jobs import Job, JobStatus
from omoai_tui.mailbox import Mailbox
from omoai_tui.messages import Trouble
from omoai_tui.pipeline_worker import give_way, sentence_for
from omoai_tui.recording_messages import RecordingOver

if TYPE_CHECKING:
    from omoai_engine.recording.live import LiveTranscriber
    from omoai_engine.recording.recorder import Recorder

LOOK_EVERY_SECONDS = 1.0
LONGEST_STOP_SECONDS = 30.0
_EVER = 1e9


@dataclass(frozen=True, slots=True)
class Source:
    """Where sound comes from: `device` by name (None: the default one), or `remote`, a sender.

    `unsure`: nobody has looked whether the device is there; the default one does as well.
    """

    device: str | None = None
    remote: bool = False
    unsure: bool = False


class RecordingSession:
    """A recording that runs.

    Args:
        source: what to record.
        overrides: settings over those of the configuration, as for jobs.
        post: posts a message to the app; `RecordingOver` is the last one.
        prepare: lets go of devices that were listened to; called in our thread, first of all.
        spare: told the process id of the capture process, which must never yield to others.
        take: makes a finished recording ours, before another program is offered it.
    """

    def __init__(
        self,
        source: Source,
        overrides: dict[str, Any],
        post: Callable[[Message], object],
        *,
        prepare: Callable[[], object],
        spare: Callable[[int], object],
        take: Callable[[Path], object],
    ) -> None:
        self.source = source
        self.job = Job(0, "", status=JobStatus.RUNNING)
        """The live text; it is shown as that of a file is."""
        self.marks: list[float] = []
        self.stopping = False
        self._overrides, self._post = overrides, post
        self._prepare, self._spare, self._take = prepare, spare, take
        self._mailbox = Mailbox(lambda: None)
        self._recorder: Recorder | None = None
        self._live: LiveTranscriber | None = None
        self._started = threading.Event()
        self._failed = RecorderState()
        self._thread = threading.Thread(target=self._run, name="omoai-recording", daemon=True)

    @property
    def state(self) -> RecorderState:
        """The newest snapshot."""
        return self._recorder.state if self._recorder is not None else self._failed

    @property
    def behind(self) -> float | None:
        """Seconds of sound that the live text has not heard yet; None while it hears nothing."""
        stage = self.job.stages["asr"]
        if not stage.started or stage.finished:
            return None
        return max(0.0, self.state.seconds - stage.done)

    @property
    def has_text(self) -> bool:
        """Whether live text comes or will come."""
        return not self.job.stages["asr"].finished

    @property
    def under_way(self) -> bool:
        """Whether there is a file that can be paused and marked."""
        return bool(self.state.path) and not self.state.over and not self.stopping

    def start(self) -> None:
        """Begin to record."""
        self._thread.start()

    def collect(self) -> tuple[str, ...]:
        """Take in what the live recogniser said; return its new notices."""
        heard = len(self.job.notices)
        for event in self._mailbox.collect():
            self.job.apply(event)
        return tuple(self.job.notices[heard:])

    def pause_or_resume(self) -> None:
        """Hold the recording, or let it go on."""
        if self._recorder is not None and self.under_way:
            if self.state.phase is Phase.PAUSED:
                self._recorder.resume()
            else:
                self._recorder.pause()

    def mark(self) -> float | None:
        """Mark this moment; return it in seconds, None where nothing is recorded yet."""
        if self._recorder is None or not self.under_way:
            return None
        self._recorder.mark()
        self.marks.append(self.state.seconds)
        return self.marks[-1]

    def stop(self) -> None:
        """End the recording in good order; `RecordingOver` comes when its file is complete."""
        if not self.stopping:
            self.stopping = True
            threading.Thread(target=self._stop, name="omoai-recording-stop", daemon=True).start()

    def release(self, timeout: float) -> None:
        """End it, waiting at most `timeout` seconds; any thread.

        What is not written by then is written by the capture process, which outlives the app.
        """
        self.stopping = True
        if self._recorder is not None:
            with contextlib.suppress(RecordingError):
                self._recorder.stop(timeout)

    def _stop(self) -> None:
        self._started.wait(LONGEST_STOP_SECONDS)
        try:
            if self._recorder is not None:
                self._recorder.stop(LONGEST_STOP_SECONDS)
        except Exception as error:
            self._post(Trouble(sentence_for(error)))

    def _run(self) -> None:
        kept_out = False
        try:
            from omoai_engine.config import load_config

            self._prepare()
            config = load_config(**self._overrides)
            kept_out = not config.library.keep
            recorder = self._capture(config, self.source.device)
            if recorder.state.phase is Phase.FAILED and self.source.unsure and not self.stopping:
                recorder = self._capture(config, None)
            self._watch(config, recorder)
        except Exception as error:
            # With a capture process there is a last snapshot; without one, nothing was recorded.
            if self._recorder is None:
                self._failed = RecorderState(phase=Phase.FAILED, error=sentence_for(error))
            else:
                self._post(Trouble(sentence_for(error)))
                self._recorder.wait_for(lambda state: state.over, _EVER)
        finally:
            self._started.set()
            if self._live is not None:
                self._live.stop()
        if self.state.phase is Phase.SAVED:
            # The job says what is wrong with a file that cannot be opened.
            with contextlib.suppress(RecordingError):
                self._take(Path(self.state.path))
        self._post(RecordingOver(self.state, kept_out))

    def _capture(self, config: Any, device: str | None) -> Recorder:
        """Start a capture process; return when it has a file, or has failed."""
        from omoai_engine.recording.recorder import Recorder
        from omoai_engine.recording.remote import socket_path

        recorder = Recorder(config)
        recorder.start(device, listen=socket_path() if self.source.remote else None)
        if recorder.pid is not None:
            self._spare(recorder.pid)
        self._recorder = recorder
        self._started.set()
        recorder.wait_for(lambda state: bool(state.path), _EVER)
        return recorder

    def _watch(self, config: Any, recorder: Recorder) -> None:
        """Let the live text follow the file until it is complete."""
        if recorder.state.over:
            return
        try:
            from omoai_engine.recording.live import LiveTranscriber

            self._live = LiveTranscriber(config, Path(recorder.state.path), self._mailbox.put)
            self._live.start()
        except Exception as error:
            self._post(Trouble(sentence_for(error)))
        yielding: int | None = None
        while not recorder.wait_for(lambda state: state.over, LOOK_EVERY_SECONDS).over:
            pid = self._live.pid if self._live is not None else None
            if pid is not None and pid != yielding:
                yielding = pid
                give_way(pid)
