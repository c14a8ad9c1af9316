"""What a stretch of a transcript is compared by.

In: text. Out: the words that carry meaning and pairs of neighbours, in folded case; pairs of
characters where words are not set apart. Vietnamese and English have lists of function words.
"""

from __future__ import annotations

import unicodedata
from itertools import pairwise

from omoai_engine.postprocess.stopwords import STOPWORDS
from omoai_engine.postprocess.words import words_of


def terms(text: str, language: str) -> list[str]:
    """Return what a sentence is compared by: words that carry meaning and pairs of
    neighbours, or pairs of characters where words are not set apart."""
    words = words_of(text)
    if is_written_together(text, len(words)):
        letters = [letter for word in words for letter in word if letter.isalnum()]
        return [one + two for one, two in pairwise(letters)]
    ignored = STOPWORDS.get(language, frozenset())
    telling = [word if word not in ignored else "" for word in words]
    # Most Vietnamese words are two syllables written apart: pairs stand for them.
    pairs = [f"{one} {two}" for one, two in pairwise(telling) if one and two]
    return [word for word in telling if word] + pairs


def is_written_together(text: str, words: int) -> bool:
    """Say whether `text` is in a script without blanks between words (Chinese, Thai, ...)."""
    return len(text) > 8 * words and any(unicodedata.category(letter) == "Lo" for letter in text)
