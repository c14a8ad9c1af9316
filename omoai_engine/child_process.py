"""A child process of the engine: spawned, driven through pipes, silent, never an orphan.

In: the module whose `main(incoming, outgoing, lifeline)` serves there. Out: messages, both ways.
The child stands in a session of its own, so that the terminal's signals do not reach it, writes
nothing to the terminal (the last of what it says is kept for the error), and ends with its
parent: the closing of a line tells it. Over the same line it says once a second that it lives; one
that hangs is told apart from one that works long, and is an error like one that died.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from omoai_engine.control import JobControl
from omoai_engine.errors import CancelledError, OmoAIError, WorkerDiedError
from omoai_engine.privacy import child_environment
from omoai_engine.shortage import MEMORY, shortage_in, shortage_of
from omoai_engine.text import one_line

_CHECK_SECONDS = 0.2
SILENCE_SECONDS = 60.0
"""A child that gives no sign of life for so long hangs; not one that computes or reads."""
_LAST_WORDS_BYTES = 4096
_END_SECONDS = 2.0
# Libraries that do not look at what an allocation gave end with one of these.
_CRASHES = (-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT)
# The folder that holds the package: the child finds what the parent found, wherever it runs.
_ROOT = str(Path(__file__).resolve().parents[1])
_START = (
    "import importlib, sys; root = sys.argv[1]; root in sys.path or sys.path.insert(0, root); "
    "importlib.import_module(sys.argv[2]).main(*map(int, sys.argv[3:]))"
)


class ChildProcess:
    """The parent's end of one child process. `end` may be called from any thread.

    Args:
        module: what serves in the child, as `omoai_engine.asr.isolated_child`.
        what: what the child is to people, as "the recogniser".
        environ: variables to set in the child beside ours.
        memory_hint: what to do when memory ran out.

    Raises `WorkerDiedError` when it cannot be started.
    """

    def __init__(
        self,
        module: str,
        *,
        what: str,
        environ: Mapping[str, str] | None = None,
        memory_hint: str = "Close other programs, or choose a smaller model",
    ) -> None:
        self._what = what
        self._memory_hint = memory_hint
        # (read, write) pairs: what we say, what it says.
        ours, theirs = os.pipe(), os.pipe()
        self._lifeline, its_end = socket.socketpair()
        given = (ours[0], theirs[1], its_end.fileno())
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, _ROOT, module, *map(str, given)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=given,
                start_new_session=True,
                # The folder we stand in may be deleted, and some native libraries mind.
                cwd="/",
                bufsize=0,
                env=child_environment(environ),
            )
        except OSError as error:
            for descriptor in (ours[1], theirs[0]):
                os.close(descriptor)
            self._lifeline.close()
            lack = shortage_of(error)
            raise WorkerDiedError(
                f"{what} could not be started: {lack.what if lack else error.strerror}",
                hint=(lack.hint if lack else None) or "Close some programs",
            ) from None
        finally:
            for descriptor in given[:2]:
                os.close(descriptor)
            its_end.close()
        self._to_child = Connection(ours[1], readable=False)
        self._from_child = Connection(theirs[0], writable=False)
        self._lifeline.setblocking(False)
        self._sending = threading.Lock()
        self._ending = threading.Lock()
        self._ended = False
        self._last_words = bytearray()
        threading.Thread(target=self._listen, name="child-errors", daemon=True).start()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs and was not ended by us."""
        return not self._ended and self._process.poll() is None

    @property
    def killed(self) -> bool:
        """Whether something other than us killed it; so ends what takes the last memory."""
        return not self._ended and self._process.poll() == -signal.SIGKILL

    def say(self, message: Any) -> None:
        """Send a message; blocks while the pipe is full. Raises `OSError` when it is gone."""
        with self._sending:
            self._to_child.send(message)

    def receive(self, control: JobControl) -> Any:
        """Return the child's next message; looks at `control` every 0.2 s.

        Raises `CancelledError` (cancelled, or ended by us meanwhile), `WorkerDiedError` (gone, or
        without a sign of life for `SILENCE_SECONDS`; it has to be ended then).
        """
        silence = _Silence(self._process.pid)
        while True:
            before = time.monotonic()
            try:
                if self._from_child.poll(_CHECK_SECONDS):
                    return self._from_child.recv()
            except (EOFError, OSError, ValueError):
                if control.is_set() or self._ended:
                    raise CancelledError(f"{self._what} was closed") from None
                raise self.death() from None
            if control.is_set():
                raise CancelledError("the job was cancelled")
            if self._beats():
                silence.end()
            # Slices of the wait, not the clock: we may have been held ourselves.
            elif silence.lasted(min(time.monotonic() - before, 2 * _CHECK_SECONDS)):
                raise WorkerDiedError(
                    f"{self._what} hangs: it gave no sign of life for {SILENCE_SECONDS:g} seconds",
                    hint="Run it again; `omoai doctor` says what is missing",
                )

    def _beats(self) -> bool:
        """Say whether a sign of life came since the last look."""
        try:
            return bool(self._lifeline.recv(4096))
        except OSError:  # None came, or it was closed.
            return False

    def end(self) -> None:
        """Kill the child with what it started, and free the pipes. Safe to call twice."""
        with self._ending:
            if self._ended:
                return
            self._ended = True
        if self._process.poll() is None:
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        self._lifeline.close()
        with self._sending, contextlib.suppress(OSError):
            self._to_child.close()

    def death(self) -> OmoAIError:
        """Say in one sentence why the child is gone."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        code = self._process.returncode
        words = [line for line in self._last_words.decode("utf-8", "replace").splitlines() if line]
        lack = next(filter(None, map(shortage_in, words)), None)
        if code == -signal.SIGKILL or (lack is not None and lack.what == MEMORY[0]):
            ended = "was killed" if code == -signal.SIGKILL else "ended"
            what = f"{self._what} {ended}, most likely because memory ran out"
            hint = self._memory_hint
        elif lack is not None:
            what, hint = f"{self._what} ended: {lack.what}", lack.hint or ""
        else:
            ending = f"signal {-code}" if code and code < 0 else f"status {code}"
            if code in _CRASHES:
                ending += ", which happens where memory runs out"
            last = f": {one_line(words[-1])}" if words else ""
            what = f"{self._what} ended unexpectedly ({ending}){last}"
            hint = "Try again; `omoai doctor` says what is missing"
        return WorkerDiedError(what, hint=hint)

    def _listen(self) -> None:
        stream = self._process.stderr
        if stream is None:
            return
        with stream:
            while data := stream.read(1024):
                self._last_words += data
                del self._last_words[:-_LAST_WORDS_BYTES]


class _Silence:
    """How long the process `pid` has given no sign of life."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.end()

    def end(self) -> None:
        """A sign came."""
        self._seconds = 0.0
        self._work: tuple[float, ...] | None = None

    def lasted(self, seconds: float) -> bool:
        """Add so many seconds; say whether that is too long.

        Native code may hold back the thread that gives the signs, while a model is loaded from a
        slow disk for instance: what takes processor time or reads is alive.
        """
        self._seconds += seconds
        if self._seconds < SILENCE_SECONDS / 2:
            return False
        if self._work is None:
            self._work = _work_done(self._pid)
        if self._seconds < SILENCE_SECONDS:
            return False
        done = _work_done(self._pid)
        if done == self._work:
            return True
        self._seconds, self._work = SILENCE_SECONDS / 2, done
        return False


def _work_done(pid: int) -> tuple[float, ...]:
    """Return processor seconds and bytes read by a process so far."""
    import psutil

    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        read = process.io_counters().read_chars if hasattr(process, "io_counters") else 0
    except (psutil.Error, OSError):
        return ()
    return (times.user, times.system, float(read))
