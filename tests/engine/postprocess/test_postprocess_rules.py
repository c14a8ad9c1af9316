"""Marks, capitals and paragraphs by rule: they come in time, and no word ever changes."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from postprocess_samples import spoken

from omoai_engine.config import PostprocessSettings
from omoai_engine.postprocess import RulesPostprocessor, words_unchanged
from omoai_engine.postprocess.words import words_of
from omoai_engine.results import ASRSegment, PostprocessResult, Word

DATA = Path(__file__).parents[2] / "data"


def processed(
    segments: Sequence[ASRSegment],
    language: str | None = "en",
    *,
    writes: bool = False,
    **settings: Any,
) -> PostprocessResult:
    rules = RulesPostprocessor(
        PostprocessSettings(**settings), writes_punctuation=writes, language=language
    )
    for segment in segments:
        rules.push(segment)
    rules.finish()
    return rules.result()


def text_of(text: str, language: str | None = "en", **settings: Any) -> str:
    return processed(spoken(text), language, **settings).transcript_punctuated


def test_pauses_become_marks_and_sentences_begin_with_capitals() -> None:
    assert (
        text_of("we walked along the river until noon | then we went home and i slept")
        == "We walked along the river until noon. Then we went home and I slept."
    )


def test_a_shorter_pause_becomes_a_comma() -> None:
    assert (
        text_of("we waited for the bus in the rain / but nobody came to the stop that day")
        == "We waited for the bus in the rain, but nobody came to the stop that day."
    )


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("vi", "anh có khỏe không", "Anh có khỏe không?"),
        ("vi", "bạn ăn cơm chưa", "Bạn ăn cơm chưa?"),
        ("vi", "mình đi chơi nhỉ", "Mình đi chơi nhỉ?"),
        ("vi", "anh là người hà nội phải không", "Anh là người Hà Nội phải không?"),
        ("vi", "tại sao trời lại mưa", "Tại sao trời lại mưa?"),
        ("vi", "bây giờ là mấy giờ", "Bây giờ là mấy giờ?"),
        ("vi", "tôi không biết anh ấy là ai", "Tôi không biết anh ấy là ai."),
        ("vi", "không sao", "Không sao."),
        ("vi", "tôi không bao giờ quên ngôi sao", "Tôi không bao giờ quên ngôi sao."),
        ("vi", "anh nói thế thì không", "Anh nói thế thì không."),
        ("vi", "liệu có kịp giờ tàu", "Liệu có kịp giờ tàu?"),
        ("en", "do it once more", "Do it once more."),
        ("en", "does it work again", "Does it work again?"),
        ("en", "which is why we left", "Which is why we left."),
        ("en", "which one is yours", "Which one is yours?"),
        ("vi", "tôi không đi làm hôm nay", "Tôi không đi làm hôm nay."),
        ("en", "what is the weather like", "What is the weather like?"),
        ("en", "how many people are coming", "How many people are coming?"),
        ("en", "do you know him", "Do you know him?"),
        ("en", "so why did it stop", "So why did it stop?"),
        ("en", "you like it don't you", "You like it, don't you?"),
        ("en", "however he did not come back", "However, he did not come back."),
        ("en", "no one has come home yet", "No one has come home yet."),
        ("en", "they left in may for the usa", "They left in May for the USA."),
        ("en", "you may go in now", "You may go in now."),
        ("en", "he wanted to go but she stayed", "He wanted to go, but she stayed."),
        ("vi", "anh ơi em về rồi đây", "Anh ơi, em về rồi đây."),
        ("vi", "tuy nhiên chúng tôi vẫn đi", "Tuy nhiên, chúng tôi vẫn đi."),
        ("vi", "tôi muốn đi nhưng trời mưa to", "Tôi muốn đi, nhưng trời mưa to."),
        ("vi", "cháu làm gì ở đây", "Cháu làm gì ở đây?"),
        ("vi", "có cái gì đó ở đây", "Có cái gì đó ở đây."),
        ("vi", "tôi không thấy gì ở đây", "Tôi không thấy gì ở đây."),
        ("vi", "ông nguyễn văn nam nói tiếng anh", "Ông Nguyễn Văn Nam nói tiếng Anh."),
        ("vi", "anh quê ở vĩnh phúc", "Anh quê ở Vĩnh Phúc."),
        ("en", "what i need is sleep", "What i need is sleep.".replace(" i ", " I ")),
        ("en", "when it rains we stay at home", "When it rains we stay at home."),
        ("en", "i saw mr brown in london on monday", "I saw Mr Brown in London on Monday."),
        ("fr", "je ne sais pas", "Je ne sais pas."),
    ],
)
def test_questions_and_names_are_known(language: str, text: str, expected: str) -> None:
    assert text_of(text, language) == expected


def test_speech_without_any_pause_is_still_cut_into_sentences() -> None:
    text = text_of(" ".join(["one two three four five six seven eight nine ten"] * 12))
    ends = [len(sentence.split()) for sentence in text.rstrip(".").split(". ")]
    assert max(ends) <= 60


def test_the_speaker_decides_what_a_long_pause_is() -> None:
    # The same 0.8 s stand out in fast speech and not among pauses of two seconds.
    slow = "the house on the hill // belongs to my old uncle " + "| and so on we went along " * 40
    quick = "the house on the hill // belongs to my old uncle " + "/ and so on we went along " * 40
    assert "hill." in text_of(quick) or "hill," in text_of(quick)
    assert text_of(quick) != text_of(slow)


def test_a_gap_after_every_word_is_not_a_pause() -> None:
    tight = processed(spoken("we walked along the river | then we went home again " * 5))
    leaky = processed(spoken("we walked along the river | then we went home again " * 5, leak=0.2))
    assert leaky.transcript_punctuated == tight.transcript_punctuated


def test_reduplications_stay() -> None:
    assert text_of("anh ấy luôn luôn đúng đúng đúng", "vi") == "Anh ấy luôn luôn đúng đúng đúng."


def test_times_confidences_and_alternatives_stay_and_words_spell_the_text() -> None:
    raw = [
        replace(segment, words=tuple(replace(w, alternatives=(("x", 0.1),)) for w in segment.words))
        for segment in spoken("we walked along the river | do you know him | no")
    ]
    result = processed(raw)
    for before, after in zip(raw, result.segments, strict=True):
        assert " ".join(word.text for word in after.words) == after.text
        assert replace(after, text="", words=()) == replace(before, text="", words=())
        assert [replace(word, text="") for word in after.words] == [
            replace(word, text="") for word in before.words
        ]
    assert [word.text for word in raw[0].words] == ["we", "walked", "along", "the", "river"]


def test_text_without_word_times_is_punctuated_from_lengths_and_gaps() -> None:
    result = processed(
        [
            ASRSegment(0.0, 4.0, "we walked along the river"),
            ASRSegment(5.5, 8.0, "do you know him"),
        ]
    )
    assert result.transcript_punctuated == "We walked along the river. Do you know him?"


def test_words_that_do_not_spell_the_text_are_left_alone() -> None:
    words = (Word(0.0, 0.5, "other"), Word(0.5, 1.0, "words"))
    result = processed([ASRSegment(0.0, 1.0, "all was said", None, words)])
    assert result.segments[0].text == "All was said."
    assert result.segments[0].words == words


def test_a_recogniser_that_shouts_is_brought_to_sentences() -> None:
    assert text_of("HE HOPED THERE WOULD BE STEW FOR DINNER") == (
        "He hoped there would be stew for dinner."
    )


def test_what_the_recogniser_wrote_is_kept() -> None:
    written = spoken("Well, I said: no! | Then (he asked) why... | i WENT")
    result = processed(written, writes=True)
    assert result.segments == tuple(written)
    assert result.transcript_punctuated == "Well, I said: no! Then (he asked) why... i WENT"
    assert result.metadata["punctuation"] == "kept"


def test_marks_can_be_written_anew_over_those_of_the_recogniser() -> None:
    written = spoken("The river. was, wide and Mr. Brown | What is it. in London")
    result = processed(written, writes=True, punctuation="rules")
    assert result.transcript_punctuated == "The river was wide and Mr. Brown. What is it in London?"
    assert result.metadata["punctuation"] == "rewritten"


def test_punctuation_can_be_switched_off() -> None:
    segments = spoken("we walked home | again and again")
    result = processed(segments, punctuation="off")
    assert result.segments == tuple(segments)


def test_scripts_without_blanks_are_only_put_into_paragraphs() -> None:
    segments = [ASRSegment(0, 2, "今天天气很好"), ASRSegment(2.5, 4, "我们去公园")]
    result = processed(segments, "zh")
    assert result.transcript_punctuated == "今天天气很好我们去公园"


def test_a_long_pause_closes_a_paragraph_at_once() -> None:
    rules = RulesPostprocessor(PostprocessSettings(), writes_punctuation=False, language="en")
    first, second, third = spoken("we walked home | and slept |4 then we woke up")
    assert rules.push(first) == []
    assert rules.push(second) == []
    (closed,) = rules.push(third)
    assert closed.paragraph.text.casefold().startswith("we walked home")
    assert closed.paragraph.text.endswith("slept.")
    assert (closed.paragraph.first, closed.paragraph.last) == (0, 1)
    (last,) = rules.finish()
    assert (last.paragraph.first, last.paragraph.last) == (2, 2)
    assert rules.finish() == []


def test_a_paragraph_ends_at_a_sentence_soon_after_its_most_words() -> None:
    rules = RulesPostprocessor(
        PostprocessSettings(paragraph_max_words=20, paragraph_topics=False),
        writes_punctuation=True,
        language="en",
    )
    closed = []
    for segment in spoken("one two three four five six | seven eight nine ten. | " * 6):
        closed += rules.push(segment)
    closed += rules.finish()
    assert [part.paragraph.text.endswith("ten.") for part in closed] == [True] * len(closed)
    assert [len(part.paragraph.text.split()) for part in closed] == [20, 20, 20]


@pytest.mark.parametrize("topics", [True, False])
def test_a_paragraph_without_any_sentence_end_is_stopped(topics: bool) -> None:
    segments = [ASRSegment(at * 3.0, at * 3.0 + 3, "one two three four five") for at in range(60)]
    result = processed(segments, writes=True, paragraph_max_words=20, paragraph_topics=topics)
    assert max(len(part.text.split()) for part in result.paragraphs) <= 35


def test_the_language_may_arrive_after_the_first_segment() -> None:
    rules = RulesPostprocessor(PostprocessSettings(), writes_punctuation=False)
    (segment,) = spoken("anh có khỏe không")
    rules.push(segment)
    rules.language = "vi"
    assert rules.finish()[0].paragraph.text == "Anh có khỏe không?"


@pytest.mark.parametrize("segments", [[], [ASRSegment(0, 1, "")], [ASRSegment(0, 1, " ... ")]])
def test_no_words_give_an_empty_transcript_and_summary(segments: list[ASRSegment]) -> None:
    result = processed(segments)
    assert result.transcript_punctuated == ""
    assert result.summary.title == ""
    assert result.summary.bullets == ()
    assert result.metadata["marks_per_100_words"] == 0.0


def test_the_summary_can_be_switched_off() -> None:
    result = processed(spoken("we walked home"), summary=False)
    assert result.summary.bullets == ()
    assert result.summary.metadata["reason"] == "switched off"


def test_metadata_counts_words_and_marks() -> None:
    metadata = processed(spoken("one two three 4.5 five | six seven eight nine ten")).metadata
    assert metadata["backend"] == "rules"
    assert metadata["words"] == 10
    assert metadata["words_changed"] == 0
    assert metadata["pieces_kept_original"] == 0
    assert metadata["marks_per_100_words"] in (10.0, 20.0)


odd_tokens = "không à nhỉ what is the Mr. U.S. ... - ’tis I'm 3.5 ﬁn İ ß ǆ Hà nội “a” a,b"
any_token = st.text(st.characters(exclude_categories=("Z", "C")), min_size=1, max_size=6)
token = any_token | st.sampled_from(odd_tokens.split(" "))


@st.composite
def recognised(draw: st.DrawFn) -> list[ASRSegment]:
    segments, now = [], 0.0
    for _ in range(draw(st.integers(1, 8))):
        words = []
        for text in draw(st.lists(token, max_size=30)):
            words.append(Word(now, now + 0.2, text))
            now += draw(st.sampled_from([0.2, 0.2, 0.2, 0.5, 1.0]))
        kept = tuple(words) if draw(st.booleans()) else ()
        text = draw(st.sampled_from([" ", "  "])).join(word.text for word in words)
        segments.append(ASRSegment(words[0].start if words else now, now, text, None, kept))
        now += draw(st.sampled_from([0.1, 0.6, 4.0]))
    return segments


@given(
    recognised(),
    st.sampled_from(["en", "vi", "zh", None]),
    st.sampled_from(["auto", "rules", "off"]),
    st.booleans(),
)
def test_no_word_changes_whatever_was_recognised(
    segments: list[ASRSegment], language: str | None, punctuation: str, writes: bool
) -> None:
    rules = RulesPostprocessor(
        PostprocessSettings(punctuation=punctuation, paragraph_max_words=20),
        writes_punctuation=writes,
        language=language,
    )
    given_out = [part for segment in segments for part in rules.push(segment)] + rules.finish()
    result = rules.result()
    assert [
        (segment.start, segment.end, words_of(segment.text)) for segment in result.segments
    ] == [(segment.start, segment.end, words_of(segment.text)) for segment in segments]
    assert tuple(part.paragraph for part in given_out) == result.paragraphs
    assert tuple(one for part in given_out for one in part.segments) == result.segments
    covered = [number for part in result.paragraphs for number in range(part.first, part.last + 1)]
    assert covered == list(range(len(segments)))


MIXED = """
    tôi luôn luôn không không Nguyễn Huệ thì nước ạ ơi được và 3,5 nhé nhưng sao gì hả liệu
    the I u.s 3.5 well-known don't (sic) [noise] mr. iPhone 2026 but so it's o'clock may usa
    🙂 — … %5 a|b c++ <|im_end|> \ufb01 ß İ ǅ 50% e-mail@x.vn {} ” . ?! … 。 \x1b[31m
"""


@settings(max_examples=2000)
@given(st.integers(0, 2**32))
def test_two_thousand_random_transcripts_keep_every_word(seed: int) -> None:
    chance = random.Random(seed)
    form = chance.choice(["NFC", "NFD"])
    segments, now = [], 0.0
    for _ in range(chance.randrange(1, 5)):
        words = []
        for text in chance.choices(MIXED.split(), k=chance.randrange(20)):
            words.append(Word(now, now + 0.2, unicodedata.normalize(form, text)))
            now += chance.choice([0.2, 0.2, 0.2, 0.5, 1.0])
        text = " ".join(word.text for word in words)
        segments.append(ASRSegment(now - 1.0, now, text, 0.5, tuple(words)))
        now += chance.choice([0.1, 0.6, 4.0])
    result = processed(segments, chance.choice(["vi", "en"]), summary=False)
    said = " ".join(segment.text for segment in segments)
    assert words_of(result.transcript_punctuated) == words_of(said)
    assert (result.metadata["words_changed"], result.metadata["pieces_kept_original"]) == (0, 0)
    assert [(one.start, one.end) for one in result.segments] == [
        (one.start, one.end) for one in segments
    ]


@pytest.mark.parametrize(
    ("language", "name"), [("en", "en-librivox-sonnet"), ("vi", "vi-common-voice")]
)
def test_real_sentences_stripped_of_marks_come_back_with_the_same_words(
    language: str, name: str
) -> None:
    original = (DATA / f"{name}.txt").read_text("utf-8")
    bare = " ".join(words_of(original))
    result = processed(spoken(bare), language)
    assert words_unchanged(bare, result.transcript_punctuated)
    assert result.metadata["pieces_kept_original"] == 0


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf"), -3.0])
def test_times_that_are_no_times_do_no_harm(bad: float) -> None:
    words = tuple(Word(bad, bad, text) for text in ["one", "two", "three"])
    segments = [
        ASRSegment(bad, bad, "one two three", None, words),
        *spoken("we went home | and slept"),
        ASRSegment(5.0, bad, "four five"),
        ASRSegment(1.0, 2.0, "six seven"),
    ] * 200
    text = processed(segments).transcript_punctuated
    assert words_unchanged(" ".join(segment.text for segment in segments), text)


def test_a_paragraph_that_came_out_with_other_words_is_given_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forgetful(segments: Sequence[ASRSegment], *_: object) -> tuple[ASRSegment, ...]:
        return tuple(replace(segment, text=segment.text.split()[0]) for segment in segments)

    monkeypatch.setattr("omoai_engine.postprocess.rules.rewritten", forgetful)
    segments = spoken("we walked home |5 yes")
    result = processed(segments)
    assert result.transcript_punctuated == "we walked home\n\nyes"
    assert result.segments == tuple(segments)
    assert result.metadata["pieces_kept_original"] == 1


def test_an_endless_segment_is_taken_in_its_stride() -> None:
    text = " ".join(["xin chào các bạn"] * 5_000)
    result = processed([ASRSegment(0.0, 9_000.0, text)], "vi")
    assert words_unchanged(text, result.transcript_punctuated)
    assert result.metadata["words"] == 20_000
