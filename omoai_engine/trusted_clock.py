"""Whether the clock can be trusted with what is deleted for good after some days.

A clock that jumps (a flat battery, a wrong date that is mended) must not empty the bin of the
library, nor remove what unfinished jobs kept. A small file in their folder keeps when it was last
looked at and since when the clock has gone in steps that are plausible; only days of that count.
In doubt everything is kept.
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
_ENDING = ".bin-clock"
_BACK_SECONDS = 3600.0


def trusted_before(folder: Path, now: float, days: float, name: str = "library") -> float | None:
    """Return the time before which what was deleted may go; `None`: nothing may go yet.

    `now`: seconds since 1970, as the clock says. With no days to wait the clock does not matter.
    `name`: of what is deleted there.
    """
    if days <= 0:
        return now
    noted = folder / (name + _ENDING)
    seen, steady = _read(noted) or (now, now)
    if not -_BACK_SECONDS <= now - seen <= LONGEST_STEP_SECONDS:
        steady = now
    try:
        _write(noted, now, steady)
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
