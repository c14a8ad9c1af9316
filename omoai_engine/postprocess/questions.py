"""Whether a sentence asks something, from its words alone.

In: the bare words of a sentence in folded case, and what is known of the language. Out: yes or no.
"""

from __future__ import annotations

from collections.abc import Sequence

from omoai_engine.postprocess.languages import Language

_THINGS = frozenset({"it", "this", "that", "these", "those"})


def _starts(words: Sequence[str], phrases: tuple[tuple[str, ...], ...]) -> bool:
    return any(tuple(words[: len(phrase)]) == phrase for phrase in phrases)


def _ends(words: Sequence[str], phrases: tuple[tuple[str, ...], ...]) -> bool:
    return any(tuple(words[-len(phrase) :]) == phrase for phrase in phrases)


def contains(words: Sequence[str], phrases: tuple[tuple[str, ...], ...]) -> bool:
    """Say whether one of `phrases` stands somewhere in `words`."""
    return any(
        tuple(words[at : at + len(phrase)]) == phrase
        for phrase in phrases
        for at in range(len(words) - len(phrase) + 1)
    )


def is_question(words: Sequence[str], language: Language) -> bool:
    """Say whether a sentence of these bare, folded words asks something."""
    if not words:
        return False
    if contains(words, language.statement_marks):
        return False
    if _ends(words, language.question_ends) and (len(words) > 1 or words[0] in language.asks_alone):
        return True
    if _asks_inside(words, language):
        return True
    start = 0
    while start < len(words) - 1 and words[start] in language.lead_ins:
        start += 1
    opening = words[start:]
    if _starts(opening, language.question_starts) or _starts(words, language.question_starts):
        return len(opening) > 1
    if opening[0] in language.question_words:
        if opening[0] == "which" and opening[1:2] and opening[1] in language.auxiliaries:
            # "which is why": the rest of a sentence that a pause cut off.
            return False
        # "what is", "how many people are": the auxiliary comes at once, or after a short noun.
        follows = opening[1:5] if opening[0] in {"how", "what", "which", "whose"} else opening[1:2]
        return _auxiliary_before_subject(follows, language)
    if opening[0] in language.auxiliaries:
        # "do it now" and "have this" are no questions, "does it work" is.
        orders = opening[0] in {"do", "have"} and opening[1:2] and opening[1] in _THINGS
        return len(opening) > 2 and opening[1] in language.subjects and not orders
    return False


_NEAR_THE_END = 4


def _asks_inside(words: Sequence[str], language: Language) -> bool:
    """Say whether a word near the end asks: no denial before it, nothing behind that takes it
    back."""
    for at in range(max(1, len(words) - _NEAR_THE_END), len(words)):
        if words[at] in language.question_inside:
            following = words[at + 1] if at + 1 < len(words) else ""
            denied = any(word in language.denials for word in words[:at])
            return not denied and following not in language.not_asking
    return False


def _auxiliary_before_subject(words: Sequence[str], language: Language) -> bool:
    for word in words:
        if word in language.subjects:
            return False
        if word in language.auxiliaries:
            return True
    return False
