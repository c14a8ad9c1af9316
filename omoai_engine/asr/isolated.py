"""A recogniser in a child process of ours, behind the same contract.

Why a process: cancelling ends it at once, where a window of Whisper in a thread would run on
for seconds; its threads and its memory stay away from the app; a crash in native code is a
clear error and not the end of the app. The child is spawned, talks through pipes, ignores the
terminal's signals, and ends with its parent: the closing of a pipe tells it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import omoai_engine.asr
from omoai_engine.asr.choice import RecognizerChoice, build_recognizer
from omoai_engine.asr.recognizer import RecognizerInfo, Report, ignore
from omoai_engine.audio import AudioBlock
from omoai_engine.control import JobControl
from omoai_engine.errors import CancelledError, OmoAIError, WorkerDiedError
from omoai_engine.results import ASRSegment
from omoai_engine.text import one_line

_CHECK_SECONDS = 0.2
_LAST_WORDS_BYTES = 4096
_END_SECONDS = 2.0
# The folder that holds the package: the child finds what the parent found, wherever it runs.
_ROOT = str(Path(omoai_engine.asr.__path__[0]).resolve().parents[1])
_START = (
    "import sys; root = sys.argv[1]; root in sys.path or sys.path.insert(0, root); "
    "from omoai_engine.asr.isolated_child import main; main(*map(int, sys.argv[2:]))"
)


class IsolatedRecognizer:
    """Runs the chosen recogniser in a child process; started again when it was ended.

    One recording at a time; `close` may be called from any thread and ends the child at once.
    """

    def __init__(self, choice: RecognizerChoice) -> None:
        self._choice = choice
        self._info = build_recognizer(choice).info
        self._child: _Child | None = None
        self._lock = threading.Lock()
        self._peak_mib = 0.0

    @property
    def info(self) -> RecognizerInfo:
        """What it can do."""
        return self._info

    @property
    def pid(self) -> int | None:
        """The child's process id while there is one."""
        child = self._child
        return child.pid if child else None

    @property
    def peak_memory_mib(self) -> float:
        """Highest resident memory of the child so far, as it last said."""
        return self._peak_mib

    def load(self, control: JobControl | None = None) -> None:
        """Start the child and load the model there. Idempotent.

        Raises what loading raises, `CancelledError` within 0.2 s when `control` is cancelled,
        and `WorkerDiedError` when the child ends meanwhile.
        """
        self._loaded(control or JobControl())

    def recognize(
        self,
        blocks: Iterable[AudioBlock],
        *,
        control: JobControl,
        report: Report = ignore,
    ) -> Iterator[ASRSegment]:
        """Yield the child's segments. Cancelling ends the child within 0.2 s.

        Raises what the recogniser raises, `CancelledError`, and `WorkerDiedError`.
        """
        child = self._loaded(control)
        finished = False
        feeder = threading.Thread(
            target=child.feed, args=(blocks,), name="feed-recognizer", daemon=True
        )
        feeder.start()
        try:
            while True:
                kind, content = child.receive(control)
                if kind == "segment":
                    yield content
                elif kind == "report":
                    report(content)
                elif kind == "memory":
                    self._peak_mib = content
                elif kind == "end":
                    finished = True
                    break
                else:
                    raise content
        finally:
            if finished:
                feeder.join()
            else:
                # Cancelled, failed, or left by the caller: the child is in the middle of it.
                self.close()
        if child.feed_error is not None:
            raise child.feed_error

    def close(self) -> None:
        """End the child and free its memory."""
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.end()

    def _loaded(self, control: JobControl) -> _Child:
        with self._lock:
            if self._child is not None and not self._child.alive:
                self._child.end()
                self._child = None
            child = self._child
            if child is None:
                child = self._child = _Child(self._choice)
        try:
            child.wait_until_loaded(control)
        except BaseException:
            self.close()
            raise
        return child


