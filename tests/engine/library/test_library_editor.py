"""A transcript goes through a text file and back, and nothing is refused in silence."""

from __future__ import annotations

from library_samples import LINES, talk

from omoai_engine.library import Library, SetSpeaker
from omoai_engine.library.editor import Return, from_text, to_text


def changed(library: Library, old: str, new: str) -> tuple[int, Return]:
    entry = library.store(talk())
    library.edit(entry, SetSpeaker((0,), "Lan"))
    transcript = library.transcript(entry)
    text = to_text(transcript)
    assert old in text
    back = from_text(transcript, text.replace(old, new))
    if back.edits:
        library.edit(entry, *back.edits)
    return entry, back


def texts(library: Library, entry: int) -> list[str]:
    return [segment.text for segment in library.transcript(entry).segments]


def test_nothing_changed_is_no_edit(library: Library) -> None:
    assert changed(library, "Lan", "Lan")[1] == Return(())


def test_a_changed_word_leaves_the_times_of_the_others(library: Library) -> None:
    entry, _ = changed(library, "Hà Nội", "Huế")
    before, after = talk().segments[1], library.transcript(entry).segments[1]
    assert after.text == "Đường phố Huế rất đông."
    assert [w.start for w in after.words][-2:] == [w.start for w in before.words][-2:]


def test_a_mark_taken_out_joins_two_segments(library: Library) -> None:
    entry, back = changed(library, "\n[#1 0:00:10.0] ", " ")
    assert texts(library, entry) == [f"{LINES[0]} {LINES[1]}", *LINES[2:]]
    joined = library.transcript(entry).segments[0]
    assert [w.start for w in joined.words][-1] == talk().segments[1].words[-1].start
    assert back.notes == ()


def test_an_emptied_or_removed_block_is_deleted(library: Library) -> None:
    entry, _ = changed(library, LINES[1], "")
    assert texts(library, entry) == [LINES[0], *LINES[2:]]
    entry, _ = changed(library, f"[#3 0:00:30.0] {LINES[3]}\n", "")
    assert texts(library, entry) == list(LINES[:3])


def test_a_speaker_is_named_in_the_mark(library: Library) -> None:
    entry, _ = changed(library, "[#2 0:00:20.0]", "[#2 0:00:20.0 Minh Anh]")
    assert library.transcript(entry).segments[2].speaker == "Minh Anh"
    entry, _ = changed(library, "[#0 0:00:00.0 Lan]", "[#0 0:00:00.0]")
    assert library.transcript(entry).segments[0].speaker is None


def test_what_cannot_be_placed_is_told_with_its_line(library: Library) -> None:
    _, back = changed(library, f"[#1 0:00:10.0] {LINES[1]}", "[#77 0:00:10.0] lạ lẫm")
    assert [(note.text, note.why) for note in back.notes] == [
        ("lạ lẫm", "there is no such segment")
    ]
    assert back.notes[0].line > 5
    _, back = changed(library, "[#1 0:00:10.0]", "[#0 0:00:10.0]")
    assert [note.why for note in back.notes] == ["its mark stands twice"]
    _, back = changed(library, "[#0 0:00:00.0 Lan] ", "")
    assert [note.why for note in back.notes] == ["it stands after no mark"]


def test_segments_keep_their_order(library: Library) -> None:
    entry = library.store(talk())
    transcript = library.transcript(entry)
    lines = [line for line in to_text(transcript).split("\n") if line.startswith("[#")]
    back = from_text(transcript, "\n".join([lines[1], lines[0], *lines[2:]]))
    assert back.edits == ()
    assert ["change places" in note.why for note in back.notes] == [True]
