"""The parent's end of the decoder child: starts it, feeds it, reads its frames, ends it.

The child is a process group of its own (Ctrl-C in the terminal is the parent's affair), writes
nothing to the terminal, and dies with its parent. Nothing here knows about sound.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, cast

import omoai_engine.preprocess
from omoai_engine.errors import (
    AudioInputError,
    CancelledError,
    OmoAIError,
    ShortageError,
    WorkerDiedError,
)
from omoai_engine.preprocess.inputs import Fed, Named, OpenFile
from omoai_engine.preprocess.wire import HEAD, MAX_CONTENT_BYTES, Kind, Request
from omoai_engine.privacy import child_environment
from omoai_engine.shortage import shortage_in, shortage_of
from omoai_engine.text import one_line

CHECK_SECONDS = 0.25
"""How often a waiting reader looks whether the job was cancelled."""
_STDERR_BYTES = 4096
_END_SECONDS = 2.0
_KINDS = frozenset(int(kind) for kind in Kind)
# The folder that holds the package: the child finds what the parent found, wherever it runs.
_ROOT = str(Path(omoai_engine.preprocess.__path__[0]).absolute().parents[1])
_START = (
    "import sys; root = sys.argv[1]; root in sys.path or sys.path.insert(0, root); "
    "from omoai_engine.preprocess.child import main; main()"
)


class DecoderProcess:
    """One decoder child at work on one input. `read` is for one thread, `end` for any."""

    def __init__(self, source: Named | OpenFile | Fed, request: Callable[[int], Request]) -> None:
        self.where = source.where
        self._lock = threading.Lock()
        self._ending = self._ended = False
        self._errors = bytearray()
        self._progress = 0
        self._feed_error: BaseException | None = None
        self._lifeline, child_end = os.pipe()[::-1]
        try:
            self._child = self._start(source, request(child_end), child_end)
        except OSError as error:
            os.close(self._lifeline)
            lack = shortage_of(error)
            what = lack.what if lack is not None else str(error.strerror)
            raise WorkerDiedError(
                f"the decoder could not be started: {what}",
                where=self.where,
                hint=lack.hint if lack is not None else "Close some programs",
            ) from None
        finally:
            os.close(child_end)
        self._out = cast("IO[bytes]", self._child.stdout).fileno()
        self._err = cast("IO[bytes]", self._child.stderr).fileno()
        os.set_blocking(self._err, False)
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN)
        self._poll.register(self._err, select.POLLIN)
        self._feeder: threading.Thread | None = None
        if isinstance(source, Named):
            self._tell_name(source.path)
        elif isinstance(source, Fed):
            self._feeder = threading.Thread(
                target=self._feed,
                args=(source.pieces(), cast("IO[bytes]", self._child.stdin)),
                name="feed-decoder",
                daemon=True,
            )
            try:
                self._feeder.start()
            except RuntimeError:
                self._feeder = None
                self.end()
                raise

    @staticmethod
    def _start(
        source: Named | OpenFile | Fed, request: Request, lifeline: int
    ) -> subprocess.Popen[bytes]:
        # Threads of numerical libraries would each reserve memory, and the child uses none.
        lean = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
        # -P: a file in the current folder must not pass for one of our modules.
        return subprocess.Popen(
            [sys.executable, "-P", "-c", _START, _ROOT, request.to_json()],
            stdin=source.descriptor if isinstance(source, OpenFile) else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(lifeline,),
            start_new_session=True,
            env=child_environment(lean),
            bufsize=0,
        )

    def _tell_name(self, name: bytes) -> None:
        # Not as an argument, which everybody on the machine may read.
        pipe = cast("IO[bytes]", self._child.stdin)
        with contextlib.suppress(OSError), pipe:  # A child that is gone is told of by `read`.
            pipe.write(name)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    def read(self, check: Callable[[], None], stall_seconds: float) -> tuple[Kind, bytearray]:
        """Return the next frame. `check` is called at least every `CHECK_SECONDS`.

        Raises `AudioInputError` when nothing comes for `stall_seconds`, `WorkerDiedError` when
        the child ended without a last word, and whatever `check` or the fed stream raises.
        """
        head = bytearray(HEAD.size)
        self._fill(head, check, stall_seconds)
        if self._feed_error is not None:
            raise self._why_not_fed(self._feed_error)
        kind, length = HEAD.unpack(head)
        if length > MAX_CONTENT_BYTES or kind not in _KINDS:
            raise WorkerDiedError("the decoder sent what makes no sense", where=self.where)
        content = bytearray(length)
        self._fill(content, check, stall_seconds)
        return Kind(kind), content

    def _fill(self, target: bytearray, check: Callable[[], None], stall_seconds: float) -> None:
        rest = memoryview(target)
        waited, progress = 0.0, self._progress
        while rest:
            before = time.monotonic()
            with self._lock:
                got = 0 if self._ended else self._read_some(rest)
            if self._ending:
                raise CancelledError("the sound was closed while it was being read")
            if got is None:
                check()
                if progress != self._progress:
                    waited, progress = 0.0, self._progress
                # Only waiting counts: a pause inside `check` is no stall.
                waited += min(time.monotonic() - before, 2 * CHECK_SECONDS)
                if waited >= stall_seconds:
                    raise AudioInputError(
                        f"no sound came for {stall_seconds:g} seconds",
                        where=self.where,
                        hint="Check the disk or connection, or raise audio.stall_seconds",
                    )
            elif not got:
                raise self._why_died()
            else:
                rest = rest[got:]
                waited = 0.0

    def _read_some(self, rest: memoryview) -> int | None:
        """Read into `rest`: how many bytes, 0 at the end, None when nothing came."""
        for descriptor, _ in self._poll.poll(CHECK_SECONDS * 1000):
            if descriptor == self._out:
                return os.readv(self._out, [rest])
            self._keep_errors()
        return None

    def _keep_errors(self) -> None:
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._err, _STDERR_BYTES)
            if not data:
                with contextlib.suppress(KeyError):
                    self._poll.unregister(self._err)
            self._errors += data
            del self._errors[:-_STDERR_BYTES]

    def _why_died(self) -> OmoAIError:
        try:
            code = self._child.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            return WorkerDiedError("the decoder fell silent", where=self.where)
        with self._lock:
            if not self._ended:
                self._keep_errors()
        if code == -signal.SIGXCPU:
            what = "decoding took far more processor time than any recording needs"
            return AudioInputError(what, where=self.where, hint="The file is probably damaged")
        lines = [one_line(line) for line in self._errors.decode("utf-8", "replace").splitlines()]
        lack = next(filter(None, map(shortage_in, lines)), None)
        if lack is not None:
            return ShortageError(
                f"the decoder ended: {lack.what}", where=self.where, hint=lack.hint
            )
        last = next((line for line in reversed(lines) if line), "")
        how = f"exit code {code}"
        if code < 0:
            with contextlib.suppress(ValueError):
                how = signal.Signals(-code).name
        what = f"the decoder ended unexpectedly ({how})" + (f": {last[:200]}" if last else "")
        hint = "Try again; if it happens each time, the file is damaged"
        if code == -signal.SIGKILL:
            hint = "Most likely memory ran out: close other programs and try again"
        return WorkerDiedError(what, where=self.where, hint=hint)

    def _feed(self, pieces: Iterator[bytes | memoryview], pipe: IO[bytes]) -> None:
        """Write everything into the child; runs in a thread of its own."""
        try:
            for piece in pieces:
                if self._ending:
                    break
                self._write(piece, pipe.fileno())
        except BrokenPipeError:
            pass  # The child has what it wants, or says itself why it ended.
        except Exception as error:
            self._feed_error = error
        finally:
            with contextlib.suppress(OSError):
                pipe.close()

    def _write(self, piece: bytes | memoryview, descriptor: int) -> None:
        if not piece:
            time.sleep(0.02)  # A stream that does not block has nothing just now.
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
            self._progress += 1

    def _why_not_fed(self, error: BaseException) -> OmoAIError:
        if isinstance(error, OmoAIError):
            return error
        return AudioInputError(
            f"the stream could not be read: {error}", where=self.where, hint="Open it again"
        )

    def end(self) -> None:
        """Kill the child and let go of everything; may be called again and from any thread."""
        self._ending = True
        self._child.kill()  # Also wakes a reader.
        with self._lock:
            if self._ended:
                return
            self._ended = True
            for pipe in (self._child.stdout, self._child.stderr):
                cast("IO[bytes]", pipe).close()
            os.close(self._lifeline)
        if self._feeder is not None and self._feeder is not threading.current_thread():
            # The caller may want its stream back; one that blocks is left to the thread.
            self._feeder.join(CHECK_SECONDS)
        try:
            self._child.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            # It hangs in the kernel (a stalled network folder): somebody must bury it later.
            threading.Thread(target=self._child.wait, name="bury-decoder", daemon=True).start()
