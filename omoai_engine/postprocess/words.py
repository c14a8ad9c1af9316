"""Words, and the exact test that none of them changed.

A transcript is a sequence of words; marks and capitals are all that the punctuation stage may
add, move or take away. `words_unchanged` is the judge of that at run time: it compares the
sequences after taking off the marks we may write and folding case, and nothing else. No word
is joined, split, dropped, doubled or reordered without being noticed.
"""

from __future__ import annotations

import unicodedata

# The marks that may be written or taken off, only at the edge of a word: "3.5" and "U.S"
# keep theirs inside. Full-width forms are what recognisers write in Chinese and Japanese.
MARKS = ".,?!…:;。，、？！：；"
SENTENCE_ENDS = ".?!…。？！"
_CLOSERS = "\"'”’»)]}」』"


def tokens(text: str) -> list[str]:
    """Return the pieces of `text` between white space, as written."""
    return text.split()


def bare(token: str) -> str:
    """Return `token` without the marks at its edges; case is kept."""
    return token.strip(MARKS)


def words_of(text: str) -> list[str]:
    """Return the words of `text` in the form in which they are compared: NFC, folded case,
    no marks at the edges; a token of marks alone is no word."""
    folded = (
        unicodedata.normalize("NFC", bare(token).casefold())
        for token in unicodedata.normalize("NFC", text).split()
    )
    return [word for word in folded if word]


def words_unchanged(before: str, after: str) -> bool:
    """Say whether both texts hold the same words in the same order, marks and case apart."""
    return words_of(before) == words_of(after)


def ends_sentence(text: str) -> bool:
    """Say whether `text` ends with a mark that ends a sentence, quotes and brackets aside."""
    stripped = text.rstrip().rstrip(_CLOSERS)
    return bool(stripped) and stripped[-1] in SENTENCE_ENDS


def capitalised(token: str) -> str:
    """Return `token` with its first letter in upper case; what stands before it (a quote, a
    bracket) is kept. A token that begins with a digit is left as it is."""
    for position, letter in enumerate(token):
        if letter.isdigit():
            return token
        if letter.isalpha():
            upper = letter.upper()
            # Some letters have no capital of their own ("ß" becomes "SS", a dotless "ı" becomes
            # "I"): those stay, or the word would read as another one.
            if len(upper) > 1 or upper.casefold() != letter.casefold():
                return token
            return token[:position] + upper + token[position + 1 :]
    return token
