"""The words of segments with times in whole milliseconds, for formats that cut text anew.

In: segments in time order. Out: words in order whose starts never go backwards. Where a
segment's word objects do not spell its text, or there are none, its time is shared out in
proportion to length. In scripts without blanks between words the pieces are characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from omoai_engine.export.times import milliseconds
from omoai_engine.results import ASRSegment
from omoai_engine.text import one_line

# Longer than any word: what is so long is cut between characters, as in unspaced scripts.
_LONGEST_WORD = 42
_LETTERS_A_PIECE = 8
# Scripts without blanks between words: Thai, Lao, Tibetan, Burmese, Khmer, those of Java, Bali and
# the Tai peoples, Chinese and Japanese. Not Korean, nor Arabic, Hebrew and the scripts of India.
_UNSPACED = re.compile(
    "[\u0e01-\u0e5b\u0e81-\u0edf\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u1aaf\u1b00-\u1b7f"
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua980-\ua9df"
    "\ua9e0-\ua9ff\uaa60-\uaadf\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word with its marks, in milliseconds; `glued` where no blank stands before it."""

    start: int
    end: int
    text: str
    glued: bool = False


def timed_words(segments: Iterable[ASRSegment]) -> list[TimedWord]:
    """Return the words of `segments` in order; starts never go backwards, ends follow starts."""
    words: list[TimedWord] = []
    latest = 0
    for segment in segments:
        for word in _of_segment(segment):
            start = max(word.start, latest)
            words.append(TimedWord(start, max(word.end, start), word.text, word.glued))
            latest = start
    return words


def joined(words: Sequence[TimedWord]) -> str:
    """Return the words as one line of text."""
    parts = [
        word.text if word.glued or not at else f" {word.text}" for at, word in enumerate(words)
    ]
    return "".join(parts)


def columns(text: str) -> int:
    """Return the width of `text`: East Asian wide letters count two, combining signs none."""
    return len(text) if text.isascii() else sum(map(_columns_of, text))


@lru_cache(maxsize=4096)
def _columns_of(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _of_segment(segment: ASRSegment) -> list[TimedWord]:
    text = one_line(segment.text)
    spelled = [(one_line(word.text), word) for word in segment.words]
    spelled = [(piece, word) for piece, word in spelled if piece]
    if not spelled or "".join(p for p, _ in spelled).replace(" ", "") != text.replace(" ", ""):
        return _shared_out(text, milliseconds(segment.start), milliseconds(segment.end))
    words: list[TimedWord] = []
    at = 0
    for piece, word in spelled:
        glued = bool(words) and text[at : at + 1] != " "
        for letter in piece.replace(" ", ""):
            at = text.index(letter, at) + 1
        start, end = milliseconds(word.start), milliseconds(word.end)
        parts = _shared_out(piece, start, end) if columns(piece) > _LONGEST_WORD else None
        first, *rest = parts or [TimedWord(start, end, piece)]
        words += [TimedWord(first.start, first.end, first.text, glued), *rest]
    return words


def _shared_out(text: str, start: int, end: int) -> list[TimedWord]:
    """Give every piece of `text` its share of the time from `start` to `end`."""
    pieces = [
        (piece, bool(at))
        for token in text.split(" ")
        for at, piece in enumerate(divided(token))
        if piece
    ]
    length = sum(len(piece) for piece, _ in pieces)
    span = max(end - start, 0)
    words: list[TimedWord] = []
    done = 0
    for piece, glued in pieces:
        begins = start + span * done // length
        done += len(piece)
        words.append(TimedWord(begins, start + span * done // length, piece, glued))
    return words


def divided(token: str) -> list[str]:
    """Cut a token of an unspaced script between letters, and one far too long every few letters;
    a mark or a combining sign stays with the letter before it."""
    unspaced = _UNSPACED.search(token) is not None
    if not unspaced and columns(token) <= _LONGEST_WORD:
        return [token]
    pieces: list[str] = []
    most = 1 if unspaced else _LETTERS_A_PIECE
    for letter in token:
        if pieces and (len(pieces[-1]) < most or unicodedata.category(letter)[0] in "MP"):
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces
