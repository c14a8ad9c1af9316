"""Marks and capitals for a run of bare words, from pauses, lengths and a few cue words.

In: the words of one paragraph in order, with the gap after each as a multiple of the speaker's
usual pause (`None` where times are not known). Out: the same words with marks and capitals.
Never joins, splits, drops or changes a word.

Sentence ends are chosen together, by dynamic programming: every place has a score (the pause,
the words on both sides), every sentence a score for its length, and the best sum wins. Commas
are then placed inside the sentences one by one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from omoai_engine.postprocess.languages import Language
from omoai_engine.postprocess.questions import is_question
from omoai_engine.postprocess.words import bare, capitalised

# No sentence is longer: dynamic programming looks back this far, and a listener is lost anyway.
_LONGEST_SENTENCE = 60
# More words than this are punctuated piece by piece, so that one endless segment costs no more
# a word than any other.
_PIECE = 600


@dataclass(frozen=True, slots=True)
class Weights:
    """What each cue is worth; a place with a sum above 0 wants the mark.

    Tuned by hand on read speech with tests/benchmarks/punctuation.py, on the texts it reports.
    """

    end_bias: float = -2.2
    """Most places are no sentence end."""
    end_pause: float = 2.8
    """For a pause of the speaker's usual length, in proportion for others."""
    pause_cap: float = 3.0
    """A pause counts at most so many usual ones."""
    unknown_pause: float = 0.6
    """What a pause counts where no times are known: lengths and words decide there."""
    opens: float = 0.6
    """Before a word that often begins a sentence."""
    continues: float = -2.2
    """Before a word that carries a sentence on."""
    joins: float = -1.8
    """Before a conjunction: rather a comma."""
    turns: float = 0.0
    """Before a word that turns what was said."""
    closers: float = 0.6
    """Behind a particle that often ends a sentence, where there is a pause."""
    never_ends: float = -3.8
    """Behind an article, a preposition, an auxiliary."""
    brief: int = 6
    short_sentence: float = -0.2
    """For each word that a sentence has less than `brief`."""
    comfortable: int = 12
    long_sentence: float = -0.05
    """For each word that a sentence has more than `comfortable`."""
    verb_first: float = -0.8
    """Before an auxiliary without its subject behind it: the sentence goes on."""
    unfinished: float = -1.5
    """For a short sentence that begins with a word after which two clauses are due."""
    two_clauses: int = 9
    """Words that two clauses have at least."""
    comma_bias: float = -0.3
    """A comma wants a pause of this share of the usual one."""
    comma_joins: float = 0.3
    comma_turns: float = 0.9
    comma_never_ends: float = -0.7
    comma_spacing: int = 2
    """Words between two commas at least."""


DEFAULT = Weights()


def punctuated(
    words: Sequence[str],
    pauses: Sequence[float | None],
    language: Language,
    *,
    weights: Weights = DEFAULT,
    stopped: Callable[[], bool] = lambda: False,
) -> list[str]:
    """Return `words` with marks and capitals; as many as were given, in the same order.

    Args:
        words: bare words (no marks at their edges).
        pauses: the gap after each word, 1.0 being the speaker's usual pause; as many as words.
        language: what is known of the language.
        weights: what each cue is worth.
        stopped: asked after every 600 words; once it says yes, the rest stays as it is.
    """
    written: list[str] = []
    for start in range(0, len(words), _PIECE):
        if start and stopped():
            return written + list(words[start:])
        piece = slice(start, start + _PIECE)
        written += _punctuated_piece(words[piece], pauses[piece], language, weights)
    return written


def _punctuated_piece(
    words: Sequence[str],
    pauses: Sequence[float | None],
    language: Language,
    weights: Weights,
) -> list[str]:
    folded = [unicodedata.normalize("NFC", bare(word).casefold()) for word in words]
    ends = _sentence_ends(folded, pauses, language, weights)
    written: list[str] = []
    start = 0
    for end in ends:
        inside = folded[start:end]
        capitals = _capitals(inside, language)
        commas = _commas(inside, pauses[start:end], language, weights)
        mark = "?" if is_question(inside, language) else "."
        for offset, word in enumerate(words[start:end]):
            text = capitalised(word) if offset in capitals else word
            if inside[offset] in language.acronyms and word.upper().casefold() == word.casefold():
                text = word.upper()
            if offset == end - start - 1:
                text += mark
            elif offset in commas:
                text += ","
            written.append(text)
        start = end
    return written


