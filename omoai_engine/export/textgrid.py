"""Praat TextGrid: tiers of segments and of words, in the long text format.

In: a `PipelineResult`. Out: UTF-8 text; every tier covers the whole recording without a hole or
an overlap, as Praat wants it, silence as empty intervals. What has no extent in time gets a
millisecond; quotation marks are doubled.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from omoai_engine.export.timed_words import timed_words
from omoai_engine.export.times import milliseconds
from omoai_engine.results import PipelineResult
from omoai_engine.text import one_line


@dataclass(frozen=True, slots=True)
class _Interval:
    start: int
    end: int
    text: str


def to_textgrid(result: PipelineResult) -> str:
    """Return the grid: the tier `segments`, the tier `words`, and `speakers` if known."""
    told = [s for s in result.segments if one_line(s.text)]
    segments = _laid((milliseconds(s.start), milliseconds(s.end), one_line(s.text)) for s in told)
    words = _laid((word.start, word.end, word.text) for word in timed_words(told))
    tiers = [("segments", segments), ("words", words)]
    if any(s.speaker for s in told):
        names = (one_line(s.speaker or "") for s in told)
        times = ((i.start, i.end) for i in segments)
        tiers.append(
            ("speakers", [_Interval(*t, name) for t, name in zip(times, names, strict=True)])
        )
    total = milliseconds(result.performance.get("audio_duration", 0.0))
    end = max([total, 1, *(tier[-1].end for _, tier in tiers if tier)])
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {_seconds(end)}",
        "tiers? <exists>",
        f"size = {len(tiers)}",
        "item []:",
    ]
    for number, (name, tier) in enumerate(tiers, start=1):
        lines += _tier(number, name, _filled(tier, end), end)
    return "\n".join(lines) + "\n"


def _laid(pieces: Iterable[tuple[int, int, str]]) -> list[_Interval]:
    """Return intervals in order, each at least a millisecond, none over another."""
    waiting = list(pieces)
    made: list[_Interval] = []
    latest = 0
    for at, (start, end, text) in enumerate(waiting):
        begins = max(start, latest)
        following = waiting[at + 1][0] if at + 1 < len(waiting) else None
        ends = max(end, begins)
        if following is not None:
            ends = min(ends, max(following, begins))
        made.append(_Interval(begins, max(ends, begins + 1), text))
        latest = made[-1].end
    return made


def _filled(tier: Sequence[_Interval], end: int) -> list[_Interval]:
    made: list[_Interval] = []
    at = 0
    for interval in tier:
        if interval.start > at:
            made.append(_Interval(at, interval.start, ""))
        made.append(interval)
        at = interval.end
    if at < end:
        made.append(_Interval(at, end, ""))
    return made


def _tier(number: int, name: str, intervals: Sequence[_Interval], end: int) -> list[str]:
    lines = [
        f"    item [{number}]:",
        '        class = "IntervalTier"',
        f'        name = "{name}"',
        "        xmin = 0",
        f"        xmax = {_seconds(end)}",
        f"        intervals: size = {len(intervals)}",
    ]
    for at, interval in enumerate(intervals, start=1):
        text = interval.text.replace('"', '""')
        lines += [
            f"        intervals [{at}]:",
            f"            xmin = {_seconds(interval.start)}",
            f"            xmax = {_seconds(interval.end)}",
            f'            text = "{text}"',
        ]
    return lines


def _seconds(time: int) -> str:
    return f"{time // 1000}.{time % 1000:03d}"
