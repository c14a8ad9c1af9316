"""The measure of marks counts what was right, wrong and missed."""

from __future__ import annotations

import pytest

from omoai_engine.postprocess.quality import Score, mark_scores


def test_equal_texts_have_nothing_wrong() -> None:
    text = 'He said: "Yes, I know." Did you? Vâng, tôi biết.'
    scores = mark_scores(text, text)
    assert all(score.wrong == score.missed == 0 for score in scores.values())
    assert scores["ends"].right == 3
    assert scores["questions"].f1 == 1.0


def test_each_kind_of_slip_is_counted_in_its_place() -> None:
    scores = mark_scores("One, two. Three four? Five", "one two. Three, four. five")
    assert scores["marks"] == Score(right=2, wrong=1, missed=1)
    assert scores["ends"] == Score(right=2, wrong=0, missed=0)
    assert scores["questions"] == Score(right=0, wrong=0, missed=1)
    assert scores["capitals"] == Score(right=1, wrong=0, missed=2)


def test_precision_recall_and_f1_follow_from_the_counts() -> None:
    score = Score(1, 1, 0) + Score(2, 0, 3)
    assert score == Score(3, 1, 3)
    assert (score.precision, score.recall, score.f1) == (0.75, 0.5, 0.6)
    assert Score(0, 0, 0).precision == Score(0, 0, 0).recall == Score(0, 0, 0).f1 == 0.0


def test_texts_with_other_words_are_refused() -> None:
    with pytest.raises(ValueError, match="words differ"):
        mark_scores("one two", "one three")