def _sentence_ends(
    words: Sequence[str],
    pauses: Sequence[float | None],
    language: Language,
    weights: Weights,
) -> list[int]:
    """Return the positions after which sentences end, the last being `len(words)`."""
    count = len(words)
    place = [_end_score(words, pauses, at, language, weights) for at in range(count - 1)]
    subordinate = [word in language.subordinates for word in words]
    best = [0.0] + [float("-inf")] * count
    came_from = [0] * (count + 1)
    for end in range(1, count + 1):
        here = place[end - 1] if end < count else 0.0
        for start in range(max(0, end - _LONGEST_SENTENCE), end):
            score = best[start] + here + _length_score(end - start, weights)
            if subordinate[start] and end - start < weights.two_clauses:
                score += weights.unfinished
            if score > best[end]:
                best[end], came_from[end] = score, start
    ends: list[int] = []
    at = count
    while at > 0:
        ends.append(at)
        at = came_from[at]
    return ends[::-1]


def _end_score(
    words: Sequence[str],
    pauses: Sequence[float | None],
    at: int,
    language: Language,
    weights: Weights,
) -> float:
    """Score a sentence end between word `at` and the next."""
    pause = pauses[at]
    score = weights.end_bias
    heard = weights.unknown_pause if pause is None else pause
    score += weights.end_pause * min(heard, weights.pause_cap)
    if words[at] in language.never_ends:
        score += weights.never_ends
    elif words[at] in language.closers and pause:
        score += weights.closers
    following = words[at + 1]
    if following in language.turns:
        score += weights.turns
    elif following in language.auxiliaries and following not in language.question_words:
        subject = words[at + 2] if at + 2 < len(words) else ""
        score += 0.0 if subject in language.subjects else weights.verb_first
    elif following in language.continues:
        score += weights.continues
    elif following in language.opens:
        score += weights.opens
    elif following in language.joins:
        score += weights.joins
    return score


def _length_score(length: int, weights: Weights) -> float:
    if length < weights.brief:
        return weights.short_sentence * (weights.brief - length)
    return weights.long_sentence * max(length - weights.comfortable, 0)


def _commas(
    words: Sequence[str],
    pauses: Sequence[float | None],
    language: Language,
    weights: Weights,
) -> frozenset[int]:
    """Return the offsets inside one sentence after which a comma stands."""
    commas: list[int] = []
    apart = _set_apart(words, language)
    for at in range(len(words) - 1):
        if at in apart:
            commas.append(at)
            continue
        pause = pauses[at]
        score = weights.comma_bias + min(pause or 0.0, weights.pause_cap)
        if words[at + 1] in language.turns:
            score += weights.comma_turns
        elif words[at + 1] in language.joins:
            score += weights.comma_joins
        if words[at] in language.never_ends:
            score += weights.comma_never_ends
        previous = commas[-1] if commas else -1
        if score > 0 and at - previous >= weights.comma_spacing and at < len(words) - 2:
            commas.append(at)
    return frozenset(commas)


def _set_apart(words: Sequence[str], language: Language) -> frozenset[int]:
    """Return the offsets after which a comma sets apart a call, an opening or a tag question."""
    found: set[int] = set()
    for phrase in language.tags:
        if len(words) > len(phrase) + 1 and tuple(words[-len(phrase) :]) == phrase:
            found.add(len(words) - len(phrase) - 1)
            break
    for call in range(1, min(4, len(words) - 1)):
        if words[call] in language.calls:
            found.add(call)
            return frozenset(found)
    for phrase in language.openers:
        length = len(phrase)
        # A sentence has to follow: "no one" and "well known" are no openings.
        if tuple(words[:length]) == phrase and _begins_sentence(words[length:], language):
            found.add(length - 1)
            break
    return frozenset(found)


def _begins_sentence(words: Sequence[str], language: Language) -> bool:
    begins = language.opens | language.subjects | language.auxiliaries | language.question_words
    return len(words) > 2 and words[0] in begins


def _capitals(words: Sequence[str], language: Language) -> frozenset[int]:
    """Return the offsets inside one sentence that take a capital."""
    capitals = {0}
    last = len(words) - 1
    pairs, is_middle = language.named_after, language.middle_names.__contains__
    for at, word in enumerate(words):
        if word in language.always_capital:
            capitals.add(at)
        if word in language.titles:
            capitals.update((at, min(at + 1, last)))
        for name in language.names:
            if tuple(words[at : at + len(name)]) == name:
                capitals.update(range(at, at + len(name)))
                break
        if at and any(word in names and words[at - 1] in heads for heads, names in pairs):
            capitals.add(at)
        if word in language.family_names and at + 2 <= last and is_middle(words[at + 1]):
            capitals.update((at, at + 1, at + 2))
    return frozenset(capitals)
