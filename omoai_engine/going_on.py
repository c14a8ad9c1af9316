"""Where a job goes on in a recording that an earlier run recognised up to some second.

The last seconds before that place are heard again, because words are recognised by what stands
around them; what was recognised there already is left out of the new segments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from omoai_engine.results import ASRSegment

HEARD_AGAIN_SECONDS = 12.0
_GRID_SECONDS = 5.12
"""A chunk of ChunkFormer as it is published: where the chunks lie as they lay, the words do too."""


def begin_before(border: float) -> float:
    """Return where decoding begins, in seconds, so that what comes after `border` is heard well."""
    return max(0.0, (border - HEARD_AGAIN_SECONDS) // _GRID_SECONDS * _GRID_SECONDS)


def words_after(segments: Iterable[ASRSegment], border: float) -> Iterator[ASRSegment]:
    """Yield what of the segments was said after `border` seconds, times of the recording.

    A word belongs to the side on which its middle lies.
    """
    for segment in segments:
        words = tuple(word for word in segment.words if (word.start + word.end) / 2 > border)
        if len(words) == len(segment.words):
            # Without times of its words: rather twice than not at all.
            if words or segment.end > border:
                yield segment
        elif words:
            text = " ".join(word.text for word in words)
            start = max(words[0].start, border)
            yield replace(segment, start=start, text=text, words=words)
