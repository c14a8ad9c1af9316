"""Pieces of a transcript for a language model, the grammar that holds it to their words, and
what is taken from its answer: marks and the case of letters, never a word.

In: the segments of a paragraph as recognised and as punctuated without the model. Out: for every
word its text with the marks and the case of the model where the model wrote that word, else as
it was without it. A word that the model wrote otherwise is a suggestion and nothing more.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from omoai_engine.postprocess.rewriting import ABBREVIATION, SpokenWord, taken_apart
from omoai_engine.postprocess.words import bare, capitalised, ends_sentence, tokens
from omoai_engine.results import ASRSegment
from omoai_engine.text import clean_text, one_line

WRITTEN_MARKS = ".,?!:;…"
"""What a model may put behind a word."""
MOST_WORDS = 60
"""A grammar of a piece this long compiles in about 2 ms, and a small model does not lose itself."""
_LEAST_ALIKE = 0.6
"""An answer that shares fewer of its words with the piece is no punctuated form of it."""
_SUGGESTED_WORDS = 4
_SUGGESTED_LETTERS = 80
_ANSWER_FACTOR = 3
"""What is longer than so many times the piece is not looked at any further."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Neighbouring words of one paragraph: bare, with their marks of the rules (`base`), and
    the place of each (segment in the paragraph, word in the segment)."""

    words: tuple[str, ...]
    base: tuple[str, ...]
    places: tuple[tuple[int, int], ...]

    @property
    def text(self) -> str:
        """The bare words, NFC, with blanks between them."""
        return unicodedata.normalize("NFC", " ".join(self.words))


@dataclass(frozen=True, slots=True)
class Answer:
    """The words of a piece as the model marked them, and what it wrote instead of words
    `first..last` of the piece."""

    texts: tuple[str, ...]
    other_words: tuple[tuple[int, int, str], ...] = ()


def words_in(
    originals: Sequence[ASRSegment], punctuated: Sequence[ASRSegment]
) -> tuple[list[SpokenWord], list[str]] | None:
    """Return the words of a paragraph and their punctuated forms; None where the two do not
    stand word against word."""
    spoken = [word for at, segment in enumerate(originals) for word in taken_apart(segment, at)]
    base = [token for segment in punctuated for token in tokens(segment.text) if bare(token)]
    return (spoken, base) if len(spoken) == len(base) else None


def cut(spoken: Sequence[SpokenWord], base: Sequence[str], *, most_bytes: int) -> list[Piece]:
    """Cut the words of a paragraph into pieces of at most `MOST_WORDS` words and `most_bytes`
    UTF-8 bytes, between segments where that is possible."""
    groups: list[list[int]] = []
    size = 0
    for run in _segments_of(spoken):
        length = sum(len(spoken[at].text.encode("utf-8", "replace")) + 1 for at in run)
        fits = groups and len(groups[-1]) + len(run) <= MOST_WORDS and size + length <= most_bytes
        if fits:
            groups[-1] += run
            size += length
            continue
        groups.append([])
        size = 0
        for at in run:
            letters = len(spoken[at].text.encode("utf-8", "replace")) + 1
            if groups[-1] and (len(groups[-1]) >= MOST_WORDS or size + letters > most_bytes):
                groups.append([])
                size = 0
            groups[-1].append(at)
            size += letters
    return [_piece(spoken, base, group) for group in groups if group]


def grammar(words: Sequence[str]) -> str:
    """Return the regular expression of these words: each as it is or with a capital, at most one
    mark behind it, one blank between."""
    return " ".join(_word_grammar(word) for word in words)


def answer_tokens(piece: Piece) -> int:
    """Return how many tokens the answer may need: a byte each at worst, a mark and a blank."""
    return len(piece.text.encode("utf-8", "replace")) + 2 * len(piece.words) + 8


def read(piece: Piece, text: str) -> Answer | None:
    """Take marks and case from what a model wrote; None where that is another text."""
    given = [token for token in one_line(text).split() if bare(token)]
    given = given[: _ANSWER_FACTOR * len(piece.words) + 20]
    ours, theirs = [_key(word) for word in piece.words], [_key(token) for token in given]
    if ours == theirs:
        return Answer(tuple(map(_dressed, piece.words, given)))
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    texts = list(piece.base)
    same = 0
    others: list[tuple[int, int, str]] = []
    for kind, first, end, start, stop in matcher.get_opcodes():
        if kind == "equal":
            same += end - first
            texts[first:end] = map(_dressed, piece.words[first:end], given[start:stop])
        elif kind == "replace" and max(end - first, stop - start) <= _SUGGESTED_WORDS:
            other = " ".join(bare(token) for token in given[start:stop])
            if piece.places[first][0] == piece.places[end - 1][0]:
                others.append((first, end - 1, other[:_SUGGESTED_LETTERS]))
    if 2 * same < _LEAST_ALIKE * (len(ours) + len(theirs)):
        return None
    return Answer(tuple(texts), tuple(others))


def joined_up(texts: Sequence[str], base: Sequence[str]) -> list[str]:
    """Return the words of a whole paragraph with a capital behind every sentence end, and the
    end that the rules gave where the model left it open."""
    written = list(texts)
    for at, text in enumerate(written):
        before = written[at - 1] if at else "."
        if ends_sentence(before) and not ABBREVIATION.fullmatch(before):
            written[at] = capitalised(text)
    if written and not ends_sentence(written[-1]) and ends_sentence(base[-1]):
        last = written[-1].rstrip(WRITTEN_MARKS)
        written[-1] = last + base[-1][-1] if last else written[-1]
    return written


def _segments_of(spoken: Sequence[SpokenWord]) -> Iterator[list[int]]:
    run: list[int] = []
    for at, word in enumerate(spoken):
        if run and spoken[run[-1]].segment != word.segment:
            yield run
            run = []
        run.append(at)
    if run:
        yield run


def _piece(spoken: Sequence[SpokenWord], base: Sequence[str], group: Sequence[int]) -> Piece:
    return Piece(
        words=tuple(spoken[at].text for at in group),
        base=tuple(base[at] for at in group),
        places=tuple((spoken[at].segment, spoken[at].number) for at in group),
    )


def _word_grammar(word: str) -> str:
    plain = unicodedata.normalize("NFC", word)
    forms = dict.fromkeys((plain, capitalised(plain), _small(plain)))
    marks = WRITTEN_MARKS.replace(".", "") if plain.endswith(".") else WRITTEN_MARKS
    return f"(?:{'|'.join(map(re.escape, forms))})[{marks}]?"


def _small(word: str) -> str:
    """Return `word` with a small first letter where only that one was a capital."""
    return word.lower() if word.istitle() and word.lower().casefold() == word.casefold() else word


def _key(word: str) -> str:
    # A model's answer is cleaned; so is what it is compared with.
    return unicodedata.normalize("NFC", bare(clean_text(word)).casefold())


def _dressed(word: str, token: str) -> str:
    """Return our `word` with the case and the mark of the model's `token`."""
    behind = token[len(token.rstrip(WRITTEN_MARKS)) :]
    mark = "…" if behind.startswith(("...", "…")) else behind[:1]
    if word.endswith("."):
        # An abbreviation has its dot already.
        mark = mark.replace(".", "").replace("…", "")
    shown = bare(unicodedata.normalize("NFC", token))
    if len(shown) == len(word) and shown.lower() == word.lower():
        return shown + mark
    if shown[:1].isupper():
        return capitalised(word) + mark
    return word + mark
