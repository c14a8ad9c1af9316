"""Where speech without a long pause turns to another topic.

In: the segments of a stretch that has become too long for one paragraph. Out: before which of
them a new one begins best. As in TextTiling (Hearst, 1997): the words on both sides of each border
are compared, and that border is taken whose likeness lies deepest below the peaks beside it, among
those where a sentence seems to end; a pause speaks for a border too. The same segments give the
same answer, whatever came before and after; the work is bounded by the length of a paragraph.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from omoai_engine.postprocess.terms import terms
from omoai_engine.results import ASRSegment

_BLOCK_TERMS = 60
"""Compared on each side at most: three or four sentences."""
_PAUSE_WORTH = 0.2
_MOST_PAUSE = 2.0


def best_border(
    segments: Sequence[ASRSegment],
    pauses: Sequence[float],
    lengths: Sequence[int],
    ends: Sequence[bool],
    *,
    least: int,
    behind: int,
    language: str | None,
) -> int | None:
    """Return the index of the segment before which a paragraph begins best.

    Args:
        segments: in time order, without a pause that ends a paragraph.
        pauses: before each segment, as a multiple of the speaker's usual pause.
        lengths: the words of each segment.
        ends: whether a sentence seems to end behind each segment.
        least: words that must stand before the border.
        behind: words that must stand behind it.
        language: ISO 639 code, if it is known.

    Returns None where no border leaves so many words on both sides.
    """
    code = (language or "").casefold().split("-")[0]
    heard = [terms(segment.text, code) for segment in segments]
    before = 0
    borders: list[int] = []
    for at in range(1, len(segments)):
        before += lengths[at - 1]
        if before >= least and sum(lengths[at:]) >= behind:
            borders.append(at)
    if not borders:
        return None
    borders = [at for at in borders if ends[at - 1]] or borders
    likeness = [_likeness(heard[:at], heard[at:]) for at in borders]
    scores = {}
    for number, at in enumerate(borders):
        here = likeness[number]
        depth = max(likeness[: number + 1]) - here + max(likeness[number:]) - here
        scores[at] = depth + _PAUSE_WORTH * min(pauses[at], _MOST_PAUSE)
    # Of equals the later one: the paragraph is nearer to its wanted length.
    return max(borders, key=lambda at: (scores[at], at))


def _likeness(before: Sequence[Sequence[str]], after: Sequence[Sequence[str]]) -> float:
    """Return the cosine of the terms next to a border, 0 to 1."""
    left = Counter([term for part in before for term in part][-_BLOCK_TERMS:])
    right = Counter([term for part in after for term in part][:_BLOCK_TERMS])
    shared = sum(times * right[term] for term, times in left.items())
    size = math.sqrt(sum(n * n for n in left.values()) * sum(n * n for n in right.values()))
    return shared / size if size else 0.0
