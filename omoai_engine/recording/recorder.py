"""The app's end of a recording: starts the capture process, tells it what to do, hears from it.

Nothing here touches sound. If this process dies, the capture process saves and leaves; if the
capture process dies, what it wrote is made whole at once.
"""

from __future__ import annotations

import contextlib
import json
import select
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self, cast

from omoai_engine.errors import RecordingError
from omoai_engine.privacy import child_environment
from omoai_engine.recording.capture import Request
from omoai_engine.recording.files import recordings_folder, recover
from omoai_engine.recording.last_words import LastWords, why_gone
from omoai_engine.recording.state import Phase, RecorderState, Warned, from_line
from omoai_engine.shortage import shortage_of

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig

OnState = Callable[[RecorderState], None]
_ROOT = str(Path(__file__).resolve().parents[2])
_START = (
    "import sys; root = sys.argv[1]; root in sys.path or sys.path.insert(0, root); "
    "from omoai_engine.recording.capture import main; main()"
)
_MIB = 1 << 20
_STOP_SECONDS = 10.0
SILENCE_SECONDS = 5.0
"""A capture process tells ten times a second how it is; so long without means that it hangs."""
_STALLED = Warned(
    "stalled",
    "Nothing comes from the capture process: the disk or the sound system keeps it waiting. "
    "What was written is kept.",
)


