"""A transcript that is plain text: with times at its paragraphs, or with none at all.

In: text as `export` writes it with times (`[hh:mm:ss]` at the front of a paragraph), or any text,
and how long its sound is. Out: a segment a sentence, in the order of the text, in time order. Times
that the text does not give are shared out by letters, and the caller is told that they are guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from omoai_engine.results import ASRSegment
from omoai_engine.text import clean_text, one_line

# Where neither text nor sound says how long it is: a calm speaker.
LETTERS_A_SECOND = 14.0
_MARK = re.compile(r"^\s*[\[(]?(?:(\d{1,3}):)?(\d{1,3}):(\d{2})(?:[.,]\d{1,3})?[\])]?[ \t:–-]*")
_BRACKET = re.compile(r"^\s*[\[(]")
_SENTENCE = re.compile(r"[^.?!…。？！]+[.?!…。？！]*[\"'”’»)\]]*\s*|[.?!…。？！]+\s*")


@dataclass(slots=True)
class _Block:
    start: float | None
    text: str


def read_plain(text: str, duration: float | None) -> tuple[list[ASRSegment], bool]:
    """Return the segments of a text, and whether any time is guessed.

    `duration` is the length of the sound in seconds, if that is known.
    """
    blocks = _blocks(clean_text(text))
    letters = [max(1, len(block.text)) for block in blocks]
    starts = _starts(blocks, letters, duration)
    segments: list[ASRSegment] = []
    for at, block in enumerate(blocks):
        begin = starts[at]
        after = starts[at + 1] if at + 1 < len(blocks) else _end(begin, letters[at], duration)
        share = (after - begin) / letters[at]
        position = 0
        sentences = [m.group() for m in _SENTENCE.finditer(block.text)] or [block.text]
        for sentence in sentences:
            start = begin + position * share
            position += len(sentence)
            said = one_line(sentence)
            if said:
                segments.append(
                    ASRSegment(round(start, 3), round(begin + position * share, 3), said)
                )
    # Even where paragraphs bring their times, those of their sentences are guessed.
    return segments, bool(segments)


def _blocks(text: str) -> list[_Block]:
    """Paragraphs at empty lines; where there are none, or where lines bring times, lines."""
    lines = text.split("\n")
    timed = any(_BRACKET.match(line) and _MARK.match(line) for line in lines)
    pieces = text.split("\n\n") if "\n\n" in text.strip() and not timed else lines
    made: list[_Block] = []
    for piece in pieces:
        mark = _MARK.match(piece) if timed and _BRACKET.match(piece) else None
        said = one_line(piece[mark.end() :] if mark else piece)
        if mark:
            hours, minutes, seconds = (int(part or 0) for part in mark.groups())
            made.append(_Block(hours * 3600.0 + minutes * 60 + seconds, said))
        elif said and timed and made:
            # A wrapped line goes on with the paragraph above it.
            made[-1].text = f"{made[-1].text} {said}".strip()
        elif said:
            made.append(_Block(None, said))
    return [block for block in made if block.text]


def _starts(blocks: list[_Block], letters: list[int], duration: float | None) -> list[float]:
    """Return when each block begins; never backwards."""
    total = sum(letters)
    speed = total / duration if duration else LETTERS_A_SECOND
    starts: list[float] = []
    now = 0.0
    for block, count in zip(blocks, letters, strict=True):
        now = max(now, block.start) if block.start is not None else now
        starts.append(now)
        now += 0.0 if block.start is not None else count / speed
    return starts


def _end(begin: float, letters: int, duration: float | None) -> float:
    if duration is not None and duration > begin:
        return duration
    return begin + letters / LETTERS_A_SECOND
