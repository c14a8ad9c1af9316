"""Edits made while a job still runs, kept when its later stages arrive.

In: the segments as the recogniser gave them, as they stand after a person's edits, and what the
pipeline made in the end. Out: the segments to keep. What a person touched stays as it is, to the
letter; everything else takes the pipeline's last word. Nothing said is written twice: where the
pipeline cut the sound anew, only words outside the touched spans come from it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from omoai_engine.library.aligning import in_order
from omoai_engine.library.records import END_POSITION, Segment, next_position
from omoai_engine.results import ASRSegment


@dataclass(frozen=True, slots=True)
class Rebased:
    """`segments` in order; `keys[i]` is the segment that final segment `i` went into, `None`
    where a person had taken it out."""

    segments: tuple[Segment, ...]
    keys: tuple[int | None, ...]


def rebase(
    base: Sequence[Segment],
    current: Sequence[Segment],
    final: Sequence[ASRSegment],
    *,
    next_key: int,
) -> Rebased:
    """Return `current` with what `final` says wherever nobody edited.

    `base` are the segments as they came, all of them, with their keys; `next_key` is the first
    key that was never used.
    """
    now = {segment.key: segment for segment in current}
    touched = {
        segment.key for segment in base if (kept := now.get(segment.key)) is None or kept.edited
    }
    if _same_cut(base, final):
        return _by_key(base, now, touched, final)
    return _by_time(base, current, touched, final, next_key)


def from_asr(segment: ASRSegment, key: int, position: str) -> Segment:
    """Return a pipeline's segment as the library holds one."""
    return Segment(
        key,
        position,
        segment.start,
        segment.end,
        segment.text,
        segment.confidence,
        segment.speaker,
        segment.words,
    )


def _same_cut(base: Sequence[Segment], final: Sequence[ASRSegment]) -> bool:
    return len(base) == len(final) and all(
        abs(a.start - b.start) < 1e-3 and abs(a.end - b.end) < 1e-3
        for a, b in zip(base, final, strict=True)
    )


def _by_key(
    base: Sequence[Segment],
    now: Mapping[int, Segment],
    touched: set[int],
    final: Sequence[ASRSegment],
) -> Rebased:
    fresh = {
        old.key: from_asr(new, old.key, old.position)
        for old, new in zip(base, final, strict=True)
        if old.key not in touched
    }
    kept = {key: segment for key, segment in now.items() if key not in fresh}
    segments = sorted([*fresh.values(), *kept.values()], key=lambda segment: segment.position)
    keys = tuple(old.key if old.key in fresh or old.key in kept else None for old in base)
    return Rebased(tuple(segments), keys)


def _by_time(
    base: Sequence[Segment],
    current: Sequence[Segment],
    touched: set[int],
    final: Sequence[ASRSegment],
    next_key: int,
) -> Rebased:
    held = [segment for segment in base if segment.key in touched]
    base_keys = {segment.key for segment in base}
    kept = [s for s in current if s.edited or s.key in touched or s.key not in base_keys]
    spans = _joined([(s.start, s.end) for s in [*held, *kept]])
    outside = [_outside(segment, spans) for segment in final]
    # A new segment takes a place after everything touched, kept or undoable, that begins
    # before it, so that an undo later still lands in order.
    fixed = sorted({(s.start, s.position) for s in [*held, *kept]}, key=lambda pair: pair[1])
    segments = list(kept)
    keys: list[int | None] = []
    latest = ""
    for part in outside:
        if part is None:
            keys.append(None)
            continue
        below = max((p for start, p in fixed if start <= part.start), default="")
        below = max(below, latest)
        above = min((p for _, p in fixed if p > below), default=END_POSITION)
        latest = next_position(below, above)
        segments.append(from_asr(part, next_key, latest))
        keys.append(next_key)
        next_key += 1
    return Rebased(tuple(sorted(segments, key=lambda segment: segment.position)), tuple(keys))


def _joined(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def _outside(segment: ASRSegment, spans: Sequence[tuple[float, float]]) -> ASRSegment | None:
    """Return what of `segment` lies outside `spans`; itself where all does."""
    starts = [start for start, _ in spans]

    def inside(start: float, end: float) -> bool:
        middle = (start + end) / 2
        at = bisect_right(starts, middle) - 1
        return at >= 0 and middle < spans[at][1]

    if not segment.words:
        return None if inside(segment.start, segment.end) else segment
    left = [word for word in segment.words if not inside(word.start, word.end)]
    if len(left) == len(segment.words):
        return segment
    if not left:
        return None
    start, end = left[0].start, max(word.end for word in left)
    return replace(
        segment,
        start=start,
        end=end,
        text=" ".join(word.text for word in left),
        words=in_order(left, start, end),
    )
