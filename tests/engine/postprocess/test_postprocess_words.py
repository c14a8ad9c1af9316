"""The judge of unchanged words sees every change of a word and no change of a mark."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omoai_engine.postprocess.words import (
    MARKS,
    capitalised,
    ends_sentence,
    words_of,
    words_unchanged,
)

letters = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8)
words = st.lists(letters, min_size=1, max_size=12)
marks = st.text(st.sampled_from(MARKS), max_size=2)


@given(words, st.data())
def test_marks_and_capitals_may_come_and_go(spoken: list[str], data: st.DataObject) -> None:
    written = [
        (capitalised(word) if data.draw(st.booleans()) else word) + data.draw(marks)
        for word in spoken
    ]
    assert words_unchanged(" ".join(spoken), " ".join(written))


@given(words, st.data())
def test_every_change_of_a_word_is_seen(spoken: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(spoken) - 1))
    changed = data.draw(
        st.sampled_from(
            [
                spoken[:at] + spoken[at + 1 :],
                spoken[: at + 1] + spoken[at:],
                [*spoken[:at], spoken[at] + "x", *spoken[at + 1 :]],
                [*spoken[:at], spoken[at][0] + " x" + spoken[at][1:], *spoken[at + 1 :]],
                [*spoken[: at + 1], "à", *spoken[at + 1 :]],
            ]
        )
    )
    assert not words_unchanged(" ".join(spoken), " ".join(changed))


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("luôn luôn", "Luôn luôn.", True),
        ("luôn luôn", "Luôn.", False),
        ("hai hai", "hai, hai", True),
        ("ma", "má", False),
        ("mã", "mả", False),
        ("it's", "its", False),
        ("3.5", "35", False),
        ("well known", "well-known", False),
        ("a b", "b a", False),
        ("đi... đâu", "Đi đâu?", True),
        ("a — b", "a b", False),
        ("", "", True),
        ("", "a", False),
    ],
)
def test_what_counts_as_the_same_words(before: str, after: str, same: bool) -> None:
    assert words_unchanged(before, after) is same


def test_both_ways_of_writing_vietnamese_letters_are_the_same_word() -> None:
    decomposed = unicodedata.normalize("NFD", "tiếng Việt")
    assert decomposed != "tiếng Việt"
    assert words_of(decomposed) == words_of("Tiếng việt.")


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("đi", "Đi"),
        ('"hello', '"Hello'),
        ("3d", "3d"),
        ("ßa", "ßa"),
        ("ışık", "ışık"),
        ("", ""),
        ("ở", "Ở"),
    ],
)
def test_only_the_first_letter_is_raised(token: str, expected: str) -> None:
    assert capitalised(token) == expected


@pytest.mark.parametrize(
    ("text", "ends"), [("a.", True), ('a."', True), ("a?) ", True), ("a,", False), ("", False)]
)
def test_a_sentence_end_is_seen_behind_quotes(text: str, ends: bool) -> None:
    assert ends_sentence(text) is ends