class Recorder:
    """One recording, from `start` to `stop`. Every method may be called from any thread.

    Args:
        config: folder, device, rate, channels and limits (`recording`).
        on_state: called ten times a second with the newest snapshot, from a thread of ours;
            return quickly, do not raise.
    """

    def __init__(self, config: OmoAIConfig, on_state: OnState | None = None) -> None:
        self._config = config
        self._on_state = on_state
        self._state = RecorderState()
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._child is not None:
            self.stop()

    @property
    def state(self) -> RecorderState:
        """The newest snapshot."""
        return self._state

    @property
    def pid(self) -> int | None:
        """The capture process's id while there is one."""
        return self._child.pid if self._child is not None else None

    def start(self, device: str | None = None, *, listen: Path | None = None) -> None:
        """Begin to record from a device (None: the configured one), or from senders.

        Returns at once; `state` tells what becomes of it. Raises `RecordingError` when no
        process can be started.
        """
        settings = self._config.recording
        request = Request(
            folder=str(recordings_folder(self._config)),
            device=device if device is not None else settings.device,
            listen=str(listen) if listen is not None else None,
            rate_hz=settings.sample_rate_hz,
            channels=settings.channels,
            reserve_bytes=settings.reserve_mib * _MIB,
            warn_seconds=settings.warn_minutes * 60,
        )
        if self._child is not None:
            raise RecordingError("this recorder was used already", hint="Make a new one")
        try:
            self._child = subprocess.Popen(
                # -P: a file in the current folder must not pass for one of our modules.
                [sys.executable, "-P", "-c", _START, _ROOT, json.dumps(asdict(request))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # Ctrl-C and the closing of the terminal are for the app alone.
                start_new_session=True,
                cwd="/",
                bufsize=0,
                env=child_environment(),
            )
        except OSError as error:
            raise _not_started(error) from None
        try:
            threading.Thread(target=self._hear, name="hear-capture", daemon=True).start()
        except RuntimeError as error:
            # Nobody would hear it. Nothing is recorded yet: the device is not even looked for.
            child, self._child = self._child, None
            child.kill()
            child.communicate()
            raise _not_started(error) from None

    def pause(self) -> None:
        """Keep what comes from now on out of the recording."""
        self._say("pause")

    def resume(self) -> None:
        """Go on with the same recording."""
        self._say("resume")

    def mark(self, label: str = "") -> None:
        """Mark this moment."""
        self._say(f"mark {' '.join(label.split())}")

    def stop(self, timeout: float = _STOP_SECONDS) -> RecorderState:
        """End the recording in good order; returns the last snapshot, with the file's path.

        Raises `RecordingError` when it is not complete within `timeout` seconds: the capture
        process goes on to save it.
        """
        self._say("stop")
        state = self.wait_for(lambda state: state.over, timeout)
        if not state.over:
            raise RecordingError(
                "the recording is not saved yet: the disk is slow",
                where=state.path or None,
                hint="It is saved when the disk answers; `omoai recordings list` shows it",
            )
        return state

    def wait_for(self, wanted: Callable[[RecorderState], bool], timeout: float) -> RecorderState:
        """Wait until a snapshot is as wanted, or over; returns the newest one."""
        with self._changed:
            self._changed.wait_for(lambda: wanted(self._state) or self._state.over, timeout)
            return self._state

    def _say(self, line: str) -> None:
        child = self._child
        if child is None or child.stdin is None:
            return
        with self._lock, contextlib.suppress(OSError, ValueError):
            child.stdin.write(line.encode("utf-8", "replace") + b"\n")

    def _hear(self) -> None:
        child = cast("subprocess.Popen[bytes]", self._child)
        errors = cast("IO[bytes]", child.stderr)
        words = LastWords(errors.fileno())
        with cast("IO[bytes]", child.stdout) as output, contextlib.suppress(OSError):
            rest = b""
            while data := self._news(output, words, errors):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    with contextlib.suppress(ValueError, KeyError, TypeError):
                        self._set(from_line(line))
        child.wait()
        with errors:
            words.take()
        with self._lock, contextlib.suppress(OSError):
            cast("IO[bytes]", child.stdin).close()
        if not self._state.over:
            self._set(self._rescued(*why_gone(child.returncode, words.lines())))

    def _news(self, output: IO[bytes], words: LastWords, errors: IO[bytes]) -> bytes:
        """Wait for what the capture process says; tell the person when it falls silent."""
        waiting = select.poll()
        waiting.register(output, select.POLLIN)
        if not words.ended:
            waiting.register(errors, select.POLLIN)
        while True:
            ready = [descriptor for descriptor, _ in waiting.poll(SILENCE_SECONDS * 1000)]
            if errors.fileno() in ready and not words.take():
                waiting.unregister(errors)
            if output.fileno() in ready:
                return output.read(1 << 16)
            state = self._state
            told = state.warnings[-1:] == (_STALLED,)
            if not ready and state.phase is Phase.RECORDING and not told:
                self._set(replace(state, warnings=(*state.warnings, _STALLED)))

    def _rescued(self, text: str, hint: str) -> RecorderState:
        """Make whole what a capture process left that ended without a last word."""
        if not self._state.path:
            error = RecordingError(text, hint=hint)
            return replace(self._state, phase=Phase.FAILED, error=str(error))
        try:
            path = recover(Path(self._state.path))
        except RecordingError as error:
            return replace(self._state, phase=Phase.FAILED, error=str(error))
        seconds = _seconds(path, self._state)
        kept = RecordingError(f"{text}; what was recorded is kept", hint=hint)
        return replace(
            self._state,
            phase=Phase.SAVED,
            path=str(path),
            seconds=seconds,
            how="killed",
            error=str(kept),
        )

    def _set(self, state: RecorderState) -> None:
        with self._changed:
            self._state = state
            self._changed.notify_all()
        if self._on_state is not None:
            self._on_state(state)


def _not_started(error: Exception) -> RecordingError:
    lack = shortage_of(error)
    what = lack.what if lack is not None else getattr(error, "strerror", None) or str(error)
    hint = lack.hint if lack is not None else "Close some programs"
    return RecordingError(f"the capture process could not be started: {what}", hint=hint)


def _seconds(path: Path, state: RecorderState) -> float:
    from omoai_engine.recording.wav import HEAD_BYTES, PcmFormat

    try:
        size = path.stat().st_size
    except OSError:
        return state.seconds
    return round(PcmFormat(state.rate_hz, state.channels).seconds(max(0, size - HEAD_BYTES)), 3)
