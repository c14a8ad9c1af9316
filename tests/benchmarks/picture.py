"""Make the picture of the app that the README shows, from the real app and a real recording.

    python tests/benchmarks/picture.py OUT.svg [RECORDING] [COLUMNSxLINES] [THEME]

Runs the app without a screen, waits until the recording is transcribed, and writes the SVG that
Textual draws of it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from omoai_tui.app import OmoaiApp

DATA = Path(__file__).parents[1] / "data"


async def take(out: Path, recording: Path, size: tuple[int, int], theme: str) -> None:
    """Write the picture."""
    app = OmoaiApp([str(recording)], folder=str(recording.parent), theme=theme)
    async with app.run_test(size=size) as pilot:
        while not all(job.status.over for job in app.queue.jobs):
            await pilot.pause(0.2)
        app.clear_notifications()
        await pilot.press("2", "home", "down", "down")
        await pilot.pause(0.3)
        out.write_text(app.export_screenshot(title="omoai-tui"), encoding="utf-8")


def main() -> None:
    """Read the arguments and take the picture."""
    arguments = sys.argv[1:]
    out = Path(arguments[0])
    recording = Path(arguments[1]) if len(arguments) > 1 else DATA / "en-librivox-sonnet.mp3"
    columns, lines = (arguments[2] if len(arguments) > 2 else "132x38").split("x")
    theme = arguments[3] if len(arguments) > 3 else "omoai-night"
    os.environ["OMOAI_LIBRARY__KEEP"] = "false"  # a picture is nothing to find there
    asyncio.run(take(out, recording, (int(columns), int(lines)), theme))


if __name__ == "__main__":
    main()
