"""The first paint waits for nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest
from terminal_session import ROOT

HEAVY = (
    "torch",
    "numpy",
    "faster_whisper",
    "ctranslate2",
    "onnxruntime",
    "av",
    "sounddevice",
    "pydantic",
    "pydantic_settings",
    "psutil",
    "omoai_engine.config",
    "omoai_engine.pipeline",
    "omoai_engine.export",
)
AT_FIRST_PAINT = """
import asyncio, sys
from omoai_tui.app import OmoaiApp
class Watched(OmoaiApp):
    def _after_first_paint(self):
        self.loaded = set(sys.modules)
        self.exit()
app = Watched(["tests/data/en-jfk.mp3"])
async def main():
    async with app.run_test(size=(120, 36)) as pilot:
        while not hasattr(app, "loaded"):
            await pilot.pause(0.02)
asyncio.run(main())
print("\\n".join(app.loaded))
"""
IMPORTED = "import sys, omoai_tui.__main__, omoai_tui.app; print('\\n'.join(sys.modules))"


@pytest.mark.parametrize("program", [IMPORTED, AT_FIRST_PAINT])
def test_nothing_heavy_is_loaded(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    loaded = set(done.stdout.split())
    assert "omoai_tui.app" in loaded
    assert loaded.isdisjoint(HEAVY), sorted(loaded.intersection(HEAVY))


def test_the_command_line_alone_does_not_load_textual() -> None:
    program = "import sys, omoai_tui.__main__ as m; m.parser(); print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert "textual" not in done.stdout.split()
