"""The library screen: list, search, order, change, delete and bring back, on a real library."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import pytest
from samples import DATA, QuietApp, screen_text
from test_real_jobs import wait_until
from textual.pilot import Pilot
from waiting import shows

from omoai_engine.library import Library
from omoai_tui import language
from omoai_tui.screens.library_screen import LibraryScreen
from omoai_tui.widgets.library_list import LibraryList, snippet

sys.path.append(str(Path(__file__).parents[1] / "engine" / "library"))
from library_samples import talk

SOUND = DATA / "en-jfk.mp3"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three transcripts: the newest one last."""
    folder = tmp_path / "library"
    monkeypatch.setenv("OMOAI_LIBRARY__FOLDER", str(folder))
    with Library(folder) as library:
        library.store(talk(), title="Họp quý ba", tags=("họp", "quan trọng"), created=1e9)
        library.store(
            talk("One two three.", "Hello world."),
            title="English talk",
            state="interrupted",
            audio=SOUND,
            created=2e9 - 1e6,
        )
        library.store(talk("Không có gì.", "Hết."), title="Bài giảng", created=1.5e9)
    return folder


def titles(pilot: Pilot[None]) -> list[str]:
    rows = pilot.app.screen.query_one(LibraryList).rows
    return [row.entry.title for row in rows if row.hit is None]


async def opened(pilot: Pilot[None]) -> None:
    await pilot.press("l")
    await shows(pilot, "Library", "newest first")


@pytest.mark.parametrize("size", [(160, 48), (80, 24), (60, 15)])
async def test_it_lists_the_newest_first_and_sorts_by_what_is_asked(
    tmp_path: Path, folder: Path, size: tuple[int, int]
) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=size) as pilot:
        await opened(pilot)
        assert titles(pilot) == ["English talk", "Bài giảng", "Họp quý ba"]
        text = screen_text(app)
        assert "interrupted" in text
        await pilot.press("s")
        await shows(pilot, "by title")
        assert titles(pilot) == ["Bài giảng", "English talk", "Họp quý ba"]
        await pilot.press("s")
        await shows(pilot, "longest first")
        assert titles(pilot)[0] == "Họp quý ba"
        await pilot.press("S")
        await shows(pilot, "shortest first")
        assert titles(pilot)[-1] == "Họp quý ba"
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.screen is app.bench)


async def test_words_without_tones_find_words_with_them_and_enter_opens_the_place(
    tmp_path: Path, folder: Path
) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        await pilot.press("slash", *"duong pho")
        text = await shows(pilot, "1 place", "0:10", "Đường phố Hà Nội rất đông.")
        assert "Bài giảng" not in text
        await pilot.press("enter", "down")
        row = app.screen.query_one(LibraryList).at_cursor()
        assert row is not None
        assert row.hit is not None
        assert row.hit.start == 10.0
        await pilot.press("enter")
        await wait_until(pilot, lambda: not isinstance(app.screen, LibraryScreen))
        text = await shows(pilot, "Họp quý ba", "Đường phố Hà Nội rất đông.")
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(app.screen, LibraryScreen))
        await pilot.press("escape")
        await shows(pilot, "3 transcripts")


async def test_a_word_of_the_title_is_found_too_and_nothing_is_said_to_be_found(
    tmp_path: Path, folder: Path
) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        await pilot.press("slash", *"giang")
        await wait_until(pilot, lambda: titles(pilot) == ["Bài giảng"])
        await pilot.press(*"zzzz")
        await shows(pilot, "No transcript has these words")


async def test_what_is_deleted_can_be_brought_back_until_it_is_removed(
    tmp_path: Path, folder: Path
) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        await pilot.press("d")
        await shows(pilot, "Delete this transcript?", "English talk")
        await pilot.press("n")
        await pilot.press("d", "y")
        await shows(pilot, "2 transcripts")
        assert titles(pilot) == ["Bài giảng", "Họp quý ba"]
        await pilot.press("u")
        await shows(pilot, "3 transcripts")
        await pilot.press("home", "d", "y")
        await shows(pilot, "2 transcripts")
        await pilot.press("b")
        await shows(pilot, "Deleted", "1 transcript")
        assert titles(pilot) == ["English talk"]
        await pilot.press("enter")
        await shows(pilot, "Nothing is deleted.")
        await pilot.press("escape", "home", "d", "y", "b")
        await shows(pilot, "Deleted", "English talk")
        await pilot.press("d")
        await shows(pilot, "for good?")
        await pilot.press("y")
        await shows(pilot, "Nothing is deleted.")
    with Library(folder) as library:
        assert library.count() == 2
        assert library.count(deleted=True) == 0
    assert SOUND.is_file()


