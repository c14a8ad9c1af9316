"""Two transcripts compared: counts by edit distance, marks between words, and the places."""

from __future__ import annotations

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st
from postprocess_samples import spoken

from omoai_engine.errors import OmoAIError
from omoai_engine.postprocess.comparing import (
    Comparison,
    Edits,
    Score,
    compare,
)
from omoai_engine.postprocess.written_words import tokens_of, tokens_of_text


def compared(reference: str, hypothesis: str) -> Comparison:
    return compare(tokens_of_text(reference), tokens_of_text(hypothesis))


def test_each_kind_of_slip_is_counted_in_its_place() -> None:
    found = compared("One, two. Three four? Five", "one two. Three, for. five six")
    assert found.words == Edits(right=4, substituted=1, inserted=1, deleted=0)
    assert found.marks == Edits(right=1, substituted=1, inserted=1, deleted=1)
    assert found.capitals == Edits(right=1, substituted=0, inserted=0, deleted=2)
    assert found.by_mark["."] == Score(right=1, wrong=1, missed=0)
    assert found.by_mark[","] == Score(right=0, wrong=1, missed=1)
    assert found.by_mark["?"] == Score(right=0, wrong=0, missed=1)
    assert found.ends == Score(right=2, wrong=0, missed=0)


def test_equal_texts_have_nothing_wrong_whatever_their_quotes_and_dashes() -> None:
    text = 'He said: "Yes, I know..." — Did you? 「好。」 Vâng, tôi biết.'
    found = compared(text, text.replace('"', "”").replace("...", "…").replace("—", ""))
    assert (found.words.errors, found.characters.errors) == (0, 0)
    assert (found.marks.errors, found.capitals.errors) == (0, 0)
    assert found.places == ()
    assert found.ends.right == 4


def test_a_mark_that_stands_alone_belongs_to_the_word_before_it() -> None:
    assert compared("a, b .", ", a , b.").places == ()


def test_a_mark_behind_a_word_that_is_missing_is_looked_for_where_it_stood() -> None:
    found = compared("one, two. three", "one. three")
    assert found.words == Edits(right=2, deleted=1)
    assert found.marks == Edits(right=1, deleted=1)


def test_rates_are_errors_per_item_of_the_reference_and_none_without_any() -> None:
    found = compared("một hai", "một ba bốn năm")
    assert found.words.rate == pytest.approx(3 / 2)
    assert found.marks.rate is None
    with pytest.raises(OmoAIError, match="no words"):
        compared("... —", "a")
    assert compared("a b", "").words == Edits(deleted=2)


words = st.lists(st.sampled_from(["và", "anh", "luôn", "không", "the", "a"]), max_size=25)


@given(words.filter(bool), words)
def test_words_and_characters_are_counted_as_jiwer_counts_them(
    ours: list[str], theirs: list[str]
) -> None:
    found = compared(" ".join(ours), " ".join(theirs))
    assert found.words.rate == pytest.approx(jiwer.wer(" ".join(ours), " ".join(theirs)))
    assert found.characters.rate == pytest.approx(jiwer.cer(" ".join(ours), " ".join(theirs)))


def test_precision_recall_and_f1_follow_from_the_counts() -> None:
    score = Score(1, 1, 0) + Score(2, 0, 3)
    assert score == Score(3, 1, 3)
    assert (score.precision, score.recall, score.f1) == (0.75, 0.5, 0.6)
    assert Score(0, 0, 0).precision == Score(0, 0, 0).recall == Score(0, 0, 0).f1 == 0.0


def test_places_say_what_was_there_what_is_there_and_when() -> None:
    reference = tokens_of_text("Xin chào anh Nam. Anh đi đâu?")
    segments = spoken("Xin chào anh nam | anh đi chơi đâu?")
    first, second = compare(reference, tokens_of(segments)).places
    assert (first.before, first.after, first.words) == ("Nam. Anh", "nam anh", False)
    assert (second.before, second.after, second.words) == ("", "chơi", True)
    assert second.start == segments[1].words[2].start
    assert second.context == ("anh nam anh đi", "đâu?")


def test_where_words_do_not_spell_the_segment_its_own_times_count() -> None:
    (segment,) = spoken("a b c")
    tokens = tokens_of([type(segment)(2.0, 5.0, "a b c d", None, segment.words)])
    assert {(token.start, token.end) for token in tokens} == {(2.0, 5.0)}
