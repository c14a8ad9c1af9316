"""What a person typed into a segment and has not kept yet: a small file for each transcript.

Read when a transcript is opened, written by a thread while somebody types (`late_writer`: also
where the library's disk is silent); gone when nothing is left.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from omoai_tui import state, texts
from omoai_tui.late_writer import late

_typed: dict[Path, dict[int, str]] = {}
"""What was last to be written, for who asks before it is."""


def _path(entry: int) -> Path:
    return state.folder() / "drafts" / f"{entry}.json"


def read_drafts(entry: int) -> dict[int, str]:
    """Return the drafts by the key of their segment. Waits for the disk."""
    path = _path(entry)
    if late.waits(path):
        return dict(_typed.get(path, {}))
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    return {
        int(key): text
        for key, text in document.items()
        if isinstance(text, str) and key.isdecimal() and key.isascii()
    }


def write_drafts(entry: int, drafts: dict[int, str]) -> None:
    """Keep these, soon on the disk; never waits."""
    path, drafts = _path(entry), dict(drafts)
    _typed[path] = drafts
    late.write(path, texts.DISK_TYPED, lambda: _write(path, drafts))


def _write(path: Path, drafts: dict[int, str]) -> None:
    if drafts:
        state.write_json(path, {str(key): text for key, text in drafts.items()})
    else:
        with contextlib.suppress(OSError):
            path.unlink()
