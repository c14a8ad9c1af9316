"""Pictures of the app at three sizes and in two themes: every colour and attribute of every cell.

WRITE_GOLDEN=write makes them anew; look at them before they are committed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from samples import QuietApp, events
from textual.pilot import Pilot

from omoai_tui.history import History, Run
from omoai_tui.widgets.file_picker import FilePicker
from omoai_tui.widgets.files_pane import FileDetails

PICTURES = Path(__file__).parent / "golden" / "pictures"
SIZES = ((160, 48), (120, 36), (80, 24))
THEMES = ("omoai-night", "paper")


def plain_svg(svg: str) -> str:
    """Return a picture without the names that Textual makes up for each one."""
    number = re.search(r"terminal-(\d+)-", svg)
    assert number is not None
    svg = svg.replace(number[1], "0")
    # One cell run a line, so that a difference can be read.
    return re.sub(
        r"[ \t]+\n", "\n", svg.replace("/><rect", "/>\n<rect").replace("><text", ">\n<text")
    )


async def picture(pilot: Pilot[None]) -> str:
    await pilot.pause()
    return plain_svg(pilot.app.export_screenshot(title="OmoAI"))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_what_a_job_looks_like(tmp_path: Path, size: tuple[int, int], theme: str) -> None:
    app = QuietApp(tmp_path, theme=theme)
    async with app.run_test(size=size) as pilot:
        picker = app.bench.query_one(FilePicker)
        for _ in range(200):
            if picker._folders.get(picker.root) is not None:
                break
            await pilot.pause(0.01)
        app.conductor.take_history(
            History(tuple(Run("whisper-base", 60, 60 / n) for n in (4, 6, 5, 7, 6)))
        )
        job = app.begin()
        job.elapsed, job.memory_mib = 9.0, 430.0
        app.tell_events(job, events())
        await pilot.press("2", "home", "down", "down")
        await pilot.pause()
        picker.say_note("<folder>")
        app.bench.query_one(FileDetails).show(None)
        shown = await picture(pilot)
    path = PICTURES / f"{size[0]}x{size[1]}-{theme}.svg"
    if os.environ.get("WRITE_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8"), "look at it; WRITE_GOLDEN=write keeps it"


@pytest.mark.parametrize("theme", THEMES)
async def test_a_picture_is_the_same_twice(tmp_path: Path, theme: str) -> None:
    shown = set()
    for _ in range(2):
        app = QuietApp(tmp_path, theme=theme)
        async with app.run_test(size=(80, 24)) as pilot:
            app.tell_events(app.begin(), events())
            await pilot.press("3")
            shown.add(await picture(pilot))
    assert len(shown) == 1