class _Child:
    """The parent's end of one child process."""

    def __init__(self, choice: RecognizerChoice) -> None:
        # (read, write) pairs: what we say, what it says, and a pipe that only ever closes.
        ours, theirs, lifeline = os.pipe(), os.pipe(), os.pipe()
        given = (ours[0], theirs[1], lifeline[0])
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, _ROOT, *map(str, given)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=given,
                start_new_session=True,
                # The folder we stand in may be deleted, and some native libraries mind.
                cwd="/",
                bufsize=0,
            )
        except OSError as error:
            for descriptor in (ours[1], theirs[0], lifeline[1]):
                os.close(descriptor)
            raise WorkerDiedError(
                f"the recogniser could not be started: {error.strerror}",
                hint="Close some programs",
            ) from None
        finally:
            for descriptor in given:
                os.close(descriptor)
        self._to_child = Connection(ours[1], readable=False)
        self._from_child = Connection(theirs[0], writable=False)
        self._lifeline: int | None = lifeline[1]
        self._sending = threading.Lock()
        self._ending = threading.Lock()
        self._ended = False
        self._asked_to_load = False
        self._is_loaded = False
        self._last_words = bytearray()
        self.feed_error: BaseException | None = None
        threading.Thread(target=self._listen, name="recognizer-errors", daemon=True).start()
        self._say(("choice", choice))

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return not self._ended and self._process.poll() is None

    def wait_until_loaded(self, control: JobControl) -> None:
        if self._is_loaded:
            return
        kind, content = self.receive(control)
        if kind == "error":
            raise content
        self._is_loaded = True

    def feed(self, blocks: Iterable[AudioBlock]) -> None:
        """Send every block; runs in a thread of its own, because pipes block."""
        message: tuple[str, Any] = ("recognize", None)
        iterator = iter(blocks)
        while True:
            try:
                self._say(message)
            except (OSError, ValueError):
                return  # The child is gone: whoever receives says why.
            if message[0] == "end":
                return
            try:
                block = next(iterator, None)
            except BaseException as error:
                self.feed_error, block = error, None
            message = ("end", None) if block is None else ("block", (block.start, block.samples))

    def receive(self, control: JobControl) -> tuple[str, Any]:
        """Return the child's next message; looks at `control` every 0.2 s."""
        while True:
            try:
                if self._from_child.poll(_CHECK_SECONDS):
                    message: tuple[str, Any] = self._from_child.recv()
                    return message
            except (EOFError, OSError, ValueError):
                if control.is_set() or self._ended:
                    raise CancelledError("the recogniser was closed") from None
                raise self._death() from None
            if control.is_set():
                raise CancelledError("the job was cancelled")

    def end(self) -> None:
        """Kill the child and free the pipes. Safe to call twice and from any thread."""
        with self._ending:
            if self._ended:
                return
            self._ended = True
        with contextlib.suppress(OSError):
            self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None
        with self._sending, contextlib.suppress(OSError):
            self._to_child.close()

    def _say(self, message: tuple[str, Any]) -> None:
        with self._sending:
            self._to_child.send(message)

    def _listen(self) -> None:
        stream = self._process.stderr
        if stream is None:
            return
        with stream:
            while data := stream.read(1024):
                self._last_words += data
                del self._last_words[:-_LAST_WORDS_BYTES]

    def _death(self) -> OmoAIError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        code = self._process.returncode
        words = [line for line in self._last_words.decode("utf-8", "replace").splitlines() if line]
        if code == -signal.SIGKILL:
            what = "the recogniser was killed, most likely because memory ran out"
            hint = "Close other programs, or choose a smaller model"
        else:
            ending = f"signal {-code}" if code and code < 0 else f"status {code}"
            last = f": {one_line(words[-1])}" if words else ""
            what = f"the recogniser ended unexpectedly ({ending}){last}"
            hint = "Try again; `omoai doctor` says what is missing"
        return WorkerDiedError(what, hint=hint)
