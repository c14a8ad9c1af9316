"""Times as people and subtitle formats write them. In: seconds, never negative in the output."""

from __future__ import annotations

import math


def milliseconds(seconds: float) -> int:
    """Return whole milliseconds, at least 0; what is not a finite number counts as 0."""
    return max(round(seconds * 1000), 0) if math.isfinite(seconds) else 0


def clock(seconds: float) -> str:
    """Return `hh:mm:ss`, the second that has begun; hours grow beyond two digits."""
    whole = milliseconds(seconds) // 1000
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def precise_clock(total_milliseconds: int, *, point: str) -> str:
    """Return `hh:mm:ss,mmm` with `point` before the milliseconds; hours grow beyond two
    digits."""
    seconds, thousandths = divmod(total_milliseconds, 1000)
    return f"{clock(seconds)}{point}{thousandths:03d}"
