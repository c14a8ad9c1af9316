"""Two transcripts compared: rates by edit distance, and a diff."""

from __future__ import annotations

import pytest

from omoai_engine.errors import OmoAIError
from omoai_engine.postprocess.comparing import error_rates, word_diff


def test_rates_count_words_letters_marks_and_capitals_of_the_reference() -> None:
    rates = error_rates("Xin chào, anh Nam!", "xin chào anh nam tới!")
    assert rates.words == pytest.approx(1 / 4)
    assert rates.characters == pytest.approx(4 / len("xin chào anh nam"))
    assert rates.marks == pytest.approx(1.0)
    assert rates.capitals == pytest.approx(1.0)


def test_equal_texts_have_no_errors() -> None:
    rates = error_rates("Một, hai. Ba?", "Một, hai. Ba?")
    assert (rates.words, rates.characters, rates.marks, rates.capitals) == (0, 0, 0, 0)
    with pytest.raises(OmoAIError, match="no words"):
        error_rates("...", "a")


def test_a_diff_shows_what_went_and_what_came() -> None:
    assert word_diff("a b c", "a x c d") == "a [-b-] [+x+] c [+d+]"
