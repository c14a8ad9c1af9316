"""What a person changed: the original recognition against the text as it stands.

In: two runs of segments in time order. Out: the places that differ, word by word, with their
time in the original. Case and punctuation count; times alone do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from omoai_engine.library.aligning import pieces
from omoai_engine.results import ASRSegment

_MOST_COMPARED = 4000


@dataclass(frozen=True, slots=True)
class Difference:
    """`before` became `after`; the place began at `start` and ended at `end` seconds."""

    start: float
    end: float
    before: str
    after: str


def diff(original: Sequence[ASRSegment], current: Sequence[ASRSegment]) -> tuple[Difference, ...]:
    """Return every place where the words of `current` are not those of `original`."""
    found: list[Difference] = []
    # First by whole segments: a long transcript has few that changed.
    matcher = SequenceMatcher(
        None, [one.text for one in original], [one.text for one in current], autojunk=False
    )
    latest = 0.0
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            found += _by_words(original[i1:i2], current[j1:j2], latest)
        if i2 > i1:
            latest = original[i2 - 1].end
    return tuple(found)


def _by_words(
    old: Sequence[ASRSegment], new: Sequence[ASRSegment], otherwise: float
) -> list[Difference]:
    before = [(piece, one) for one in old for piece in pieces(one.text)]
    after = [piece for one in new for piece in pieces(one.text)]
    keys = [piece for piece, _ in before]
    if max(len(keys), len(after)) > _MOST_COMPARED:
        opcodes = [("replace", 0, len(keys), 0, len(after))]
    else:
        opcodes = list(SequenceMatcher(None, keys, after, autojunk=False).get_opcodes())
    found = []
    for tag, i1, i2, j1, j2 in opcodes:
        if tag == "equal":
            continue
        if i2 > i1:
            start, end = before[i1][1].start, before[i2 - 1][1].end
        else:
            start = end = before[i1 - 1][1].end if i1 else (old[0].start if old else otherwise)
        found.append(Difference(start, end, " ".join(keys[i1:i2]), " ".join(after[j1:j2])))
    return found
