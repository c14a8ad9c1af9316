"""Sentences of a transcript, with the segments that each was spoken in.

In: segments in time order, punctuated or not. Out: sentences in order. A sentence may run over
several segments, and a segment may hold several. Where there are no marks, a sentence ends with
its segment. Never changes the text, except that runs of white space become one blank.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from omoai_engine.postprocess.words import MARKS, ends_sentence
from omoai_engine.results import ASRSegment

# Behind a mark that ends a sentence: white space, or nothing in scripts without blanks.
_BREAK = re.compile(r"(?<=[.?!…])[\"'”’»)\]]*\s+|(?<=[。？！])[」』”’]*\s*")
# The dot of a title or an initial ends nothing ("I." may end a sentence).
_TITLE_BEFORE_DOT = re.compile(r"\b(?:(?i:mrs?|ms|dr|st|prof|vs|tp)|[A-HJ-Z])\.$")
# Unmarked speech goes on for ever: what is longer is cut between words (about 60 of them).
_LONGEST = 400
# Recognisers forget marks: after such a pause (seconds) a capital begins a sentence all the same.
_PAUSE = 0.3


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and the indices `first..last` of the segments it was spoken in."""

    text: str
    first: int
    last: int


def sentences(segments: Sequence[ASRSegment]) -> Iterator[Sentence]:
    """Yield the sentences of `segments` in order."""
    marked = sum(ends_sentence(segment.text) for segment in segments)
    # A recogniser that writes marks ends many segments with one; where hardly any ends so, a
    # pause between segments is the only sign there is.
    unmarked = marked * 20 < len(segments)
    parts: list[str] = []
    first = 0
    for number, segment in enumerate(segments):
        for part in _parts(segment.text):
            if not parts:
                first = number
            parts.append(part)
            if unmarked or ends_sentence(part) or sum(map(len, parts)) > _LONGEST:
                yield Sentence(" ".join(parts), first, number)
                parts = []
        if parts and number + 1 < len(segments) and _begins_anew(segment, segments[number + 1]):
            yield Sentence(" ".join(parts), first, number)
            parts = []
    if parts:
        yield Sentence(" ".join(parts), first, len(segments) - 1)


def _begins_anew(segment: ASRSegment, following: ASRSegment) -> bool:
    """Say whether a mark is missing between two segments: a pause, then a capital."""
    return (
        segment.text.rstrip()[-1:] not in MARKS
        and following.text.lstrip()[:1].isupper()
        and following.start - segment.end >= _PAUSE
    )


def _parts(text: str) -> Iterator[str]:
    """Yield the pieces of one segment's text, cut behind every mark that ends a sentence."""
    start = 0
    for found in _BREAK.finditer(text):
        # The break takes closing quotes with it: they belong to the sentence before.
        piece = text[start : found.end()].strip()
        if _TITLE_BEFORE_DOT.search(piece):
            continue
        yield from _short(piece)
        start = found.end()
    yield from _short(text[start:])


def _short(text: str) -> Iterator[str]:
    """Yield `text` on one line; what is far too long comes in several pieces."""
    words: list[str] = []
    length = 0
    for word in text.split():
        words.append(word)
        length += len(word) + 1
        if length > _LONGEST:
            yield " ".join(words)
            words, length = [], 0
    if words:
        yield " ".join(words)
