"""Segments taken apart into bare words with pauses, and put together again with marks.

In: the segments of one paragraph. Out: the same segments with new text; times, confidences,
alternatives and the number of segments stay. Where a segment's words do not spell its text, the
text counts and the word objects are left as they are. Never changes a word: marks at the
edges of tokens go and come, letters change their case, nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from omoai_engine.control import JobControl
from omoai_engine.postprocess.languages import Language
from omoai_engine.postprocess.pauses import PauseScale
from omoai_engine.postprocess.punctuate import punctuated
from omoai_engine.postprocess.words import bare, ends_sentence, tokens
from omoai_engine.results import ASRSegment, Word

ABBREVIATION = re.compile(r"(?:[^\W\d_]\.){2,}|(?:mr|mrs|ms|dr|st|prof|tp|vs)\.", re.IGNORECASE)
# Fewer letters than this in capitals may be an acronym; more are a recogniser that knows no
# other case.
_SHOUTING = 12


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A bare word, the segment it belongs to and the word object that it is, if one is;
    `opens` where the recogniser began a sentence with it, `number` its place in the segment."""

    text: str
    segment: int
    word: Word | None
    opens: bool
    number: int


def rewritten(
    segments: Sequence[ASRSegment], scale: PauseScale, language: Language, control: JobControl
) -> tuple[ASRSegment, ...]:
    """Return `segments` with marks and capitals placed anew by the rules.

    Marks at the edges of tokens are taken off first; tokens of marks alone vanish. Once `control`
    is cancelled, what is left of an endless paragraph gets no more marks.
    """
    pieces = [piece for at, segment in enumerate(segments) for piece in taken_apart(segment, at)]
    texts = punctuated(
        _without_sentence_case(pieces, language),
        _pauses(pieces, segments, scale),
        language,
        stopped=control.is_set,
    )
    grouped: list[list[tuple[str, Word | None]]] = [[] for _ in segments]
    for piece, text in zip(pieces, texts, strict=True):
        grouped[piece.segment].append((text, piece.word))
    return tuple(put_together(*pair) for pair in zip(segments, grouped, strict=True))


def taken_apart(segment: ASRSegment, number: int) -> list[SpokenWord]:
    """Return the bare words of `segment`, which is number `number` of its paragraph."""
    written = tokens(segment.text)
    spoken: Sequence[Word | None] = segment.words
    if [word.text.strip() for word in segment.words] != written:
        spoken = [None] * len(written)
    pieces: list[SpokenWord] = []
    opens = True
    for place, (token, word) in enumerate(zip(written, spoken, strict=True)):
        text = token if ABBREVIATION.fullmatch(token) else bare(token)
        if text:
            pieces.append(SpokenWord(text, number, word, opens, place))
        opens = ends_sentence(token)
    return pieces


def _without_sentence_case(pieces: Sequence[SpokenWord], language: Language) -> list[str]:
    """Take off the capitals that stood for sentence beginnings, as far as that is certain."""
    texts = [piece.text for piece in pieces]
    letters = [letter for text in texts for letter in text if letter.isalpha()]
    if len(letters) >= _SHOUTING and all(letter.isupper() for letter in letters):
        return [text.lower() for text in texts]
    common = language.opens | language.joins | language.question_words | language.auxiliaries
    return [
        text.lower() if piece.opens and text.istitle() and text.lower() in common else text
        for piece, text in zip(pieces, texts, strict=True)
    ]


def _pauses(
    pieces: Sequence[SpokenWord], segments: Sequence[ASRSegment], scale: PauseScale
) -> list[float | None]:
    """Return the pause after each word on the speaker's scale; `None` where it is not known."""
    pauses: list[float | None] = []
    for piece, following in pairwise(pieces):
        if piece.segment != following.segment:
            # Between segments the gap is known even where single words have no times.
            end = piece.word.end if piece.word else segments[piece.segment].end
            start = following.word.start if following.word else segments[following.segment].start
            pauses.append(scale.strength(start - end))
        elif piece.word is None or following.word is None:
            pauses.append(None)
        else:
            pauses.append(scale.strength(following.word.start - piece.word.end))
    return [*pauses, None] if pieces else []


def put_together(segment: ASRSegment, texts: Sequence[tuple[str, Word | None]]) -> ASRSegment:
    """Return `segment` with these words as its text; times and confidences stay."""
    words = tuple(replace(word, text=text) for text, word in texts if word is not None)
    return replace(
        segment,
        text=" ".join(text for text, _ in texts),
        words=words if len(words) == len(texts) else segment.words,
    )
