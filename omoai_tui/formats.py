"""Numbers as people read them. Pure functions; times are seconds, sizes are bytes."""

from __future__ import annotations


def clock(seconds: float, *, hours: bool | None = None) -> str:
    """Return `0:05`, `12:34` or `1:02:03`; `hours` forces the place for hours on or off."""
    whole = max(0, int(seconds))
    minutes, rest = divmod(whole, 60)
    if hours is None:
        hours = minutes >= 60
    if not hours:
        return f"{minutes}:{rest:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def duration(seconds: float) -> str:
    """Return a length of time to look at: `0.42 s`, `7.3 s`, `1:05`."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return clock(seconds)


def speed(audio: float, elapsed: float) -> str:
    """Return how many times faster than real time: `7.1×`, `140×`; empty when unknown."""
    if audio <= 0 or elapsed <= 0:
        return ""
    times = audio / elapsed
    return f"{times:.1f}×" if times < 100 else f"{times:,.0f}×"


def size(count: float) -> str:
    """Return `812 B`, `4.2 kB`, `1.3 GB` (powers of 1000)."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError


def rate(value: float) -> str:
    """Return a rate to look at: `0.8`, `42`."""
    return f"{value:.1f}" if value < 10 else f"{value:,.0f}"


def file_name(title: str) -> str:
    """Return a title as the stem of a file: no slashes, no leading dots, at most 120 bytes."""
    name = " ".join(title.replace("/", "-").replace("\\", "-").split()).lstrip(".").strip()
    name = name.encode("utf-8", "replace")[:120].decode("utf-8", "ignore").strip()
    return name or "transcript"
