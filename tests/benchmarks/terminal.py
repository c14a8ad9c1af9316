"""What the app costs a terminal, beside an empty Textual app on the same machine.

    python tests/benchmarks/terminal.py [--runs 7] [--keys 300] [--rounds 3] [--seconds 10]
    python tests/benchmarks/terminal.py --only-keys

Runs both programs in a pseudo-terminal of 120 x 36 and measures from the terminal's side: time to
the first paint, bytes a second with nobody typing, time from a key to the change of the cell that
it concerns (the cursor in the files), time to quit, and whether the terminal is left as it was.
The app is measured again while it transcribes a long recording on every core. Key latencies with
and without work come from the same run of the app: the job is paused and let go on in turn, and
the median of the rounds is taken, because a p99 of one round says more about the machine. The two
figures of long lists are CPU time inside a process. Needs the `offline` extra and pyte.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import os
import pty
import re
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

import psutil
import pyte

ROOT = Path(__file__).parents[2]
RECORDING = ROOT / "tests" / "data" / "en-librivox-sonnet.mp3"
COLUMNS, LINES = 120, 36
HELLO = """
from textual.app import App
from textual.widgets import Static
class Hello(App):
    BINDINGS = [("q", "quit", "Quit")]
    def compose(self):
        yield Static("Hello, world")
Hello().run()
"""
HELLO_COMMAND = [sys.executable, "-c", HELLO]
APP_COMMAND = [sys.executable, "-m", "omoai_tui"]
# Sequences that the emulator would print as text.
_UNKNOWN = re.compile(
    rb"\x1b\[[<>=][0-9;:]*[A-Za-z]|\x1b\[\?[0-9;]*\$p|\x1b\[\?[0-9;]*u|\x1b[P_^][^\x1b\x07]*"
    rb"(?:\x1b\\|\x07)|\x1b\][^\x1b\x07]*(?:\x1b\\|\x07)"
)
UP, DOWN = b"\x1b[A", b"\x1b[B"


class Meter:
    """A program on a pseudo-terminal, with a clock on every byte that it writes."""

    def __init__(self, command: list[str], home: Path) -> None:
        self.total = 0
        self.raw = b""
        self._held = b""
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self.master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self._before = termios.tcgetattr(self._slave)
        folders = {f"XDG_{name}_HOME": str(home) for name in ("CONFIG", "STATE", "DATA", "CACHE")}
        environment = os.environ | folders | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
        for name in ("TMUX", "NO_COLOR"):
            environment.pop(name, None)
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            cwd=ROOT,
            env=environment,
            start_new_session=True,
        )

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        self.process.kill()
        self.process.wait()
        os.close(self._slave)
        os.close(self.master)

    def read(self, seconds: float) -> float | None:
        """Take what is written within `seconds`; return when it came, None for nothing."""
        if not select.select([self.master], [], [], max(0.0, seconds))[0]:
            return None
        data = os.read(self.master, 1 << 16)
        at = time.perf_counter()
        self.total += len(data)
        self.raw += data
        data = self._held + data
        cut = data.rfind(b"\x1b") if data.rfind(b"\x1b") > len(data) - 32 else len(data)
        data, self._held = data[:cut], data[cut:]
        with contextlib.suppress(Exception):
            self._stream.feed(_UNKNOWN.sub(b"", data))
        return at

    def until(self, sign: bytes, seconds: float = 120) -> float:
        """Return the seconds from the start until `sign` was written."""
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            at = self.read(1)
            if at is not None and sign in self.raw:
                return at - self.began
        raise SystemExit(f"{sign!r} was never written")

    def quiet(self, seconds: float = 1.0, most: float = 20) -> None:
        """Wait until nothing came for `seconds`."""
        deadline = time.perf_counter() + most
        while time.perf_counter() < deadline and self.read(seconds) is not None:
            pass

    def rate(self, seconds: float) -> float:
        """Return bytes a second with nobody typing."""
        before, ends = self.total, time.perf_counter() + seconds
        while (left := ends - time.perf_counter()) > 0:
            self.read(left)
        return (self.total - before) / seconds

    def _files(self) -> list[str]:
        return [self._screen.buffer[row][3].bg for row in range(2, 10)]

    def key(self, data: bytes) -> float | None:
        """Return the seconds from a key until the cursor in the files stands elsewhere."""
        before = self._files()
        began = time.perf_counter()
        os.write(self.master, data)
        while time.perf_counter() - began < 5:
            at = self.read(5)
            if at is not None and self._files() != before:
                return at - began
        return None

    def latencies(self, count: int) -> list[float]:
        """Return the latencies of so many cursor keys in the files, in milliseconds."""
        found = []
        for number in range(count):
            seconds = self.key(DOWN if number % 2 == 0 else UP)
            if seconds is not None:
                found.append(seconds * 1000)
            # Not in step with the clocks of the app, which tick four times and once a second.
            self.take(0.008 + 0.011 * (number % 3))
        return found

    def take(self, seconds: float) -> None:
        """Take what is written for so long."""
        ends = time.perf_counter() + seconds
        while (left := ends - time.perf_counter()) > 0:
            self.read(left)

    def engine_share(self, seconds: float) -> float:
        """Return how many cores the app's children use, over so many seconds."""

        def used() -> float:
            total = 0.0
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    times = child.cpu_times()
                    total += times.user + times.system
            return total

        before = used()
        self.take(seconds)
        return (used() - before) / seconds

    def quit(self, keys: bytes = b"\x11") -> tuple[float, bool]:
        """Return the seconds from the key to the end, and whether the terminal is as before."""
        began = time.perf_counter()
        os.write(self.master, keys)
        while self.process.poll() is None and time.perf_counter() - began < 15:
            self.read(0.005)
        seconds = time.perf_counter() - began
        while self.read(0.1) is not None:
            pass
        modes = (b"?1049", b"?1000", b"?1003", b"?2004")
        undone = all(
            self.raw.rfind(b"\x1b[" + m + b"l") >= self.raw.rfind(b"\x1b[" + m + b"h")
            for m in modes
        )
        same = termios.tcgetattr(self._slave)[:4] == self._before[:4]
        return seconds, undone and same


