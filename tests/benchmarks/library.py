"""How fast the library is with 10,000 transcripts (about 10 million words).

    python tests/benchmarks/library.py build FOLDER      makes the library (once; minutes)
    python tests/benchmarks/library.py measure FOLDER    prints the table
    python tests/benchmarks/library.py screen FOLDER     the same on the app's library screen

Prints medians of wall and processor time in milliseconds, with the worst wall time of the tries:
on a machine that does other things too, the processor time is the library's own.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from omoai_engine.library import EditText, Library
from omoai_engine.results import (
    ASRResult,
    ASRSegment,
    Paragraph,
    PipelineResult,
    SummaryResult,
    Word,
)

TRANSCRIPTS = 10_000
WORDS = 1_000
LONG_HOURS = 10
_SYLLABLES = (
    "không có là và của một được trong người cho các với này đã những khi ra như nói đến về "
    "tiếng Việt nhận dạng văn bản hôm nay chúng ta bạn biết nghĩa gì thế nào học làm việc nhà "
    "nước công ty thành phố đường phòng họp kế hoạch ngân hàng thị trường khách hàng vấn đề"
)


def vocabulary(rng: random.Random) -> list[str]:
    """Return 20,000 words, the frequent ones first."""
    made = _SYLLABLES.split()
    letters = "aăâbcdđeêghiklmnoôơpqrstuưvxy"
    while len(made) < 20_000:
        made.append("".join(rng.choice(letters) for _ in range(rng.randint(2, 7))))
    return made


def spoken(
    rng: random.Random, words: list[str], weights: list[float], count: int
) -> PipelineResult:
    """Return a result of `count` words at about 2.8 words a second."""
    said = rng.choices(words, cum_weights=weights, k=count)
    segments = []
    now = 0.0
    for first in range(0, count, 16):
        row = []
        for text in said[first : first + 16]:
            row.append(Word(round(now, 2), round(now + 0.3, 2), text, 0.93))
            now += 0.36
        text = " ".join(word.text for word in row)
        segments.append(ASRSegment(row[0].start, row[-1].end, text, 0.93, tuple(row)))
        now += 0.3
    held = tuple(segments)
    paragraphs = tuple(
        Paragraph(held[at].start, held[at].end, held[at].text, at, at)
        for at in range(0, len(held), 8)
    )
    text = " ".join(said)
    return PipelineResult(
        held,
        text,
        text,
        SummaryResult("Cuộc họp", (held[0].text,), held[0].text, {}, ((0,),)),
        {"total": 1.0},
        {"audio_duration": now},
        {"language": "vi"},
        paragraphs,
        ASRResult(held, text, now),
    )


def build(folder: Path) -> None:
    """Fill the library in `folder` up to its size, through the same call as the app."""
    rng = random.Random(7)
    words = vocabulary(rng)
    total = 0.0
    weights = [total := total + 1 / (rank + 3) for rank in range(len(words))]
    began = time.process_time()
    with Library(folder) as library:
        if library.count(title="10 giờ") == 0:
            long = spoken(rng, words, weights, round(LONG_HOURS * 3600 * 2.65))
            library.store(long, title="Bản 10 giờ", created=1.0)
        for number in range(library.count(), TRANSCRIPTS):
            library.store(
                spoken(rng, words, weights, WORDS),
                title=f"Cuộc họp số {number}",
                created=1_600_000_000.0 + number * 3600,
                tags=("họp",) if number % 3 == 0 else (),
            )
    print(f"built with {time.process_time() - began:.0f} s of processor time")


def timed(what: str, call: Callable[[], object], tries: int) -> None:
    """Print the median and the worst time of `tries` calls."""
    taken, worked = [], []
    for _ in range(tries):
        began, busy = time.perf_counter(), time.process_time()
        call()
        taken.append((time.perf_counter() - began) * 1000)
        worked.append((time.process_time() - busy) * 1000)
    wall, processor = statistics.median(taken), statistics.median(worked)
    print(f"{what:<48} {wall:8.1f} {processor:9.1f} {max(taken):8.1f} {tries:5}")


def measure(folder: Path) -> None:
    """Print the table."""
    with Library(folder) as library:
        everything = library.entries()
        size = (folder / "library.sqlite3").stat().st_size / 2**20
        words = sum(entry.words for entry in everything)
        print(f"{len(everything)} transcripts, {words / 1e6:.1f} million words, {size:.0f} MiB")
        print(f"{'ms':<48} {'wall':>8} {'processor':>9} {'worst':>8} {'tries':>5}")
        timed("open the library", lambda: Library(folder).close(), 9)
        timed("list all", library.entries, 9)
        timed("list the first 100", lambda: library.entries(limit=100), 21)
        timed("list by a part of the title", lambda: library.entries(title="so 77"), 9)
        for query in (
            "khong",
            "không",
            "tieng viet",
            '"ngân hàng"',
            "ngan hang khach",
            "zzzz",
            "tha*",
        ):
            timed(f"search {query}", lambda query=query: library.search(query), 9)
        rng = random.Random(3)
        rare = vocabulary(random.Random(7))
        timed("search a word at random", lambda: library.search(rng.choice(rare)), 200)
        (long,) = (entry.id for entry in library.entries(title="10 gio"))
        timed("open a transcript of 10 hours", lambda: library.transcript(long), 9)
        timed("open it as a result, with the original", lambda: library.result(long), 5)
        keys = [segment.key for segment in library.transcript(long).segments]
        texts = iter(range(10**6))
        timed(
            "edit one of its segments, on the disk",
            lambda: library.edit(
                long, EditText(rng.choice(keys), f"xin chào các bạn lần {next(texts)}")
            ),
            100,
        )
        timed("undo an edit, on the disk", lambda: library.undo(long), 100)


def screen(folder: Path) -> None:
    """Print how long the library screen takes to its first list and to what a search finds."""
    os.environ["OMOAI_LIBRARY__FOLDER"] = str(folder)
    opened, searched = [], []
    for number in range(7):
        first, found = asyncio.run(_visit(folder, QUERIES[number % len(QUERIES)]))
        if number:  # the first visit of a process imports the screen
            opened.append(first)
            searched.append(found)
    for what, taken in (
        ("key to the list on the screen", opened),
        ("last letter to hits", searched),
    ):
        print(f"{what:<48} {statistics.median(taken):8.1f} ms, worst {max(taken):8.1f} ms")


QUERIES = ("tieng viet", "ngân hàng", "khong", "thi truong", "hôm nay")


async def _visit(folder: Path, query: str) -> tuple[float, float]:
    from omoai_tui.app import OmoaiApp
    from omoai_tui.screens.library_screen import LibraryScreen
    from omoai_tui.widgets.library_list import LibraryList

    class Quiet(OmoaiApp):
        def _after_first_paint(self) -> None:
            """No engine: only the library is looked at."""

    app = Quiet(folder=str(folder))
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()

        async def until(ready: Callable[[LibraryList], bool]) -> float:
            began = time.perf_counter()
            while True:
                await asyncio.sleep(0.001)
                if isinstance(app.screen, LibraryScreen):
                    view = app.screen.query(LibraryList)
                    if view and ready(view.first()):
                        await pilot.pause()
                        return (time.perf_counter() - began) * 1000

        app.simulate_key("l")
        first = await until(lambda view: len(view.rows) >= TRANSCRIPTS)
        await pilot.press("slash", *query[:-1])
        await pilot.pause(0.5)
        view = app.screen.query_one(LibraryList)
        shown = view.rows
        app.simulate_key(query[-1])
        return first, await until(lambda view: view.rows is not shown)


if __name__ == "__main__":
    {"build": build, "measure": measure, "screen": screen}[sys.argv[1]](Path(sys.argv[2]))
