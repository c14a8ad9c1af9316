"""How fast the review is with a transcript of ten hours, through the app's own screen.

    python tests/benchmarks/review.py FOLDER

Makes a library in FOLDER (once), then prints: opening the transcript (until its text is on the
screen, and until its doubts are found), keeping an edit (from the Enter key until it is on the
disk and shown), edits that are on the disk after `kill -9` right when they were shown, and
taking 1,000 edits back after the library was closed. Wall and processor time in milliseconds.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from library import LONG_HOURS, spoken, vocabulary

from omoai_engine.library import EditText, Library
from omoai_tui.app import OmoaiApp
from omoai_tui.screens.review_screen import ReviewScreen

OPENED, EDITED, KILLED, UNDONE = 5, 20, 5, 1000
DOUBTFUL = 0.04


def build(folder: Path) -> int:
    """Return the entry of a ten-hour transcript, one word in 25 of it doubtful."""
    from dataclasses import replace

    with Library(folder) as library:
        if found := library.entries():
            return found[0].id
        rng = random.Random(7)
        words = vocabulary(rng)
        total = 0.0
        weights = [total := total + 1 / (rank + 3) for rank in range(len(words))]
        result = spoken(rng, words, weights, round(LONG_HOURS * 3600 * 2.65))
        segments = tuple(
            replace(
                segment,
                words=tuple(
                    replace(word, confidence=0.3, alternatives=(("khác", 0.2),))
                    if rng.random() < DOUBTFUL
                    else word
                    for word in segment.words
                ),
            )
            for segment in result.segments
        )
        return library.store(replace(result, segments=segments), title="10 giờ")


def told(what: str, wall: list[float], busy: list[float]) -> None:
    """Print medians and the worst."""
    print(
        f"{what:<52} {statistics.median(wall):8.1f} {statistics.median(busy):9.1f} "
        f"{max(wall):8.1f} {len(wall):5}"
    )


class Clock:
    """Wall and processor milliseconds since it was made."""

    def __init__(self) -> None:
        self._wall, self._busy = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        """Return both."""
        wall = (time.perf_counter() - self._wall) * 1000
        return wall, (time.process_time() - self._busy) * 1000


async def until(done: Callable[[], bool]) -> None:
    """Let the app's loop run until this holds."""
    while not done():
        await asyncio.sleep(0.001)


async def opening(entry: int) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Return the times until the text is shown, and until the doubts are."""
    app = OmoaiApp(theme="omoai-night")
    shown, found = [], []
    async with app.run_test(size=(160, 48)) as pilot:
        for _ in range(OPENED):
            clock = Clock()
            screen = ReviewScreen(entry)
            app.push_screen(screen)
            await until(lambda screen=screen: screen.is_mounted and screen.document is not None)
            await pilot.pause()
            shown.append(clock.read())
            await until(lambda screen=screen: bool(screen.document.places))
            found.append(clock.read())
            await pilot.press("escape")
            await pilot.pause(0.2)
    return shown, found


async def editing(entry: int) -> list[tuple[float, float]]:
    """Return the times from Enter to an edit that is on the disk and shown."""
    app = OmoaiApp(theme="omoai-night")
    times = []
    async with app.run_test(size=(160, 48)) as pilot:
        screen = ReviewScreen(entry)
        app.push_screen(screen)
        await until(lambda: screen.is_mounted and screen.document is not None)
        await until(lambda: bool(screen.document.places))
        for number in range(EDITED):
            await pilot.press("down", "enter", "x", str(number % 10))
            await pilot.pause()
            at = screen.view.cursor
            typed = screen.input.value
            clock = Clock()
            screen.keep_typed()
            await until(lambda at=at, typed=typed: screen.document.segments[at].text == typed)
            times.append(clock.read())
    return times


async def edit_and_wait(entry: int, text: str) -> None:
    """In a process of its own: say when an edit is shown, then wait to be killed."""
    app = OmoaiApp(theme="omoai-night")
    async with app.run_test(size=(100, 30)) as pilot:
        screen = ReviewScreen(entry)
        app.push_screen(screen)
        await until(lambda: screen.is_mounted and screen.document is not None)
        await pilot.press("enter")
        screen.input.value = text
        screen.keep_typed()
        await until(lambda: screen.document.segments[0].text == text)
        os.write(1, b"shown\n")
        await asyncio.sleep(60)


def kept_after_kill(folder: Path, entry: int) -> int:
    """Return how many edits were there after the app was killed when it showed them."""
    kept = 0
    for number in range(KILLED):
        text = f"sửa lần {number} {time.time()}"
        child = subprocess.Popen(
            [sys.executable, __file__, str(folder), str(entry), text],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert child.stdout is not None
        said = child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        child.wait()
        with Library(folder) as library:
            kept += said == b"shown\n" and library.transcript(entry).segments[0].text == text
    return kept


def undoing(folder: Path, entry: int) -> tuple[bool, float, float]:
    """Edit, close, take all back; say whether all is as before, and the time of one undo."""
    rng = random.Random(5)
    with Library(folder) as library:
        before = library.transcript(entry).segments
        keys = [segment.key for segment in before]
        for number in range(UNDONE):
            library.edit(entry, EditText(rng.choice(keys), f"lần sửa thứ {number}"))
    with Library(folder) as library:
        clock = Clock()
        for _ in range(UNDONE):
            assert library.undo(entry) is not None
        wall, busy = clock.read()
        return library.transcript(entry).segments == before, wall / UNDONE, busy / UNDONE


def main() -> None:
    """Print the table."""
    folder = Path(sys.argv[1]).absolute()
    os.environ["OMOAI_LIBRARY__FOLDER"] = str(folder)
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        os.environ[name] = str(folder / name.lower())
    if len(sys.argv) > 2:
        asyncio.run(edit_and_wait(int(sys.argv[2]), sys.argv[3]))
        return
    entry = build(folder)
    print(f"{'ms':<52} {'wall':>8} {'processor':>9} {'worst':>8} {'tries':>5}")
    shown, found = asyncio.run(opening(entry))
    told("open 10 hours, text on the screen", *map(list, zip(*shown, strict=True)))
    told("open 10 hours, doubts found too", *map(list, zip(*found, strict=True)))
    told(
        "keep an edit, on the disk and shown",
        *map(list, zip(*asyncio.run(editing(entry)), strict=True)),
    )
    print(f"edits there after kill -9: {kept_after_kill(folder, entry)} of {KILLED}")
    same, wall, busy = undoing(folder, entry)
    print(
        f"undo of {UNDONE} edits after a restart: {'all' if same else 'NOT all'} taken back, ",
        end="",
    )
    print(f"{wall:.1f} ms wall, {busy:.1f} ms processor each")


if __name__ == "__main__":
    main()
