"""Vietnamese is found with and without its marks."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from library_samples import talk

from omoai_engine.library import EditText, Library, Split
from omoai_engine.library.folding import exact, fold, highlights, index_words, occurrences


@pytest.mark.parametrize(
    ("query", "keys", "loosened"),
    [
        ("tieng viet", [0], False),
        ("TIENG Viet", [0], False),
        ("tiếng việt", [0], False),
        ("duong", [1], False),
        ("đường", [1], False),
        ("dương", [1], True),
        ("ban", [0], False),
        ("bạn", [0], False),
        ("bàn", [0], True),
        ("hang", [2], False),
        ("hàng", [2], False),
        ("ngan hàng", [2], False),
        ('"ngan hang"', [2], False),
        ('"hang ngan"', [], False),
        ("chao viet", [0], False),
        ("chao hang", [], False),
        ("khong", [], False),
        ("gio*", [2], False),
        ("gi", [], False),
        ("", [], False),
        ('"', [], False),
        ("AND OR NOT *", [], False),
        ("exact:bạn", [], False),
        ("'; DROP TABLE entry; --", [], False),
    ],
)
def test_a_query_finds(library: Library, query: str, keys: list[int], loosened: bool) -> None:
    library.store(talk())
    page = library.search(query)
    assert ([hit.key for hit in page.hits], page.loosened) == (keys, loosened)


def test_decomposed_letters_are_the_same(library: Library) -> None:
    library.store(talk())
    assert len(library.search(unicodedata.normalize("NFD", "tiếng Việt")).hits) == 1


def test_a_hit_tells_its_place(library: Library) -> None:
    entry = library.store(talk(), title="Họp")
    (hit,) = library.search("ha noi").hits
    assert (hit.entry, hit.title, hit.start) == (entry, "Họp", 10.0)
    assert [hit.text[first:last] for first, last in hit.spans] == ["Hà", "Nội"]
    assert "Hà" in hit.snippet(12)


def test_search_follows_edits_and_undo(library: Library) -> None:
    entry = library.store(talk())
    library.edit(entry, EditText(1, "Sài Gòn rất nóng."))
    library.edit(entry, Split(1, 2))
    assert [h.start for h in library.search("nong").hits] != []
    assert library.search("ha noi").hits == ()
    library.undo(entry)
    library.undo(entry)
    assert library.search("nóng").hits == ()
    assert len(library.search("ha noi").hits) == 1
    assert library.verify() == []


def test_pages_follow_each_other_without_a_gap(library: Library) -> None:
    entries = [library.store(talk(*["một hai ba"] * 4)) for _ in range(7)]
    seen = []
    page = library.search("hai", limit=4, per_entry=2)
    while page.hits:
        seen += [(hit.entry, hit.key) for hit in page.hits]
        if not page.more:
            break
        page = library.search("hai", limit=4, per_entry=2, before=page.hits[-1])
    assert seen == [(entry, key) for entry in reversed(entries) for key in (0, 1)]
    inside = library.search("hai", entry=entries[0])
    assert [hit.key for hit in inside.hits] == [0, 1, 2, 3]


def test_the_index_can_be_written_anew(library: Library) -> None:
    library.store(talk())
    with library._database.writing() as connection:
        connection.execute("INSERT INTO segment_index (segment_index) VALUES ('delete-all')")
    assert ["index" in problem.what for problem in library.verify()] == [True]
    library.rebuild_index()
    assert library.verify() == []
    assert len(library.search("bạn").hits) == 1


@given(st.text(max_size=60))
def test_folding_is_settled_after_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold(unicodedata.normalize("NFC", text)) == fold(unicodedata.normalize("NFD", text))


@given(st.text("aăâAĂđĐdDeêếề okK-. ", max_size=30), st.text("aâdđeê", min_size=1, max_size=3))
def test_places_hold_what_was_looked_for(text: str, wanted: str) -> None:
    for first, last in occurrences(text, wanted, marks_count=False, whole_words=False):
        assert fold(text[first:last]) == fold(wanted)
    for first, last in occurrences(text, wanted, marks_count=True, whole_words=True):
        assert exact(text[first:last]) == exact(wanted)
        assert wanted.casefold() in map(str.casefold, index_words(text))


def test_touching_places_are_marked_once() -> None:
    assert highlights("bạn bạn", "ban bạn") == [(0, 3), (4, 7)]