async def test_titles_and_tags_change_and_tags_and_states_filter(
    tmp_path: Path, folder: Path
) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        await pilot.press("n", *" hay", "enter")
        await wait_until(pilot, lambda: "English talk hay" in titles(pilot))
        await pilot.press("T")
        await shows(pilot, "In use: họp, quan trọng")
        await pilot.press(*"mới, họp", "enter")
        await shows(pilot, "họp, mới")
        await pilot.press("f")
        await shows(pilot, "tag: họp (2)", "state: interrupted")
        await pilot.press("end", "up", "enter")
        await shows(pilot, "1 of 3")
        await pilot.press("f", "home", "enter")
        await shows(pilot, "3 transcripts")
    with Library(folder) as library:
        assert library.tags() == {"họp": 2, "mới": 1, "quan trọng": 1}


async def test_an_interrupted_one_goes_to_the_queue_again(tmp_path: Path, folder: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        await shows(pilot, "R transcribes the recording again", "R Transcribe again")
        await pilot.press("R")
        await wait_until(pilot, lambda: app.screen is app.bench)
        assert [job.path for job in app.queue.jobs] == [str(SOUND)]


async def test_the_whole_text_or_a_place_goes_to_the_clipboard(
    tmp_path: Path, folder: Path
) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        await pilot.press("c")
        await wait_until(pilot, lambda: "Hello world." in app.clipboard)
        assert "One two three." in app.clipboard
        await pilot.press("slash", *"hello", "enter")
        await shows(pilot, "1 place")
        await pilot.press("down", "C")
        await wait_until(pilot, lambda: app.clipboard == "Hello world.")


async def test_a_check_says_what_is_missing(tmp_path: Path, folder: Path) -> None:
    with Library(folder) as library:
        library.store(talk("Một."), title="Mất tiếng", audio=tmp_path / "gone.mp3", created=1.0)
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        await pilot.press("V")
        await shows(pilot, "Check of the library", "Mất tiếng: its audio is missing")


def spoil_bytes(path: Path) -> str:
    path.write_bytes(b"this is no database" * 100)
    return "damaged"


def spoil_version(path: Path) -> str:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return "newer OmoAI"


@pytest.mark.parametrize("spoil", [spoil_bytes, spoil_version])
async def test_a_library_that_cannot_be_used_is_said_and_never_touched(
    tmp_path: Path, folder: Path, spoil: object
) -> None:
    path = folder / "library.sqlite3"
    words = spoil(path)  # type: ignore[operator]
    before = path.read_bytes()
    app = QuietApp(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("l")
        await shows(pilot, words)
        await pilot.press("s", "slash", *"tieng", "escape", "d", "V")
        await pilot.pause(0.3)
    assert path.read_bytes() == before


async def test_it_speaks_vietnamese(tmp_path: Path, folder: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        app.action_use_language("vi")
        await shows(pilot, "Thư viện", "mới nhất trước", "3 bản ghi lời")
        language.use("en")


async def test_ten_thousand_rows_are_drawn_as_fast_as_ten(tmp_path: Path, folder: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        view = app.screen.query_one(LibraryList)
        drawn: list[int] = []
        lines = view.block_lines

        def counted(index: int, width: int) -> object:
            drawn.append(index)
            return lines(index, width)

        view.block_lines = counted  # type: ignore[method-assign,assignment]
        view.show(view.rows * 4_000)
        await pilot.pause()
        assert 0 < len(drawn) <= 2 * 36


def test_a_snippet_shows_the_place_that_was_found() -> None:
    text = "a " * 200 + "đường phố " + "b " * 200
    at = text.index("đường")
    shown, marks = snippet(text, [(at, at + 5)], 40)
    assert len(shown) <= 40
    assert [shown[a:b] for a, b, _ in marks] == ["đường"]
    assert snippet("ngắn", [(0, 4)], 40) == ("ngắn", [(0, 4, "key")])