def percentile(values: list[float], share: float) -> float:
    """Return the value below which this share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def first_paints(home: Path, runs: int) -> dict[str, float]:
    """Return the median seconds to the first paint of both programs, started in turn."""
    programs = {
        "hello": (HELLO_COMMAND, b"Hello, world"),
        "app": ([*APP_COMMAND, "tests/data"], b"1 Files"),
    }
    times: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(runs + 1):
        for name, (command, sign) in programs.items():
            with Meter(command, home) as meter:
                times[name].append(meter.until(sign))
    # The first run of each fills the file cache.
    return {name: statistics.median(seconds[1:]) for name, seconds in times.items()}


def key_rounds(
    home: Path, keys: int, rounds: int
) -> tuple[list[list[float]], list[list[float]], float]:
    """Return the latencies of each round without and with work, and the cores the work used."""
    long = home / "longer.mp3"
    long.write_bytes(RECORDING.read_bytes() * 120)
    idle, busy, cores = [], [], []
    with Meter([*APP_COMMAND, str(long)], home) as meter:
        meter.until(b"0:00 ", 180)
        meter.take(10)
        os.write(meter.master, b"1")
        meter.latencies(6)
        for number in range(rounds):
            # Both orders, so that a machine that grows slower or faster favours none.
            for pausing in (True, False) if number % 2 == 0 else (False, True):
                if pausing:
                    os.write(meter.master, b"p")
                    meter.quiet(3)
                    idle.append(meter.latencies(keys))
                    os.write(meter.master, b"p")
                    meter.take(3)
                else:
                    cores.append(meter.engine_share(3))
                    busy.append(meter.latencies(keys))
        os.write(meter.master, b"\x11")
        meter.take(1)
        meter.quit(b"y")
    return idle, busy, statistics.median(cores)


def key_rows(home: Path, keys: int, rounds: int) -> list[tuple[str, str, str, str]]:
    """Return the rows of the table that tell of keys."""
    idle, busy, cores = key_rounds(home, keys, rounds)
    tails = [
        statistics.median(percentile(found, 0.99) for found in phase) for phase in (idle, busy)
    ]
    rows = []
    for name, phase, tail in (("idle", idle, tails[0]), ("in a job", busy, tails[1])):
        middle = statistics.median(percentile(found, 0.5) for found in phase)
        every = " ".join(f"{percentile(found, 0.99):.0f}" for found in phase)
        seen = sum(len(found) for found in phase)
        note = f"p99 of each round {every}; {seen} of {keys * rounds} keys seen"
        rows.append((f"key to paint {name}, ms p50/p99", "", f"{middle:.0f} / {tail:.0f}", note))
    note = f"at most 3; the engine used {cores:.1f} of {os.cpu_count()} cores"
    rows.append(("p99 in a job to idle, times", "", f"{tails[1] / tails[0]:.1f}", note))
    return rows


async def lists() -> tuple[float, float]:
    """Return the CPU ms of mounting 10,000 segments, and the seconds of opening ten hours."""
    sys.path.insert(0, str(ROOT / "tests" / "tui"))
    from samples import QuietApp, events, segment

    from omoai_tui.widgets.segment_list import SegmentList

    mounts, opens = [], []
    for _ in range(3):
        app = QuietApp(ROOT / "tests" / "data")
        async with app.run_test(size=(COLUMNS, LINES)) as pilot:
            job = app.begin()
            job.segments = [segment(index) for index in range(10_000)]
            began = time.process_time()
            app.bench.query_one(SegmentList).show(job)
            await pilot.pause()
            mounts.append((time.process_time() - began) * 1000)
        app = QuietApp(ROOT / "tests" / "data")
        async with app.run_test(size=(COLUMNS, LINES)) as pilot:
            job = app.begin()
            news = list(events(6000, 12))
            began = time.process_time()
            app.tell_events(job, iter(news))
            await pilot.pause()
            opens.append(time.process_time() - began)
    return statistics.median(mounts), statistics.median(opens)


def signals(home: Path) -> dict[str, tuple[float, bool]]:
    """Return for TERM and HUP how long the end takes and whether the terminal is restored."""
    found = {}
    for number in (signal.SIGTERM, signal.SIGHUP):
        with Meter([*APP_COMMAND, "tests/data"], home) as meter:
            meter.until(b"1 Files")
            meter.quiet()
            os.kill(meter.process.pid, number)
            found[number.name] = meter.quit(b"")
    return found


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    words.add_argument("--runs", type=int, default=7)
    words.add_argument("--keys", type=int, default=300)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--only-keys", action="store_true")
    words.add_argument("--seconds", type=float, default=10.0)
    asked = words.parse_args()
    rows: list[tuple[str, str, str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        rows += key_rows(home, asked.keys, asked.rounds)
        if asked.only_keys:
            show(rows)
            return
        paint = first_paints(home, asked.runs)
        ratio = paint["app"] / paint["hello"]
        rows.append(
            (
                "first paint, ms",
                f"{paint['hello'] * 1000:.0f}",
                f"{paint['app'] * 1000:.0f}",
                f"{ratio:.2f} times (at most 2)",
            )
        )
        with Meter(HELLO_COMMAND, home) as meter:
            meter.until(b"Hello, world")
            meter.quiet()
            hello_idle = meter.rate(asked.seconds)
            hello_quit, _ = meter.quit()
        with Meter([*APP_COMMAND, "tests/data"], home) as meter:
            meter.until(b"1 Files")
            meter.quiet(6)  # advice that is given once comes and goes
            idle = meter.rate(asked.seconds)
            seconds, restored = meter.quit()
        rows.append(("idle, bytes a second", f"{hello_idle:.0f}", f"{idle:.0f}", "at most 200"))
        rows.append(
            (
                "quit, ms",
                f"{hello_quit * 1000:.0f}",
                f"{seconds * 1000:.0f}",
                f"at most 1,000; restored: {'yes' if restored else 'NO'}",
            )
        )
        for name, (took, well) in signals(home).items():
            rows.append(
                (f"{name}, ms", "", f"{took * 1000:.0f}", f"restored: {'yes' if well else 'NO'}")
            )
        long = home / "long.mp3"
        long.write_bytes(RECORDING.read_bytes() * 40)
        with Meter([*APP_COMMAND, str(long)], home) as meter:
            meter.until(b"0:00 ", 180)
            meter.take(10)
            job = meter.rate(3 * asked.seconds)
            os.write(meter.master, b"\x11")
            meter.take(1)
            seconds, restored = meter.quit(b"y")
        rows.append(("a job, bytes a second", "", f"{job:.0f}", "at most 3,000"))
        rows.append(
            (
                "quit in a job, ms",
                "",
                f"{seconds * 1000:.0f}",
                f"at most 1,000; restored: {'yes' if restored else 'NO'}",
            )
        )
    mount, ten_hours = asyncio.run(lists())
    rows.append(("10,000 segments, CPU ms", "", f"{mount:.0f}", "at most 200"))
    rows.append(("ten hours of transcript, CPU s", "", f"{ten_hours:.2f}", "under 1"))
    show(rows)


def show(rows: list[tuple[str, str, str, str]]) -> None:
    """Print the table."""
    print(f"{'':<34} {'empty app':>10} {'omoai-tui':>12}   to reach")
    for name, hello, app, note in rows:
        print(f"{name:<34} {hello:>10} {app:>12}   {note}")


if __name__ == "__main__":
    main()
