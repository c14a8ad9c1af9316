"""How long what unfinished jobs kept has waited: old files go, no jump of the clock takes one.

In: the folder of those files. Out: nothing but files removed that were first seen there long ago.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path

from omoai_engine.trusted_clock import trusted_before

KEPT_DAYS = 30.0
"""What nobody went on with is removed after so many days."""
_AGES = "first-seen"
_MOST_AGES_BYTES = 1 << 20


def forget_old(folder: Path, wanted: str, now: float) -> None:
    """Remove what nobody went on with for `KEPT_DAYS`; `wanted` is being gone on with.
    `now`: seconds since 1970, as the clock says. Raises `OSError`.

    The files' own times may come from a wrong clock: what counts is when each was first seen
    here, and days of a clock that goes as clocks do.
    """
    before = trusted_before(folder, now, KEPT_DAYS, "unfinished")
    known = _ages(folder)
    ages = {path.name: min(known.get(path.name, now), now) for path in folder.glob("*.jsonl")}
    ages[wanted] = now
    for name, age in list(ages.items()):
        if before is not None and age <= before:
            with contextlib.suppress(OSError):
                (folder / name).unlink()
                del ages[name]
    if ages != known:
        _write_ages(folder, ages)


def _ages(folder: Path) -> dict[str, float]:
    try:
        with (folder / _AGES).open("rb") as file:
            found = json.loads(file.read(_MOST_AGES_BYTES))
        return {str(name): float(age) for name, age in found.items()}
    except (OSError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return {}


def _write_ages(folder: Path, ages: dict[str, float]) -> None:
    descriptor, beside = tempfile.mkstemp(dir=folder, prefix=_AGES)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(ages, file)
        Path(beside).replace(folder / _AGES)
    except OSError:
        with contextlib.suppress(OSError):
            Path(beside).unlink()
        raise
