"""What the review asks of the library: doubts, confirming, recognising again, own words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from library_samples import spoken, talk

from omoai_engine.config import load_config
from omoai_engine.errors import ConfigError, EditError
from omoai_engine.library import Confirm, EditText, Library, Recognize, Segment, Split
from omoai_engine.library.doubts import doubts_of, is_open, same_sound
from omoai_engine.library.running import RunningEntry, take_over_abandoned
from omoai_engine.library.vocabulary import add_hotword
from omoai_engine.results import ASRSegment, PipelineResult, Word


def doubtful(*unsure: int) -> ASRSegment:
    """Return a segment whose words at these places are doubtful."""
    one = spoken(0.0, "Đường phố Hà Nội rất đông.")
    words = tuple(
        replace(word, confidence=0.3) if at in unsure else word for at, word in enumerate(one.words)
    )
    return replace(one, words=words)


def result(*segments: ASRSegment) -> PipelineResult:
    return replace(talk(), segments=segments, paragraphs=(), suggestions=())


def as_segment(one: ASRSegment) -> Segment:
    return Segment(0, "1", one.start, one.end, one.text, one.confidence, None, one.words)


def test_doubtful_words_beside_each_other_are_one_place() -> None:
    first, second = doubts_of(as_segment(doubtful(0, 2, 3)))
    assert (first.text, first.first, first.last) == ("Đường", 0, 0)
    assert (second.text, second.first, second.last) == ("Hà Nội", 2, 3)
    assert (second.start, second.end) == (0.6, 1.2)


def test_a_close_second_reading_is_a_doubt_and_an_option_in_the_letters_of_the_place() -> None:
    one = doubtful()
    last = replace(one.words[5], confidence=0.6, alternatives=(("đồng", 0.35), ("đòng", 0.02)))
    (doubt,) = doubts_of(as_segment(replace(one, words=(*one.words[:5], last))))
    assert doubt.text == "đông."
    assert doubt.options == ("đồng.", "đòng.")


def test_words_of_the_same_letters_heard_surely_elsewhere_are_offered() -> None:
    sure = [as_segment(spoken(0.0, "hà mã hà mã", confidence=0.95))]
    (doubt,) = doubts_of(as_segment(doubtful(2)), (), {**same_sound(sure), "ha": ["hạ"]})
    assert doubt.options == ("Hạ",)


def test_confirmed_and_rewritten_words_are_no_doubts_any_more(library: Library) -> None:
    entry = library.store(result(doubtful(0, 2)))

    def places() -> list[str]:
        (segment,) = library.transcript(entry).segments
        return [doubt.text for doubt in doubts_of(segment)]

    library.edit(entry, Confirm(0, 2, 2))
    assert places() == ["Đường"]
    library.edit(entry, EditText(0, "Đướng phố Hà Nội rất đông."))
    assert places() == []
    library.undo(entry)
    library.undo(entry)
    assert places() == ["Đường", "Hà"]
    with pytest.raises(EditError):
        library.edit(entry, Confirm(0, 4, 9))


def test_a_suggestion_waits_until_it_is_settled_and_again_when_that_is_undone(
    library: Library,
) -> None:
    entry = library.store(talk())

    def waits() -> bool:
        segment = library.transcript(entry).segments[1]
        (one,) = library.suggestions(entry)
        assert is_open(segment, one) == any(
            doubt.suggestion == one.id for doubt in doubts_of(segment, [one])
        )
        return is_open(segment, one)

    assert waits()
    library.settle(entry, 1, accept=True)
    assert not waits()
    library.undo(entry)
    assert waits()
    library.settle(entry, 1, accept=False)
    assert not waits()


def test_what_was_heard_again_takes_the_place_and_can_be_undone(library: Library) -> None:
    entry = library.store(talk())
    before = library.transcript(entry).segments
    heard = tuple(spoken(10.0 + at, f"nghe lại lần {at}") for at in range(3))
    library.edit(entry, Recognize((1, 2), heard))
    now = library.transcript(entry).segments
    assert [one.text for one in now] == [
        before[0].text,
        *(one.text for one in heard),
        before[3].text,
    ]
    library.undo(entry)
    assert library.transcript(entry).segments == before
    library.edit(entry, Recognize((1, 2), heard[:1]))
    assert len(library.transcript(entry).segments) == 3
    with pytest.raises(EditError, match="follow each other"):
        library.edit(entry, Recognize((0, 3), heard))


@given(st.lists(st.integers(1, 3), min_size=1, max_size=40))
def test_splitting_the_last_segment_of_a_running_job_leaves_room_for_what_comes(
    words: list[int],
) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder, Library(Path(folder)) as library:
        entry = library.begin("live.wav")
        for at, word in enumerate(words):
            library.append(entry, [spoken(10.0 * at, "một hai ba bốn")])
            last = library.transcript(entry).segments[-1]
            library.edit(entry, Split(last.key, word))
        starts = [segment.start for segment in library.transcript(entry).segments]
        assert starts == sorted(starts)
        assert len(starts) == 2 * len(words)


def test_an_entry_is_taken_over_only_when_nobody_fills_it(library: Library) -> None:
    running = RunningEntry(library, lambda: library.begin("live.wav"))
    library.append(running.entry, [spoken(0.0, "một hai ba")])
    library.edit(running.entry, EditText(0, "một hai bốn"))
    assert take_over_abandoned(library) == []
    running.close()
    assert take_over_abandoned(library) == [running.entry]
    assert library.entry(running.entry).state == "interrupted"
    assert library.transcript(running.entry).segments[0].text == "một hai bốn"
    original = library.original(running.entry)
    assert original is not None
    assert original.segments[0].text == "một hai ba"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the configuration file of this test; it is not there yet."""
    path = tmp_path / "config" / "omoai.toml"
    path.parent.mkdir()
    path.write_text("")
    monkeypatch.setenv("OMOAI_CONFIG", str(path))
    return path


@pytest.mark.parametrize(
    "before", ["", "# mine\n[tui]\ntheme = 'x'\n", "[asr]  # speech\nlanguage = 'vi'\n\n[tui]\n"]
)
def test_a_word_is_learned_and_nothing_else_in_the_settings_changes(
    settings: Path, before: str
) -> None:
    settings.write_text(before)
    path = add_hotword(load_config(), "  Nguyễn  Huệ ")
    assert path is not None
    assert path.read_text("utf-8") == "Nguyễn Huệ\n"
    assert load_config().asr.hotwords == path
    kept = [line for line in settings.read_text().splitlines() if "hotwords" not in line]
    assert [line for line in before.splitlines() if line] == [
        line for line in kept if line and (line != "[asr]" or "[asr]" in before)
    ]
    assert add_hotword(load_config(), "Nguyễn Huệ") is None
    assert add_hotword(load_config(), "Sài Gòn") == path
    assert path.read_text("utf-8") == "Nguyễn Huệ\nSài Gòn\n"


def test_a_list_of_words_in_the_settings_is_left_alone(settings: Path) -> None:
    settings.write_text("[asr]\nhotwords = ['Huế']\n")
    with pytest.raises(ConfigError, match="is a list"):
        add_hotword(load_config(), "Đà Lạt")
    assert settings.read_text() == "[asr]\nhotwords = ['Huế']\n"


def test_words_without_a_confidence_are_not_doubted() -> None:
    one = ASRSegment(0.0, 1.0, "một hai", None, (Word(0, 0.5, "một"), Word(0.5, 1, "hai")))
    assert doubts_of(as_segment(one)) == []
