"""The file: shared by processes, durable at once, refused in one sentence where it is not ours."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from library_samples import LINES, talk

from omoai_engine.errors import LibraryError
from omoai_engine.library import EditText, Library
from omoai_engine.library.database import Database
from omoai_engine.library.library import FILE_NAME
from omoai_engine.library.schema import MIGRATIONS

HERE = Path(__file__).parent
WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from library_samples import talk
from omoai_engine.library import EditText, Library
with Library(Path(sys.argv[1])) as library:
    for number in range(int(sys.argv[4])):
        library.store(talk(), title=f"{sys.argv[2]}-{number}")
        library.edit(1, EditText(0, f"written by {sys.argv[2]} as {number}"))
"""
READER = """
import sys
from pathlib import Path
from omoai_engine.library import Library
with Library(Path(sys.argv[1])) as library:
    seen = 0
    for _ in range(int(sys.argv[2])):
        entries = library.entries()
        assert len(entries) >= seen, (len(entries), seen)
        seen = len(entries)
        assert len(library.transcript(1).segments) == 4
        assert library.search("tieng viet", limit=5).hits
"""
ENDLESS = """
import sys
from pathlib import Path
from omoai_engine.library import EditText, Library
library = Library(Path(sys.argv[1]))
number = 0
while True:
    library.edit(1, EditText(0, f"number {number}"))
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
    number += 1
"""


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_four_writers_and_eight_readers_lose_nothing(tmp_path: Path) -> None:
    with Library(tmp_path) as library:
        library.store(talk())
        library.store(talk())
    running = [python(WRITER, tmp_path, name, HERE, 12) for name in "abcd"]
    running += [python(READER, tmp_path, 12) for _ in range(8)]
    for process in running:
        _, said = process.communicate(timeout=240)
        assert process.returncode == 0, said
    with Library(tmp_path) as library:
        assert library.verify() == []
        titles = {entry.title for entry in library.entries()}
        assert {f"{name}-{number}" for name in "abcd" for number in range(12)} <= titles
        assert len(library.history(1)) == 48
        for _ in range(48):
            assert library.undo(1) is not None
        assert library.transcript(1).segments[0].text == LINES[0]


def test_an_edit_that_returned_survives_a_kill(tmp_path: Path) -> None:
    with Library(tmp_path) as library:
        library.store(talk())
    for _ in range(3):
        process = python(ENDLESS, tmp_path)
        assert process.stdout is not None
        told = -1
        while told < 20:
            told = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate(timeout=60)
        told = max([told, *(int(line) for line in rest.split("\n")[:-1] if line)])
        with Library(tmp_path) as library:
            kept = int(library.transcript(1).segments[0].text.removeprefix("number "))
            # The edit under way may be there too; none that returned is missing.
            assert kept in (told, told + 1)
            assert library.verify() == []


def test_threads_share_a_library(tmp_path: Path) -> None:
    faults: list[Exception] = []
    with Library(tmp_path) as library:
        entry = library.store(talk())

        def work(number: int) -> None:
            try:
                for at in range(10):
                    library.edit(entry, EditText(number, f"{number} {at}"))
                    library.search("ngan hang")
            except Exception as error:
                faults.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert faults == []
        assert [s.text for s in library.transcript(entry).segments] == [
            f"{number} 9" for number in range(4)
        ]
        assert len(library.history(entry)) == 40


def content(folder: Path) -> str:
    return hashlib.sha256((folder / FILE_NAME).read_bytes()).hexdigest()


def refuse(folder: Path, says: str) -> None:
    before = content(folder)
    with pytest.raises(LibraryError, match=says) as caught:
        Library(folder)
    assert "\n" not in str(caught.value)
    assert content(folder) == before


def test_a_newer_library_is_refused_and_not_touched(tmp_path: Path) -> None:
    Library(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    refuse(tmp_path, "newer OmoAI .version 99")


@pytest.mark.parametrize("junk", [b"x", b"hello" * 1000, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_what_is_no_library_is_refused_and_not_touched(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(junk)
    refuse(tmp_path, "damaged|another program|newer")


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("CREATE TABLE notes (a)")
    connection.commit()
    connection.close()
    refuse(tmp_path, "another program")


def test_a_library_damaged_in_the_middle_is_told_in_a_sentence(tmp_path: Path) -> None:
    with Library(tmp_path) as library:
        for _ in range(60):
            library.store(talk())
    path = tmp_path / FILE_NAME
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xaa" * (len(data) - 4096)
    path.write_bytes(bytes(data))
    with pytest.raises(LibraryError, match="damaged") as caught:
        Library(tmp_path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == bytes(data)


def test_an_older_library_is_copied_before_it_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    old = Database(path, MIGRATIONS[:1])
    with old.writing() as connection:
        connection.execute(
            "INSERT INTO entry (created, title, title_folded, source, state, duration) "
            "VALUES (1, 'Họp', 'hop', '', 'finished', 1)"
        )
        connection.execute(
            "INSERT INTO segment (id, position, start, stop, text, words) "
            "VALUES (?, '00000001', 0, 1, 'tiếng Việt', '[]')",
            (1 << 24,),
        )
    old.close()
    with Library(tmp_path) as library:
        assert [hit.text for hit in library.search("tieng viet").hits] == ["tiếng Việt"]
        assert library.verify() == []
    (copy,) = tmp_path.glob("library-version-1.sqlite3")
    kept = sqlite3.connect(copy)
    assert kept.execute("PRAGMA user_version").fetchone() == (1,)
    assert kept.execute("SELECT text FROM segment").fetchone() == ("tiếng Việt",)
    kept.close()


def test_a_migration_that_fails_leaves_the_old_library(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    Database(path, MIGRATIONS[:1]).close()

    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (a)")
        connection.execute("SELECT no_such_thing")

    with pytest.raises(LibraryError):
        Database(path, (MIGRATIONS[0], broken))
    with Library(tmp_path) as library:
        assert library.entries() == []
        with library._database.reading() as connection:
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert "half" not in names


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(LibraryError, match="cannot be opened"):
        Library(tmp_path / "file" / "library")


def test_a_closed_library_says_so(tmp_path: Path) -> None:
    library = Library(tmp_path)
    library.close()
    with pytest.raises(LibraryError, match="closed"):
        library.entries()


def test_a_library_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    Library(folder).close()
    (folder / "library.sqlite3").chmod(0o644)
    folder.chmod(0o755)
    Library(folder).close()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "library.sqlite3").stat().st_mode & 0o777 == 0o600


def test_a_folder_of_other_things_stays_open_and_the_check_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    (folder / "notes.txt").write_text("x")
    (folder / "notes.txt").chmod(0o644)
    with Library(folder) as library:
        assert [problem.serious for problem in library.verify()] == [False]
    assert folder.stat().st_mode & 0o777 == 0o755
    assert (folder / "notes.txt").stat().st_mode & 0o777 == 0o644
    assert (folder / "library.sqlite3").stat().st_mode & 0o777 == 0o600


def test_what_is_no_file_in_its_place_is_refused_unread(tmp_path: Path) -> None:
    """SQLite waits for a pipe, and blames the disk for a device."""
    path = tmp_path / "library.sqlite3"
    for make in (os.mkfifo, os.mkdir, lambda at: at.symlink_to("/dev/zero")):
        make(path)
        with pytest.raises(LibraryError, match="no file, so it is no library"):
            Database(path)
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
