"""The lines in which a job keeps what it has recognised, and what they tell another run.

In: bytes that a killed job, a full disk or anybody may have left. Out: `Earlier`, whose times are
finite and in order and whose texts are clean; a line that makes no sense ends it. Times in seconds.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from omoai_engine.events import LanguageDetected, SpeechDiscarded
from omoai_engine.results import ASRSegment, Word
from omoai_engine.text import clean_text, one_line

FORMAT = 1
_MOST_SECONDS = 1e9


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier run recognised: firm segments in order.

    `recognized`: the seconds of the whole recording where all of it was recognised, else `None`;
    `entry`: the number in the library under which the segments are kept, if they are; `file`: the
    bytes and the time of the last change (ns) of the file that they were recognised from.
    """

    segments: tuple[ASRSegment, ...]
    recognized: float | None = None
    language: LanguageDetected | None = None
    discarded: tuple[SpeechDiscarded, ...] = ()
    entry: int | None = None
    file: tuple[int, int] | None = field(default=None, compare=False)

    @property
    def end(self) -> float:
        """Where the next words are to be sought, in seconds."""
        return self.segments[-1].end if self.segments else 0.0


def read_lines(descriptor: int, of: tuple[int, int]) -> tuple[Earlier | None, int]:
    """Return what the file holds, which is about `of`, and how many of its bytes make sense."""
    with os.fdopen(os.dup(descriptor), "rb") as file:
        data = file.read()
    segments: list[ASRSegment] = []
    discarded: list[SpeechDiscarded] = []
    language, recognized, entry = None, None, None
    length = 0
    for line in _whole_lines(data):
        try:
            content = json.loads(line)
            ((kind, value),) = content.items()
            if kind == "segment":
                segments.append(_unpacked(value))
            elif kind == "language":
                language = LanguageDetected(
                    one_line(str(value["language"])), _share(value["probability"])
                )
            elif kind == "discarded":
                span = _span(value["start"], value["end"])
                told = (clean_text(str(value[name])) for name in ("text", "reason"))
                discarded.append(SpeechDiscarded(*span, *told))
            elif kind == "recognized":
                _, recognized = _span(0.0, value)
            elif kind == "entry":
                entry = int(value)
            elif content != {"format": FORMAT}:
                break
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
            break  # what follows is recognised again
        length += len(line)
    if not segments:
        return None, 0
    return Earlier(tuple(segments), recognized, language, tuple(discarded), entry, of), length


def _whole_lines(data: bytes) -> Iterator[bytes]:
    return (line for line in data.splitlines(keepends=True) if line.endswith(b"\n"))


def packed(segment: ASRSegment) -> list[Any]:
    """Return a segment as JSON can hold it."""
    words = [
        [word.start, word.end, word.text, word.confidence, word.alternatives]
        for word in segment.words
    ]
    return [segment.start, segment.end, segment.text, segment.confidence, words]


def _unpacked(value: list[Any]) -> ASRSegment:
    start, end, text, confidence, words = value
    return ASRSegment(
        *_span(start, end),
        clean_text(str(text)),
        None if confidence is None else _share(confidence),
        tuple(
            Word(
                *_span(begins, ends),
                clean_text(str(word)),
                None if sure is None else _share(sure),
                tuple((clean_text(str(other)), _share(likely)) for other, likely in others),
            )
            for begins, ends, word, sure, others in words
        ),
    )


def _span(start: object, end: object) -> tuple[float, float]:
    """Return two times in order, in seconds; raises `ValueError` for what is none."""
    first, last = float(start), float(end)  # type: ignore[arg-type]
    if not (-_MOST_SECONDS < first < _MOST_SECONDS and -_MOST_SECONDS < last < _MOST_SECONDS):
        raise ValueError("no times")
    first = max(0.0, first)
    return first, max(first, last)


def _share(value: object) -> float:
    """Return a number from 0 to 1; raises `ValueError` for what is none."""
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise ValueError("no number")
    return min(1.0, max(0.0, number))
