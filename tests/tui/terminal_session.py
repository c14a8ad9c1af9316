"""A program on a pseudo-terminal, as a person has it: what it shows, what it leaves behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import psutil
import pyte

# Sequences that the emulator would print as text: private modes with < > =, mode queries,
# device control strings and operating system commands.
_UNKNOWN = re.compile(
    rb"\x1b\[[<>=][0-9;:]*[A-Za-z]|\x1b\[\?[0-9;]*\$p|\x1b\[\?[0-9;]*u|\x1b[P_^][^\x1b\x07]*"
    rb"(?:\x1b\\|\x07)|\x1b\][^\x1b\x07]*(?:\x1b\\|\x07)"
)
_UNFINISHED = re.compile(rb"\x1b(?:\[[0-9;:?<>= $]*)?$")
ROOT = Path(__file__).parents[2]
APP = (sys.executable, "-m", "omoai_tui")


class TerminalSession:
    """Runs `command` with a terminal of its own; use in a `with`, which kills what is left."""

    def __init__(
        self,
        command: Sequence[str | bytes],
        *,
        home: Path,
        columns: int = 100,
        lines: int = 30,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.raw = b""
        self._held = b""
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._reading = threading.Event()
        self._reading.set()
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.before = termios.tcgetattr(slave)
        self._slave = slave
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env=session_environment(home) | (environment or {}),
            preexec_fn=_take_terminal,
        )
        self._closed = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in [*self.tree(), psutil.Process(self.process.pid)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        self.process.wait(10)
        self._stop_reading()
        for descriptor in (self._slave, self.master):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def _read(self) -> None:
        while not self._closed.is_set():
            self._reading.wait()
            try:
                if not select.select([self.master], [], [], 0.1)[0]:
                    continue
                data = os.read(self.master, 65536)
            except (OSError, ValueError):
                return
            if not data:
                return
            with self._lock:
                self.raw += data
                self._show(data)

    def _stop_reading(self) -> None:
        # A descriptor must not be closed under a reader: its number may be another's next.
        self._closed.set()
        self._reading.set()
        self._reader.join(5)

    def _show(self, data: bytes) -> None:
        data = self._held + data
        cut = match.start() if (match := _UNFINISHED.search(data)) else len(data)
        data, self._held = data[:cut], data[cut:]
        # A stream that was cut inside a sequence can confuse the emulator, not the session.
        with contextlib.suppress(Exception):
            self._stream.feed(_UNKNOWN.sub(b"", data))

    def stall(self) -> None:
        """Stop reading, as a terminal behind a dead link does."""
        self._reading.clear()

    def resume(self) -> None:
        """Read again what the program has written."""
        self._reading.set()

    def type_while_stalled(self, data: bytes, seconds: float = 3) -> None:
        """Type without end, until the program has stopped reading or the time is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if select.select([], [self.master], [], 0.05)[1]:
                os.write(self.master, data)
            time.sleep(0.005)

    def hang_up(self) -> None:
        """Cut the line."""
        self._stop_reading()
        os.close(self._slave)
        os.close(self.master)

    def wait_until_read(self) -> None:
        """Wait until the program has taken what was typed, and an unfinished sequence is over."""
        deadline = time.monotonic() + 120
        while select.select([self._slave], [], [], 0)[0]:
            assert time.monotonic() < deadline, "it does not read what is typed"
            time.sleep(0.02)
        time.sleep(0.5)  # so long after its first byte a sequence counts as the keys themselves

    def send(self, data: bytes) -> None:
        """Type."""
        os.write(self.master, data)

    @property
    def text(self) -> str:
        """What the screen shows."""
        with self._lock:
            return "\n".join(line.rstrip() for line in self._screen.display)

    def wait_for(self, pattern: str, seconds: float = 120) -> str:
        """Return the screen as soon as it matches; fail with what it shows instead."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            text = self.text
            if re.search(pattern, text):
                return text
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"never showed {pattern!r}; shows:\n{self.text}")

    def wait_for_bytes(self, data: bytes, seconds: float = 120) -> None:
        """Wait until the program has written `data`."""
        deadline = time.monotonic() + seconds
        while data not in self.raw:
            assert time.monotonic() < deadline, f"never wrote {data!r}"
            time.sleep(0.02)

    def tree(self) -> list[psutil.Process]:
        """Return the processes below the program."""
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def working(self, program: str) -> list[psutil.Process]:
        """Return the processes below that have this in their command. Some of the others live for
        a moment only."""
        found = []
        for process in self.tree():
            with contextlib.suppress(psutil.Error):
                if program in " ".join(process.cmdline()):
                    found.append(process)
        return found

    def ends_with(self, seconds: float = 120) -> int:
        """Return the exit status; a signal counts as its negative number."""
        return self.process.wait(seconds)

    def leave(self) -> int:
        """Press the key that leaves; return the exit status.

        A job that has just ended may be on its way into the library: then it asks first.
        """
        self.send(b"q")
        deadline = time.monotonic() + 120
        while self.process.poll() is None and time.monotonic() < deadline:
            if "Leave OmoAI?" in self.text:
                self.send(b"y")
                break
            time.sleep(0.02)
        return self.ends_with()

    def assert_restored(self) -> None:
        """Fail unless the terminal is as it was before."""
        time.sleep(0.1)
        assert termios.tcgetattr(self._slave)[:4] == self.before[:4]
        with self._lock:
            raw = self.raw
        for mode in (b"?1049", b"?1000", b"?1003", b"?2004", b"?1004"):
            assert raw.rfind(b"\x1b[" + mode + b"l") > raw.rfind(b"\x1b[" + mode + b"h"), mode
        assert raw.rfind(b"\x1b[?25h") > raw.rfind(b"\x1b[?25l"), "cursor"


def session_environment(home: Path) -> dict[str, str]:
    """Return a plain environment with a home of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_DATA_HOME": os.environ.get("XDG_DATA_HOME", str(home / "data")),
        "XDG_CACHE_HOME": str(home / "cache"),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
    }


def _take_terminal() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def send_signal(session: TerminalSession, number: int) -> None:
    """Send a signal to the program."""
    os.kill(session.process.pid, number)
