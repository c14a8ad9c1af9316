"""The terminal around the app: what it must be, who may write to it, how it is left in order.

- `refusal` says in one sentence why this is no terminal to run in.
- `keep_clean` gives the app the only handle on the terminal; file descriptors 1 and 2 go to the
  log, so that C libraries and child processes cannot scribble on the screen.
- `Lifeline` ends the process in order on SIGTERM, SIGHUP, SIGINT and a terminal that hung up,
  even when the terminal has stopped reading and the event loop is stuck in a write.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable
from typing import Any, TextIO

from omoai_engine.text import one_line
from omoai_tui import texts

GRACE_SECONDS = 0.6
HANG_UP_GRACE_SECONDS = 0.3
RESTORE_TRIES = 10
LEAVE_WITHIN_SECONDS = 0.8
# Everything a Textual app switches on: synchronised output, kitty keys, mouse, paste and focus
# reports, resize reports, no line wrap, alternate screen, hidden cursor, colours.
RESTORE = (
    b"\x1b[?2026l\x1b[<u\x1b[?1016l\x1b[?1015l\x1b[?1006l\x1b[?1003l\x1b[?1000l"
    b"\x1b[?2004l\x1b[?1004l\x1b[?2048l\x1b[?7h\x1b[?1049l\x1b[?25h\x1b[0m"
)


def refusal(environment: dict[str, str]) -> str | None:
    """Return why the app cannot run here, or `None` when it can."""
    if not _is_terminal(0) or not (_is_terminal(1) or _is_terminal(2)):
        return texts.NOT_A_TERMINAL
    term = environment.get("TERM", "")
    if term in ("", "dumb", "unknown"):
        return texts.DUMB_TERMINAL.format(term=one_line(term) or "not set")
    return None


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def keep_clean(log_descriptor: int) -> TextIO:
    """Return the handle on the terminal and send descriptors 1 and 2 to the log.

    Textual writes to `sys.__stderr__`, which becomes the handle.
    """
    source = 1 if _is_terminal(1) else 2
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    descriptor = os.dup(source)
    os.set_inheritable(descriptor, False)
    handle = os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="")
    os.dup2(log_descriptor, 1)
    os.dup2(log_descriptor, 2)
    sys.__stderr__ = handle  # type: ignore[misc]
    return handle


class Lifeline:
    """Watches over the process from before the app starts until after it has gone.

    Args:
        terminal: the handle on the terminal.
        ask: asks the app to leave with an exit code; called in the app's own thread.
        release: ends what the app holds (jobs, child processes) within some tenths of a second.
        farewell: returns what the person has to know at the end, or "".
    """

    def __init__(
        self,
        terminal: TextIO,
        ask: Callable[[int], object],
        release: Callable[[], object],
        farewell: Callable[[], str],
    ) -> None:
        self._farewell = farewell
        self._terminal = terminal
        self._ask = ask
        self._release = release
        self._left = threading.Event()
        self._once = threading.Lock()
        self._attributes: list[Any] | None = None
        with contextlib.suppress(termios.error, OSError):
            self._attributes = termios.tcgetattr(0)

    def install(self) -> None:
        """Take over the signals that end a process.

        Plain handlers: they run even while the main thread is inside a blocked write, where an
        event loop's own would wait for ever.
        """
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, self._on_signal)
        # Does nothing but wake a thread that hangs in a write.
        signal.signal(signal.SIGURG, lambda *_: None)

    def _on_signal(self, number: int, _frame: object) -> None:
        self.end(128 + number, hung_up=number == signal.SIGHUP)

    def end(self, code: int, *, hung_up: bool = False) -> None:
        """Begin to end the process with this exit code; a second call does nothing."""
        if not self._once.acquire(blocking=False):
            return
        threading.Thread(
            target=self._end, args=(code, hung_up), name="omoai-lifeline", daemon=True
        ).start()

    def _end(self, code: int, hung_up: bool) -> None:
        releaser = threading.Thread(target=self._release, name="omoai-release", daemon=True)
        releaser.start()
        with contextlib.suppress(RuntimeError):
            self._ask(code)
        if self._left.wait(HANG_UP_GRACE_SECONDS if hung_up else GRACE_SECONDS):
            # The app has left by itself; `leave` ends the process.
            return
        releaser.join(GRACE_SECONDS)
        words = self._farewell()
        self.force_restore(f"{words}\r\n".encode() if words else b"")
        os._exit(code)

    def force_restore(self, words: bytes = b"") -> None:
        """Put the terminal back without waiting for it; then write `words` there."""
        descriptor = self._terminal.fileno()
        with contextlib.suppress(OSError):
            # Without blocking, a thread that hangs in a write gives up as soon as there is room.
            os.set_blocking(descriptor, False)
        for _ in range(RESTORE_TRIES):
            try:
                # What a stalled terminal has not read would only be in the way.
                termios.tcflush(descriptor, termios.TCOFLUSH)
                _wake_writers()
                if os.write(descriptor, RESTORE + words) == len(RESTORE + words):
                    break
            except BlockingIOError:
                time.sleep(0.02)
            except (termios.error, OSError):
                break
        if self._attributes is not None:
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(0, termios.TCSANOW, self._attributes)
        with contextlib.suppress(OSError):
            # The flag belongs to the shell's terminal as well.
            os.set_blocking(descriptor, True)

    def app_left(self) -> None:
        """The app has put the terminal back by itself."""
        self._left.set()

    def leave(self, code: int) -> None:
        """From here on the process is gone within a second, whatever threads still do."""

        def late() -> None:
            time.sleep(LEAVE_WITHIN_SECONDS)
            os._exit(code)

        threading.Thread(target=late, name="omoai-exit", daemon=True).start()


def _wake_writers() -> None:
    """Make every other thread that hangs in a system call look up, also one in a write."""
    for thread in threading.enumerate():
        if thread.ident is not None and thread is not threading.current_thread():
            with contextlib.suppress(OSError, ValueError):
                signal.pthread_kill(thread.ident, signal.SIGURG)


def say(terminal: TextIO, sentence: str) -> None:
    """Write one sentence to the plain terminal."""
    with contextlib.suppress(OSError, ValueError):
        terminal.write(f"{sentence}\n")
        terminal.flush()
