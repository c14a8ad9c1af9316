"""Real jobs of the command with the small model of tests/data, in a home of their own."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "data" / "tiny-chunkformer"


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the variables of such a job; `more` are added, or stand in place of these."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "OMOAI_ASR__ENGINE": "chunkformer",
        "OMOAI_ASR__MODEL": str(TINY),
        "OMOAI_ASR__LANGUAGE": "vi",
        "OMOAI_ASR__THREADS": "1",
        **more,
    }
