"""What a person typed into a segment and has not kept yet: a small file for each transcript.

Read when a transcript is opened, written while somebody types; gone when nothing is left.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from omoai_tui import state


def _path(entry: int) -> Path:
    return state.folder() / "drafts" / f"{entry}.json"


def read_drafts(entry: int) -> dict[int, str]:
    """Return the drafts by the key of their segment."""
    try:
        document = json.loads(_path(entry).read_bytes())
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
    """Keep these, on the disk."""
    if drafts:
        state.write_json(_path(entry), {str(key): text for key, text in drafts.items()})
    else:
        with contextlib.suppress(OSError):
            _path(entry).unlink()
