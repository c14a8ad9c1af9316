"""Subtitles can be read: two lines, in order, never overlapping, every word once."""

from __future__ import annotations

from itertools import pairwise

import pysubs2
import pytest
import webvtt
from export_samples import any_word, sample, spoken, timed_segments
from hypothesis import given
from hypothesis import strategies as st

from omoai_engine.export import render
from omoai_engine.export.cues import cues
from omoai_engine.export.options import SubtitleRules
from omoai_engine.export.timed_words import columns
from omoai_engine.results import ASRSegment, PipelineResult, SummaryResult, Word
from omoai_engine.text import one_line

RULES = SubtitleRules()
LINE_COLUMNS, LONGEST, MIN_GAP = RULES.columns, RULES.longest, RULES.gap


def result_of(segments: list[ASRSegment]) -> PipelineResult:
    return PipelineResult(tuple(segments), "", "", SummaryResult("", (), ""), {}, {})


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(timed_segments())
def test_cues_are_in_order_fit_two_lines_and_hold_every_word_once(
    segments: list[ASRSegment],
) -> None:
    made = cues(segments)
    for before, after in pairwise(made):
        assert before.end <= after.start
    for cue in made:
        assert 0 < cue.end - cue.start <= LONGEST
        assert 1 <= len(cue.lines) <= 2
        for line in cue.lines:
            assert line.strip() == line != ""
            assert columns(line) <= LINE_COLUMNS or " " not in line
    shown = "".join(squeezed("".join(cue.lines)) for cue in made)
    assert shown == "".join(squeezed(one_line(segment.text)) for segment in segments)


@given(timed_segments())
def test_an_independent_reader_sees_the_same_cues_in_srt(segments: list[ASRSegment]) -> None:
    read = pysubs2.SSAFile.from_string(render(result_of(segments), "srt"), format_="srt")
    made = cues(segments)
    assert [(event.start, event.end) for event in read] == [(cue.start, cue.end) for cue in made]


@given(st.lists(any_word, min_size=1, max_size=40))
def test_an_independent_reader_sees_the_spoken_text_in_vtt(words: list[str]) -> None:
    segment = spoken(0.0, " ".join(words))
    read = webvtt.from_string(render(result_of([segment]), "vtt"))
    entities = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
    shown = "".join(caption.raw_text for caption in read)
    for entity, sign in entities.items():
        shown = shown.replace(entity, sign)
    assert squeezed(shown) == squeezed(one_line(segment.text))


def test_times_past_a_hundred_hours_are_read_back() -> None:
    read = pysubs2.SSAFile.from_string(render(sample(), "vtt"), format_="vtt")
    assert read[-1].end >= 360_006_000


def test_a_cue_ends_with_the_sentence_rather_than_inside_the_next() -> None:
    text = (
        "We came late to the station because of the snow. "
        "Nobody had waited for us, so we walked home over the fields."
    )
    first = cues([spoken(0.0, text, pace=0.25)])[0]
    assert " ".join(first.lines) == "We came late to the station because of the snow."


def test_a_cue_is_cut_where_the_speaker_pauses() -> None:
    words = [Word(at * 0.3, at * 0.3 + 0.3, "word") for at in range(4)]
    words += [Word(5 + at * 0.3, 5.3 + at * 0.3, "again") for at in range(4)]
    text = " ".join(word.text for word in words)
    made = cues([ASRSegment(0.0, 6.2, text, None, tuple(words))])
    assert [cue.lines for cue in made] == [("word word word word",), ("again again again again",)]


def test_a_short_cue_stays_long_enough_to_be_read() -> None:
    made = cues([spoken(2.0, "Yes.", pace=0.2)])
    assert (made[0].start, made[0].end) == (2000, 3000)


def test_cues_that_nearly_touch_keep_two_frames_apart() -> None:
    made = cues([spoken(0.0, " ".join(["seven"] * 40))])
    assert len(made) > 1
    assert all(after.start - before.end == MIN_GAP for before, after in pairwise(made))


def test_ordinary_speech_is_shown_at_a_readable_pace() -> None:
    text = "The quick brown fox jumps over the lazy dog, and then it goes home. " * 20
    for cue in cues([spoken(0.0, text.strip(), pace=0.32)]):
        assert 1000 <= cue.end - cue.start <= 7000
        assert sum(map(len, cue.lines)) / (cue.end - cue.start) * 1000 <= 25


def test_a_segment_without_word_times_is_shared_out_by_length() -> None:
    text = " ".join(f"word{at}" for at in range(40))
    made = cues([ASRSegment(10.0, 22.0, text)])
    assert made[0].start == 10_000
    assert made[-1].end >= 22_000 - MIN_GAP
    assert " ".join(" ".join(cue.lines) for cue in made) == text


def test_words_of_an_unspaced_script_are_joined_as_they_were_written() -> None:
    text = "今天天气很好，我们去公园散步吧。" * 4
    words = tuple(Word(at * 0.2, at * 0.2 + 0.2, letter) for at, letter in enumerate(text))
    made = cues([ASRSegment(0.0, len(text) * 0.2, text, None, words)])
    assert "".join("".join(cue.lines) for cue in made) == text
    assert all(columns(line) <= LINE_COLUMNS for cue in made for line in cue.lines)
    assert cues([ASRSegment(0.0, 12.0, text)])[0].lines[0][0] == "今"


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -5.0])
def test_times_that_are_no_times_still_give_cues_in_order(bad: float) -> None:
    segments = [
        ASRSegment(bad, 1.0, "one two", None, (Word(bad, bad, "one"), Word(bad, 1.0, "two"))),
        ASRSegment(0.5, bad, "three"),
    ]
    made = cues(segments)
    assert " ".join(" ".join(cue.lines) for cue in made) == "one two three"
    assert all(cue.start < cue.end for cue in made)


@pytest.mark.parametrize(
    "text",
    ["مرحبا بكم في هذا البرنامج الجديد", "שלום לכולם וברוכים הבאים לתוכנית",
     "안녕하세요 여러분 새로운 프로그램에 오신 것을",
     "नमस्ते दोस्तों कार्यक्रम में आपका स्वागत है"],
)  # fmt: skip
def test_words_of_scripts_with_blanks_stay_whole(text: str) -> None:
    said = (text + " ") * 6
    made = cues([ASRSegment(0.0, 30.0, said)])
    words = [word for cue in made for line in cue.lines for word in line.split()]
    assert words == said.split()
    assert len(made) > 1
