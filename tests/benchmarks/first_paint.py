"""How long until the app's first paint, beside an empty Textual app.

    python tests/benchmarks/first_paint.py [RUNS]

Each is started RUNS times, alternating, in a pseudo-terminal of 120 x 36; the time runs from the
start of the process until the text that belongs to the first paint has been written. Prints the
medians and their ratio.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
HELLO = """
from textual.app import App
from textual.widgets import Static
class Hello(App):
    def compose(self):
        yield Static("Hello, world")
Hello().run()
"""
PROGRAMS = {
    "empty Textual app": ([sys.executable, "-c", HELLO], b"Hello, world"),
    "omoai-tui": ([sys.executable, "-m", "omoai_tui", "tests/data"], b"1 Files"),
    "omoai-tui FILE": ([sys.executable, "-m", "omoai_tui", "tests/data/en-jfk.mp3"], b"1 Files"),
}


def first_paint(command: list[str], sign: bytes, home: str) -> float:
    """Return the seconds from the start of `command` until it has written `sign`."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    folders = {f"XDG_{name}_HOME": home for name in ("CONFIG", "STATE", "DATA", "CACHE")}
    environment = os.environ | folders | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=ROOT,
        env=environment,
        start_new_session=True,
    )
    written = b""
    try:
        while sign not in written:
            if not select.select([master], [], [], 60)[0]:
                raise SystemExit(f"{command}: no first paint")
            written += os.read(master, 65536)
        return time.perf_counter() - began
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(slave)
        os.close(master)


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    with tempfile.TemporaryDirectory() as home:
        for _ in range(runs + 1):
            for name, (command, sign) in PROGRAMS.items():
                times[name].append(first_paint(command, sign, home))
    base = statistics.median(times["empty Textual app"][1:])
    print(f"{'program':<20} {'median ms':>10} {'lowest ms':>10} {'ratio':>6}   ({runs} runs)")
    for name, seconds in times.items():
        # The first run of each fills the file cache.
        median = statistics.median(seconds[1:])
        print(
            f"{name:<20} {median * 1000:>10.0f} {min(seconds[1:]) * 1000:>10.0f} "
            f"{median / base:>6.2f}"
        )


if __name__ == "__main__":
    main()
