"""Words become segments by pause, by sentence and by length, and none is lost on the way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omoai_engine.asr.segmenting import ends_sentence, segment_words
from omoai_engine.results import Word


@st.composite
def spoken(draw: st.DrawFn) -> list[Word]:
    """Return words in time order with random lengths, pauses and marks."""
    words, now = [], draw(st.floats(0, 1e4))
    for _ in range(draw(st.integers(0, 60))):
        now += draw(st.floats(0, 3))
        end = now + draw(st.floats(0, 2))
        words.append(
            Word(now, end, draw(st.sampled_from(["luôn", "luôn.", "you?", "“no!”", "3.5"])))
        )
        now = end
    return words


@given(spoken(), st.floats(0.1, 3), st.floats(0.5, 30))
def test_every_word_lies_in_exactly_one_segment_in_order(
    words: list[Word], silence: float, longest: float
) -> None:
    runs = segment_words(words, min_silence_seconds=silence, max_segment_seconds=longest)
    assert [index for run in runs for index in run] == list(range(len(words)))


@given(spoken(), st.floats(0.1, 3), st.floats(0.5, 30))
def test_no_segment_is_longer_than_the_limit_unless_it_is_one_word(
    words: list[Word], silence: float, longest: float
) -> None:
    runs = segment_words(words, min_silence_seconds=silence, max_segment_seconds=longest)
    for run in runs:
        assert len(run) == 1 or words[run[-1]].end - words[run[0]].start <= longest


@given(spoken(), st.floats(0.1, 3))
def test_no_segment_holds_a_pause_that_ends_one(words: list[Word], silence: float) -> None:
    for run in segment_words(words, min_silence_seconds=silence, max_segment_seconds=1e9):
        for index in run[1:]:
            assert words[index].start - words[index - 1].end < silence


def test_a_sentence_ends_a_segment_but_a_very_short_one_does_not() -> None:
    words = [
        Word(0.0, 0.4, "Vâng."),
        Word(0.45, 1.0, "Tôi"),
        Word(1.0, 2.0, "nghe."),
        Word(2, 3, "À"),
    ]
    runs = segment_words(words, min_silence_seconds=0.5, max_segment_seconds=20)
    assert runs == [range(3), range(3, 4)]


def test_a_long_run_is_cut_at_its_longest_pause() -> None:
    words = [
        Word(float(i) + (0.3 if i >= 6 else 0), i + 0.95 + (0.3 if i >= 6 else 0), "từ")
        for i in range(10)
    ]
    runs = segment_words(words, min_silence_seconds=0.5, max_segment_seconds=7)
    assert runs == [range(6), range(6, 10)]


def test_marks_behind_closing_quotes_end_a_sentence() -> None:
    assert ends_sentence("xong.”")
    assert ends_sentence("什么？")
    assert not ends_sentence("3.5")
    assert not ends_sentence("này,")
