"""Whether the clock can be trusted with what is deleted for good after some days.

A clock that jumps (a flat battery, a wrong date that is mended) must not empty the bin. A small
file beside the library keeps when it was last looked at and since when the clock has gone in
steps that are plausible; only days of that count. In doubt the bin keeps what it has.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path

DAY_SECONDS = 86_400.0
LONGEST_STEP_SECONDS = 14 * DAY_SECONDS
"""A longer step between two looks may be a jump."""
_FILE = "library.bin-clock"
_BACK_SECONDS = 3600.0


def trusted_before(folder: Path, now: float, days: float) -> float | None:
    """Return the time before which what was deleted may go; `None`: nothing may go yet.

    `now`: seconds since 1970, as the clock says. With no days to wait the clock does not matter.
    """
    if days <= 0:
        return now
    seen, steady = _read(folder / _FILE) or (now, now)
    if not -_BACK_SECONDS <= now - seen <= LONGEST_STEP_SECONDS:
        steady = now
    try:
        _write(folder / _FILE, now, steady)
    except OSError:
        return None
    before = now - days * DAY_SECONDS
    return before if steady <= before else None


def _read(path: Path) -> tuple[float, float] | None:
    try:
        with path.open("rb") as file:
            kept = json.loads(file.read(200))
        return float(kept["seen"]), float(kept["steady"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _write(path: Path, seen: float, steady: float) -> None:
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump({"seen": seen, "steady": steady}, file)
        Path(beside).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(beside).unlink()
        raise
