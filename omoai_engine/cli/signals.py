"""Being asked to stop: the first time in good order, the second time at once.

Ctrl-C, SIGTERM and SIGHUP cancel the running job, so that what is done can be written; a second
signal ends the process where it stands. Ctrl-Z leaves the shell a cursor. A signal that was ignored
from the start (`nohup`) stays ignored.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from types import FrameType, TracebackType

from omoai_engine.cli.exits import ExitCode
from omoai_engine.control import JobControl
from omoai_engine.errors import CancelledError

_CODES = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.HUNG_UP,
}
_SHOW_CURSOR = b"\x1b[?25h\r\n"


class Interrupts:
    """Holds the signal handlers while a command runs; `code` is set once we should stop."""

    def __init__(self) -> None:
        self.code: ExitCode | None = None
        self._control: JobControl | None = None
        self._before: dict[int, object] = {}
        self._news: str | None = None

    def __enter__(self) -> Interrupts:
        for number in _CODES:
            before = signal.getsignal(number)
            if before != signal.SIG_IGN:
                self._before[number] = before
                signal.signal(number, self._asked)
        if signal.getsignal(signal.SIGTSTP) == signal.SIG_DFL:
            self._before[signal.SIGTSTP] = signal.SIG_DFL
            signal.signal(signal.SIGTSTP, self._suspended)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]

    def watch(self, control: JobControl | None) -> None:
        """Name the job that a signal cancels."""
        self._control = control
        if self.code is not None and control is not None:
            control.cancel()

    def checkpoint(self) -> None:
        """Raise `CancelledError` once we should stop."""
        if self.code is not None:
            raise CancelledError("the command was stopped")

    def news(self) -> str | None:
        """Return, once, what the person should be told of a signal."""
        # Told by whoever draws: a handler that writes would cut into its line.
        news, self._news = self._news, None
        return news

    def _asked(self, number: int, _frame: FrameType | None) -> None:
        if self.code is not None:
            self._end_at_once()
        self.code = _CODES[signal.Signals(number)]
        if self._control is not None:
            self._control.cancel()
        if number == signal.SIGINT:
            self._news = "Stopping; what is done will be kept. Ctrl-C again ends at once."

    def _suspended(self, number: int, _frame: FrameType | None) -> None:
        _show_cursor()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)  # Here it stands until `fg`.
        signal.signal(number, self._suspended)

    def _end_at_once(self) -> None:
        _show_cursor()
        # No clean-up: threads may hang, and the person said twice that it should end.
        os._exit(self.code or ExitCode.INTERRUPTED)


def _show_cursor() -> None:
    """Show the cursor, which the line that is redrawn hides."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if sys.stderr.isatty():
            os.write(sys.stderr.fileno(), _SHOW_CURSOR)
