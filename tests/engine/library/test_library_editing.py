"""Every edit keeps what a person did not touch, and can be taken back, for ever."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from library_samples import LINES, spoken, talk

from omoai_engine.errors import EditError, NotInLibraryError
from omoai_engine.library import (
    Delete,
    EditText,
    Library,
    Merge,
    RenameSpeaker,
    Replace,
    SetSpeaker,
    SetTimes,
    Split,
    diff,
)
from omoai_engine.library.aligning import realigned
from omoai_engine.library.records import between
from omoai_engine.results import ASRSegment, Suggestion


def texts(library: Library, entry: int) -> list[str]:
    return [segment.text for segment in library.transcript(entry).segments]


def test_words_that_stay_keep_their_time_and_confidence() -> None:
    old = spoken(5.0, "xin chào các bạn hôm nay").words
    new = realigned(old, "Xin chào, mọi người các bạn nay", 5.0, 6.8)
    kept = {word.text: word for word in new if word.confidence is not None}
    assert list(kept) == ["Xin", "chào,", "các", "bạn", "nay"]
    assert (kept["các"].start, kept["nay"].start) == (old[2].start, old[5].start)
    added = [word for word in new if word.confidence is None]
    assert [word.text for word in added] == ["mọi", "người"]
    assert all(old[1].end <= word.start <= word.end <= old[2].start for word in added)


syllables = st.sampled_from(["một", "hai", "ba", "bốn", "năm", "sáu"])
word_lists = st.lists(syllables, min_size=1, max_size=30)


@given(word_lists, word_lists)
def test_times_never_go_backwards_whatever_is_written(old: list[str], new: list[str]) -> None:
    segment = spoken(3.0, " ".join(old))
    made = realigned(segment.words, " ".join(new), segment.start, segment.end)
    assert [word.text for word in made] == new
    assert all(a.start <= b.start for a, b in pairwise(made))
    assert all(segment.start <= w.start <= w.end <= segment.end for w in made)


def test_a_segment_is_split_between_two_words(library: Library) -> None:
    entry = library.store(talk())
    library.edit(entry, Split(0, 4))
    first, second, *_ = library.transcript(entry).segments
    assert (first.text, second.text) == (
        "Xin chào các bạn,",
        "hôm nay chúng ta nói về tiếng Việt.",
    )
    assert first.end == second.start == pytest.approx(1.2)
    assert [word.text for word in first.words] == first.text.split()
    assert (first.key, second.key) == (0, 4)


def test_a_thousand_splits_of_one_segment_stay_in_order(library: Library) -> None:
    entry = library.store(talk(" ".join(f"w{at}" for at in range(300))))
    key = 0
    for _ in range(299):
        (step,) = library.edit(entry, Split(key, 1)).steps
        key = step.added[1].key
    assert texts(library, entry) == [f"w{at}" for at in range(300)]


@given(st.lists(st.booleans(), max_size=80))
def test_there_is_always_a_place_between_two(turns: list[bool]) -> None:
    low, high = "00000001", "00000002"
    for left in turns:
        middle = between(low, high)
        assert low < middle < high
        low, high = (low, middle) if left else (middle, high)


def test_segments_are_merged_deleted_and_retimed(library: Library) -> None:
    entry = library.store(talk())
    library.edit(entry, Merge((1, 2)), Delete((3,)), SetTimes(0, 0.5, 2.0))
    first, second = library.transcript(entry).segments
    assert (first.start, first.end) == (0.5, 2.0)
    assert (first.words[0].start, first.words[-1].end) == (0.5, 2.0)
    assert second.text == f"{LINES[1]} {LINES[2]}"
    assert (second.start, len(second.words)) == (10.0, len(second.text.split()))
    assert len(library.history(entry)) == 1


def test_speakers_are_named_and_renamed(library: Library) -> None:
    entry = library.store(talk())
    library.edit(entry, SetSpeaker((0, 1), "Người 1"), SetSpeaker((2,), "Lan"))
    assert library.edit(entry, RenameSpeaker("Người 1", "Minh")).changed == 2
    speakers = [segment.speaker for segment in library.result(entry).segments]
    assert speakers == ["Minh", "Minh", "Lan", None]


@pytest.mark.parametrize(
    ("edit", "expected", "count"),
    [
        (Replace("tieng", "Tiếng", marks_count=False), "Tiếng Việt", 1),
        (Replace("tiếng việt", "tiếng Anh"), "tiếng Anh", 1),
        (Replace("tieng", "x"), "tiếng Việt", 0),
        (Replace("TIẾNG", "x", case_counts=True), "tiếng Việt", 0),
        (Replace("iếng", "x"), "tiếng Việt", 0),
        (Replace("iếng", "iên", whole_words=False), "tiên Việt", 1),
    ],
)
def test_replacing(library: Library, edit: Replace, expected: str, count: int) -> None:
    entry = library.store(talk())
    assert library.edit(entry, edit).changed == count
    assert expected in texts(library, entry)[0]


def test_every_instance_is_replaced_at_once_and_undone_at_once(library: Library) -> None:
    entry = library.store(talk("an ăn ân", "An đi", "không"))
    assert library.edit(entry, Replace("an", "X", marks_count=False)).changed == 2
    assert texts(library, entry) == ["X X X", "X đi", "không"]
    library.undo(entry)
    assert texts(library, entry) == ["an ăn ân", "An đi", "không"]


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        ((EditText(0, "  \n"),), "cannot be empty"),
        ((EditText(0, "x" * 1_000_001),), "million letters"),
        ((Split(0, 0),), "between two of its words"),
        ((Split(0, 99),), "between two of its words"),
        ((Merge((0,)),), "two segments"),
        ((Merge((0, 2)),), "follow each other"),
        ((SetTimes(1, float("nan"), 2.0),), "begin at 0"),
        ((SetTimes(1, 5.0, 5.0),), "begin at 0"),
        ((SetTimes(1, 25.0, 26.0),), "after the next"),
        ((SetTimes(1, -1.0, 26.0),), "begin at 0"),
        ((Replace("", "x"),), "nothing to look for"),
        ((Delete((0,)), EditText(0, "x")), "no longer there"),
        ((EditText(7, "x"),), "no longer there"),
    ],
)
def test_an_edit_that_cannot_be_made_changes_nothing(
    library: Library, edits: tuple[object, ...], says: str
) -> None:
    entry = library.store(talk())
    with pytest.raises((EditError, NotInLibraryError), match=says) as caught:
        library.edit(entry, EditText(3, "changed before"), *edits)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert texts(library, entry) == list(LINES)
    assert library.history(entry) == []


def test_a_thousand_edits_are_undone_and_made_again_after_a_restart(tmp_path: Path) -> None:
    with Library(tmp_path) as library:
        entry = library.store(talk())
        before = library.transcript(entry).segments
        for number in range(1000):
            library.edit(entry, EditText(number % 4, f"Câu thứ {number} đã sửa"))
        after = library.transcript(entry).segments
    with Library(tmp_path) as library:
        for _ in range(1000):
            assert library.undo(entry) is not None
        assert library.undo(entry) is None
        assert library.transcript(entry).segments == before
    with Library(tmp_path) as library:
        while library.redo(entry) is not None:
            pass
        assert library.transcript(entry).segments == after


def test_an_edit_after_an_undo_leaves_nothing_to_make_again(library: Library) -> None:
    entry = library.store(talk())
    library.edit(entry, EditText(0, "một"))
    library.undo(entry)
    library.edit(entry, EditText(0, "hai"))
    assert library.redo(entry) is None
    assert [item.label for item in library.history(entry)] == ["Edit text"]


def test_an_edit_that_changes_nothing_is_not_in_the_history(library: Library) -> None:
    entry = library.store(talk())
    assert library.edit(entry, EditText(0, LINES[0])).steps == ()
    assert library.history(entry) == []


def test_the_original_is_compared_and_brought_back(library: Library) -> None:
    entry = library.store(talk())
    library.edit(entry, EditText(1, "Đường phố Huế rất đông."), Delete((3,)))
    changes = library.diff(entry)
    assert [(one.before, one.after) for one in changes] == [("Hà Nội", "Huế"), (LINES[3], "")]
    assert changes[0].start == 10.0
    library.restore_original(entry)
    assert library.diff(entry) == ()
    library.undo(entry)
    assert library.diff(entry) == changes


def test_nothing_differs_from_itself() -> None:
    assert diff(talk().segments, talk().segments) == ()


def test_supports_and_paragraphs_follow_edits(library: Library) -> None:
    entry = library.store(talk())
    library.edit(entry, Split(0, 2), Merge((1, 2)))
    result = library.result(entry)
    (support,) = result.summary.bullet_segments
    assert [result.segments[at].text for at in support] == [LINES[3]]
    assert [p.first for p in result.paragraphs] == [0]
    assert " ".join(p.text for p in result.paragraphs) == " ".join(LINES)


def test_a_suggestion_is_taken_or_refused(library: Library) -> None:
    entry = library.store(talk())
    (suggestion,) = library.suggestions(entry)
    assert (suggestion.words, suggestion.text, suggestion.state) == ("Hà Nội", "Hà Giang", "open")
    library.settle(entry, suggestion.id, accept=True)
    assert texts(library, entry)[1] == "Đường phố Hà Giang rất đông."
    assert library.suggestions(entry)[0].state == "accepted"
    library.undo(entry)
    library.edit(entry, EditText(1, "Không còn gì."))
    with pytest.raises(NotInLibraryError, match="no longer there"):
        library.settle(entry, suggestion.id, accept=True)


def raw(*lines: str) -> list[ASRSegment]:
    return [spoken(10.0 * at, line) for at, line in enumerate(lines)]


def test_edits_made_while_a_job_runs_survive_its_later_stages(library: Library) -> None:
    entry = library.begin("talk.mp3")
    library.append(entry, raw(*(line.lower() for line in LINES))[:3])
    library.edit(entry, EditText(1, "Đường phố Huế"))
    library.edit(entry, Delete((2,)))
    library.append(entry, [spoken(30.0, LINES[3].lower())])
    assert library.entry(entry).state == "recording"
    library.finish(entry, talk())
    assert texts(library, entry) == [LINES[0], "Đường phố Huế", LINES[3]]
    assert library.entry(entry).state == "finished"
    library.undo(entry)
    assert texts(library, entry) == [LINES[0], "Đường phố Huế", LINES[2].lower(), LINES[3]]
    assert library.verify() == []


def test_edits_survive_when_the_final_pass_cuts_the_sound_anew(library: Library) -> None:
    entry = library.begin("talk.mp3")
    library.append(entry, raw("một hai ba", "bốn năm sáu", "bảy tám chín"))
    library.edit(entry, EditText(1, "bốn NĂM sáu"))
    both = ASRSegment(
        0.0,
        20.9,
        "Một, hai, ba. Bốn, năm, sáu. Bảy, tám, chín.",
        0.9,
        (
            *spoken(0.0, "Một, hai, ba.").words,
            *spoken(10.0, "Bốn, năm, sáu.").words,
            *spoken(20.0, "Bảy, tám, chín.").words,
        ),
    )
    whole = talk("x")
    library.finish(
        entry,
        type(whole)((both,), "", "", whole.summary, {}, {"audio_duration": 30.0}),
    )
    assert " ".join(texts(library, entry)).count("NĂM") == 1
    assert sorted(
        " ".join(texts(library, entry)).lower().replace(",", "").replace(".", "").split()
    ) == sorted(["một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"])


def test_a_suggestion_for_an_edited_segment_is_not_offered(library: Library) -> None:
    entry = library.begin("talk.mp3")
    library.append(entry, raw(*LINES))
    library.edit(entry, EditText(1, "Hoàn toàn khác"))
    library.finish(entry, talk())
    assert talk().suggestions == (Suggestion(1, 2, 3, "Hà Giang"),)
    assert library.suggestions(entry) == []


class Edits(RuleBasedStateMachine):
    """Any run of edits, undone and made again, with times that never go backwards."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.library = Library(Path(self.folder.name))
        self.entry = self.library.store(talk())
        self.states = [self.now()]
        self.at = 0

    def now(self) -> tuple[object, ...]:
        return self.library.transcript(self.entry).segments

    def done(self, *edits: object) -> None:
        try:
            outcome = self.library.edit(self.entry, *edits)  # type: ignore[arg-type]
        except (EditError, NotInLibraryError):
            assert self.now() == self.states[self.at]
            return
        if outcome.steps:
            self.states = [*self.states[: self.at + 1], self.now()]
            self.at += 1

    @rule(key=st.integers(0, 8), said=word_lists)
    def edit_text(self, key: int, said: list[str]) -> None:
        self.done(EditText(key, " ".join(said)))

    @rule(key=st.integers(0, 8), word=st.integers(0, 6))
    def split(self, key: int, word: int) -> None:
        self.done(Split(key, word))

    @rule(at=st.integers(0, 5))
    def merge(self, at: int) -> None:
        keys = [segment.key for segment in self.library.transcript(self.entry).segments]
        self.done(Merge(tuple(keys[at : at + 2])))

    @rule(key=st.integers(0, 8))
    def delete(self, key: int) -> None:
        self.done(Delete((key,)))

    @rule(key=st.integers(0, 8), start=st.floats(0, 50), length=st.floats(0, 20))
    def retime(self, key: int, start: float, length: float) -> None:
        self.done(SetTimes(key, start, start + length))

    @rule(word=st.sampled_from(["một", "hai", "bạn", "các"]))
    def replace(self, word: str) -> None:
        self.done(Replace(word, "thay đổi", marks_count=False))

    @rule()
    def undo(self) -> None:
        assert (self.library.undo(self.entry) is not None) == (self.at > 0)
        self.at = max(self.at - 1, 0)

    @rule()
    def redo(self) -> None:
        more = self.at + 1 < len(self.states)
        assert (self.library.redo(self.entry) is not None) == more
        self.at += more

    @invariant()
    def the_text_is_what_it_was_after_this_many_edits(self) -> None:
        assert self.now() == self.states[self.at]

    @invariant()
    def times_never_go_backwards(self) -> None:
        segments = self.library.transcript(self.entry).segments
        assert all(a.start <= b.start for a, b in pairwise(segments))
        for segment in segments:
            assert segment.start <= segment.end
            assert all(a.start <= b.start for a, b in pairwise(segment.words))
            assert all(segment.start <= w.start <= w.end <= segment.end for w in segment.words)

    def teardown(self) -> None:
        assert self.library.verify() == []
        self.library.close()
        self.folder.cleanup()


TestEdits = Edits.TestCase
TestEdits.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
