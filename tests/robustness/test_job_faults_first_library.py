"""The very first library is begun again cleanly, wherever the program was killed or failed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fault_tools import LONG, needs_strace, sweep

from omoai_engine.errors import LibraryError
from omoai_engine.library import Library

pytestmark = needs_strace
SRT = "1\n00:00:01,000 --> 00:00:02,500\nXin chào các bạn.\n"
FAULTS = [("pwrite64", "KILL"), ("unlink", "EACCES")]
if LONG:
    FAULTS += [("pwrite64", "ENOSPC"), ("fdatasync", "KILL"), ("fdatasync", "EIO")]
    FAULTS += [("unlink", "KILL"), ("ftruncate", "KILL"), ("mkdir", "ENOSPC")]


@pytest.mark.parametrize(("call", "fault"), FAULTS)
def test_a_library_that_was_half_begun_is_begun_again(
    tmp_path: Path, call: str, fault: str
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "a.srt").write_text(SRT, encoding="utf-8")
    for end in sweep(("library", "import", "a.srt"), home, tmp_path / "s", call, fault, 6):
        assert end.code in (None, 0, 1), end
        assert "Traceback" not in end.err, end
        with Library(end.home / "shelf") as library:
            assert [p for p in library.verify() if p.serious] == [], end
            assert library.count() in ({1} if end.code == 0 else {0, 1}), end
            entry = library.begin("again")
        with Library(end.home / "shelf") as library:
            assert library.entry(entry).title == "again", end


def test_another_programs_database_is_left_alone_also_where_it_was_killed(tmp_path: Path) -> None:
    program = (
        "import os, sqlite3\n"
        "made = sqlite3.connect('library.sqlite3', isolation_level=None)\n"
        "made.execute('CREATE TABLE theirs (x)')\n"
        "made.execute('BEGIN')\n"
        "made.execute('PRAGMA cache_size = 1')\n"
        "made.executemany('INSERT INTO theirs VALUES (?)', [('x' * 3000,)] * 500)\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, timeout=60)
    assert (tmp_path / "library.sqlite3-journal").stat().st_size > 0
    with pytest.raises(LibraryError, match="another program's database"):
        Library(tmp_path)
