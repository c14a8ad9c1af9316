"""A vLLM plugin of the tests that makes the engine fail from the outside.

vLLM loads it by itself in every process that finds the distribution on its path: the parent sets
`PYTHONPATH`, as a person may. That many steps raise as a file beside it says.
"""

from __future__ import annotations

from pathlib import Path

_PLUGIN = """
import pathlib

FAIL = pathlib.Path({marker!r})


def register():
    from vllm.v1.engine.core import EngineCore

    if getattr(EngineCore, "breaks", False):
        return
    usual = EngineCore.step
    EngineCore.breaks = True
    taken = []

    def step(self):
        taken.append(None)
        left = int(FAIL.read_text()) if FAIL.exists() else 0
        if left and len(taken) > 5:
            FAIL.write_text(str(left - 1))
            raise RuntimeError("a planted failure\\nof the engine")
        return usual(self)

    EngineCore.step = step
"""


class Breaking:
    """Installs the plugin into `folder`, which is to stand on `PYTHONPATH`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._marker = folder / "failures"
        about = folder / "omoai_breaking-1.0.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: omoai-breaking\nVersion: 1.0\n"
        )
        (about / "entry_points.txt").write_text(
            "[vllm.general_plugins]\nbreaking = omoai_breaking:register\n"
        )
        (folder / "omoai_breaking.py").write_text(_PLUGIN.format(marker=str(self._marker)))

    def fail(self, times: int) -> None:
        """Let the next `times` steps fail, each of an engine that took a few before."""
        self._marker.write_text(str(times))

    @property
    def left(self) -> int:
        """How many of the failures have not happened yet."""
        return int(self._marker.read_text())
