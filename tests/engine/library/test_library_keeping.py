"""What goes into the library comes out of it, and can be found, deleted and brought back."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from library_samples import LINES, talk

from omoai_engine.errors import LibraryError, NotInLibraryError
from omoai_engine.library import EditText, Library
from omoai_engine.results import ASRSegment, PipelineResult, SummaryResult


def texts(library: Library, entry: int) -> list[str]:
    return [segment.text for segment in library.transcript(entry).segments]


def test_a_result_comes_back_equal(library: Library) -> None:
    entry = library.store(talk())
    assert library.original(entry) == talk()
    back = library.result(entry)
    assert back.segments == talk().segments
    assert back.paragraphs == talk().paragraphs
    assert back.summary == talk().summary
    assert back.suggestions == talk().suggestions
    assert back.transcript_punctuated == talk().transcript_punctuated


def test_an_entry_tells_what_it_is(library: Library) -> None:
    entry = library.entry(library.store(talk(), title="Họp  sáng", tags=("việc", "họp")))
    assert (entry.title, entry.state, entry.duration) == ("Họp sáng", "finished", 40.0)
    assert (entry.language, entry.model, entry.tags) == ("vi", "m", ("họp", "việc"))
    assert entry.words == sum(len(line.split()) for line in LINES)


def test_a_stopped_job_is_interrupted(library: Library) -> None:
    stopped = PipelineResult((), "", "", SummaryResult("", (), ""), {}, {}, {"cancelled": True})
    assert library.entry(library.store(stopped)).state == "interrupted"


def test_entries_are_listed_by_what_is_asked_for(library: Library) -> None:
    for number in range(5):
        library.store(talk(), title=f"Họp {number}", created=float(number))
    library.tag(2, "quan trọng")
    assert [entry.id for entry in library.entries()] == [5, 4, 3, 2, 1]
    assert [entry.id for entry in library.entries(limit=2, offset=1)] == [4, 3]
    assert [entry.id for entry in library.entries(tag="quan trọng")] == [2]
    assert [entry.id for entry in library.entries(title="hop 3")] == [4]
    assert [e.id for e in library.entries(order="title", descending=False)] == [1, 2, 3, 4, 5]
    assert library.count(title="HỌP") == 5
    assert library.tags() == {"quan trọng": 1}
    library.untag(2, "quan trọng")
    assert library.tags() == {}


def test_deleting_can_be_taken_back_until_it_is_purged(library: Library, tmp_path: Path) -> None:
    sound = tmp_path / "a.mp3"
    sound.write_bytes(b"sound" * 1000)
    entry = library.store(talk(), audio=sound, keep_audio=True)
    kept = library.audio_file(entry)
    assert kept is not None
    library.delete(entry)
    assert library.entries() == []
    assert library.search("bạn").hits == ()
    assert [one.id for one in library.entries(deleted=True)] == [entry]
    assert library.purge(older_than_days=1) == 0
    library.restore(entry)
    assert texts(library, entry) == list(LINES)
    library.delete(entry)
    assert library.purge(older_than_days=0) == 1
    assert not kept.exists()
    assert sound.exists()
    assert library.verify() == []
    with pytest.raises(NotInLibraryError):
        library.entry(entry)


def test_a_number_is_never_given_twice(library: Library) -> None:
    first = library.store(talk())
    library.delete(first)
    library.purge(older_than_days=0)
    assert library.store(talk()) > first


def test_everything_is_private(library: Library, tmp_path: Path) -> None:
    sound = tmp_path / "a.mp3"
    sound.write_bytes(b"x")
    library.store(talk(), audio=sound, keep_audio=True)
    for path in [library.folder, *library.folder.rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_missing_and_changed_audio_is_found(library: Library, tmp_path: Path) -> None:
    sound = tmp_path / "a.mp3"
    sound.write_bytes(b"x" * 5_000_000)
    referred = library.store(talk(), audio=sound)
    kept = library.store(talk(), audio=sound, keep_audio=True)
    assert library.verify() == []
    copy = library.audio_file(kept)
    assert copy is not None
    assert copy.read_bytes() == sound.read_bytes()
    copy.write_bytes(b"y")
    sound.unlink()
    assert [(p.entry, p.serious) for p in library.verify()] == [(referred, False), (kept, True)]


def test_audio_that_cannot_be_copied_leaves_no_entry(library: Library, tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="audio cannot be copied"):
        library.store(talk(), audio=tmp_path / "none.mp3", keep_audio=True)
    assert library.entries() == []


def test_times_that_are_none_and_texts_with_controls_are_made_sound(library: Library) -> None:
    nan = float("nan")
    segment = ASRSegment(nan, float("inf"), "a\x1b[2Jb\nc", nan)
    odd = PipelineResult((segment,), "", "", SummaryResult("", (), ""), {}, {"audio_duration": nan})
    entry = library.store(odd, title="\x1b]0;x\x07Title")
    (back,) = library.transcript(entry).segments
    assert (back.start, back.end, back.text) == (0.0, 0.0, "a[2Jb c")
    assert library.entry(entry).title == "]0;xTitle"


def test_the_original_cannot_be_changed(library: Library) -> None:
    entry = library.store(talk())
    library.edit(entry, EditText(0, "something else"))
    with (
        pytest.raises(LibraryError, match="never changes"),
        library._database.writing() as connection,
    ):
        connection.execute("UPDATE original SET result = x'00'")
    assert library.original(entry) == talk()


@pytest.mark.parametrize(
    "call",
    [
        lambda lib: lib.transcript(99),
        lambda lib: lib.rename(99, "x"),
        lambda lib: lib.tag(99, "x"),
        lambda lib: lib.delete(99),
        lambda lib: lib.undo(99),
        lambda lib: lib.edit(99, EditText(0, "x")),
    ],
)
def test_what_is_not_there_is_said(library: Library, call: object) -> None:
    with pytest.raises(NotInLibraryError, match="no transcript 99"):
        call(library)  # type: ignore[operator]
