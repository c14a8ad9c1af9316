"""`omoai library ...` and `omoai export` as a person meets them, on real small files."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from omoai_command import COMMAND, DATA, Home

from omoai_engine.library import Library
from omoai_engine.models import find_whisper_base_parts

SRT = """1
00:00:01,000 --> 00:00:02,500
Xin chào các bạn.

2
00:00:03,000 --> 00:00:04,500
Hôm nay chúng ta nói tiếng Việt.

3
00:00:06,000 --> 00:00:07,000
Ngân hàng mở cửa.
"""


class Shelf:
    """A home whose library holds one imported transcript, number 1."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.file = home.folder / "họp.srt"
        self.file.write_text(SRT, encoding="utf-8")
        assert self.library("import", "họp.srt") == "1\n"

    def environment(self, **more: str) -> dict[str, str]:
        return {"OMOAI_LIBRARY__FOLDER": str(self.home.folder / "shelf"), **more}

    def run(
        self, *arguments: str | Path, stdin: bytes = b"", **more: str
    ) -> subprocess.CompletedProcess[bytes]:
        return self.home.run(*arguments, stdin=stdin, **self.environment(**more))

    def library(self, *arguments: str, code: int = 0, **more: str) -> str:
        """Return what `omoai library` writes to standard output."""
        done = self.run("library", *arguments, **more)
        assert done.returncode == code, done.stderr.decode()
        return done.stdout.decode()

    def refused(self, *arguments: str, code: int = 2) -> str:
        """Return the one line that `omoai library` says where it does nothing."""
        done = self.run("library", *arguments)
        told = done.stderr.decode()
        assert (done.returncode, done.stdout) == (code, b""), told
        assert told.startswith("omoai: ")
        assert told.count("\n") == 1
        return told

    def editor(self, program: str) -> str:
        """Return an $EDITOR that runs `program` on `text`, the content of its file."""
        path = self.home.folder / "edit.py"
        path.write_text(
            "import sys, pathlib\n"
            "file = pathlib.Path(sys.argv[-1])\n"
            "text = file.read_text(encoding='utf-8')\n"
            f"{program}\n"
            "file.write_text(text, encoding='utf-8')\n"
        )
        return f"'{sys.executable}' '{path}'"


@pytest.fixture
def shelf(omoai: Home) -> Shelf:
    return Shelf(omoai)


def test_what_is_imported_is_listed_found_shown_and_exported(shelf: Shelf) -> None:
    assert "họp" in shelf.library("list")
    (entry,) = json.loads(shelf.library("list", "--json"))
    assert (entry["id"], entry["title"], entry["words"]) == (1, "họp", 15)
    assert entry["metadata"]["imported_from"] == "srt"
    assert shelf.library("list", "--title", "HOP").count("\n") == 1
    assert shelf.library("list", "--title", "absent") == ""

    assert "0:03" in shelf.library("search", "tieng", "viet")
    (hit,) = json.loads(shelf.library("search", "--json", '"ngân hàng"'))
    assert hit["text"] == "Ngân hàng mở cửa."
    assert shelf.library("search", "absent", code=1) == ""

    assert "Hôm nay chúng ta nói tiếng Việt." in shelf.library("show", "1")
    assert "Xin chào" in shelf.library("export", "1", "-f", "srt")
    done = shelf.run("export", "1", "-f", "docx,csv,json", "-o", "out")
    assert done.returncode == 0, done.stderr
    out = shelf.home.folder / "out"
    assert sorted(path.name for path in out.iterdir()) == ["1.csv", "1.docx", "1.json"]
    assert "word/document.xml" in zipfile.ZipFile(out / "1.docx").namelist()
    rows = list(csv.reader(io.StringIO((out / "1.csv").read_text(encoding="utf-8-sig"))))
    assert any("Ngân hàng mở cửa." in row for row in rows)
    again = shelf.run("export", "1", "-f", "json", "-o", "out")
    assert again.returncode == 2
    assert b"exists" in again.stderr


def test_an_editor_changes_the_text_and_the_change_is_undone(shelf: Shelf) -> None:
    editor = shelf.editor("text = text.replace('tiếng Việt', 'tiếng Anh')")
    done = shelf.run("library", "edit", "1", EDITOR=editor)
    assert done.returncode == 0, done.stderr
    assert b"1 segment changed" in done.stderr
    difference = shelf.library("show", "1", "--diff")
    assert "Việt" in difference
    assert "Anh" in difference
    assert difference.startswith("0:0")
    assert "tiếng Anh" in shelf.library("export", "1")

    shelf.library("undo", "1")
    assert shelf.library("show", "1", "--diff") == ""
    shelf.library("undo", "1", code=1)
    shelf.library("redo", "1")
    assert "tiếng Anh" in shelf.library("export", "1")
    shelf.library("redo", "1", code=1)


def test_what_an_editor_leaves_that_has_no_place_is_told_and_kept(shelf: Shelf) -> None:
    editor = shelf.editor("text += '[#99 0:00:00.0] a lost line\\n'")
    done = shelf.run("library", "edit", "1", EDITOR=editor, TMPDIR=str(shelf.home.folder))
    told = done.stderr.decode()
    assert done.returncode == 0, told
    assert "there is no such segment: a lost line" in told
    (kept,) = shelf.home.folder.glob("omoai-edit-*")
    assert "a lost line" in kept.read_text(encoding="utf-8")
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("editor", ["no-such-editor", "false", "'unclosed"])
def test_an_editor_that_fails_changes_nothing(shelf: Shelf, editor: str) -> None:
    done = shelf.run("library", "edit", "1", EDITOR=editor)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"fault of omoai" not in done.stderr
    assert shelf.library("show", "1", "--diff") == ""


def test_titles_and_tags_are_given_and_taken(shelf: Shelf) -> None:
    shelf.library("rename", "1", "Buổi\nhọp \x1b[31mmới")
    shelf.library("tag", "1", "công ty", "quý 3")
    shelf.library("tag", "1", "quý 3", "--remove")
    (entry,) = json.loads(shelf.library("list", "--tag", "công ty", "--json"))
    assert entry["title"] == "Buổi họp [31mmới"
    assert entry["tags"] == ["công ty"]
    assert shelf.library("list", "--tag", "quý 3") == ""
    assert "cannot be empty" in shelf.refused("rename", "1", " ", code=1)


def test_deleting_asks_and_is_taken_back(shelf: Shelf) -> None:
    done = shelf.run("library", "delete", "1", stdin=b"y\n")
    assert done.returncode == 2
    assert b"Give --yes" in done.stderr
    shelf.library("delete", "1", "--yes")
    assert shelf.library("list") == ""
    assert "họp" in shelf.library("list", "--deleted")
    assert shelf.library("search", "tieng", code=1) == ""
    shelf.library("restore", "1")
    assert "họp" in shelf.library("list")


def test_a_library_is_verified_and_its_index_is_written_anew(shelf: Shelf) -> None:
    assert shelf.library("verify") == ""
    with Library(shelf.home.folder / "shelf") as library, library._database.writing() as db:
        db.execute("INSERT INTO segment_index (segment_index) VALUES ('delete-all')")
    assert "DAMAGED" in shelf.library("verify", code=1)
    assert shelf.library("search", "tieng", code=1) == ""
    shelf.library("verify", "--repair")
    assert "0:03" in shelf.library("search", "tieng")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["show", "7"], "there is no transcript 7 in the library"),
        (["undo", "7"], "there is no transcript 7"),
        (["tag", "7", "a"], "there is no transcript 7"),
        (["show", "-1"], ""),
        (["show", "99999999999999999999"], "no number of"),
        (["list", "--limit", "0"], "no number from 1 on"),
        (["import", "absent.srt"], "absent.srt"),
        (["import", "họp.srt", "--audio", "absent.mp3"], "there is no recording absent.mp3"),
        (["no-such"], "no-such"),
        ([], "required"),
    ],
)
def test_wrong_usage_is_one_line(shelf: Shelf, words: list[str], sentence: str) -> None:
    assert sentence in shelf.refused(*words)


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_nobody_else_may_read_the_library(shelf: Shelf, umask: int) -> None:
    before = os.umask(umask)
    try:
        sound = shelf.home.folder / "họp.mp3"
        sound.write_bytes((DATA / "en-jfk.mp3").read_bytes())
        shelf.library(
            "import", "họp.srt", "--audio", "họp.mp3",
            OMOAI_LIBRARY__FOLDER=str(shelf.home.folder / "new" / "shelf"),
            OMOAI_LIBRARY__AUDIO="copy",
        )  # fmt: skip
    finally:
        os.umask(before)
    made = [shelf.home.folder / "new", *(shelf.home.folder / "new").rglob("*")]
    assert any(path.suffix == ".mp3" for path in made)
    for path in made:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_a_place_where_nothing_can_be_written_is_one_sentence(shelf: Shelf) -> None:
    done = shelf.run("library", "list", OMOAI_LIBRARY__FOLDER="/proc/nowhere")
    told = done.stderr.decode()
    assert done.returncode == 1
    assert told.startswith("omoai: /proc/nowhere/library.sqlite3: the library cannot be opened")
    assert told.count("\n") == 1


def test_two_commands_at_once_lose_nothing(shelf: Shelf) -> None:
    environment = shelf.home.environment(**shelf.environment())
    running = [
        subprocess.Popen(
            [*COMMAND, "library", "import", "họp.srt"],
            env=environment,
            cwd=shelf.home.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(4)
    ]
    numbers = {child.communicate(timeout=60)[0] for child in running}
    assert len(numbers) == 4
    assert shelf.library("list").count("\n") == 5


@pytest.mark.skipif(
    find_whisper_base_parts() is None, reason="the `offline` extra is not installed"
)
def test_a_recording_is_transcribed_into_files_and_the_library(shelf: Shelf) -> None:
    done = shelf.run(
        "transcribe", DATA / "en-jfk.mp3", "--library", "-f", "srt,docx", "-o", "out",
        "--language", "en", "--quality", "fast",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"kept in the library as 2" in done.stderr
    out = shelf.home.folder / "out"
    assert sorted(path.name for path in out.iterdir()) == ["en-jfk.docx", "en-jfk.srt"]
    assert "fellow Americans" in (out / "en-jfk.srt").read_text()
    assert b"fellow Americans" in zipfile.ZipFile(out / "en-jfk.docx").read("word/document.xml")
    assert "en-jfk" in shelf.library("search", "fellow americans")
    (entry, _) = json.loads(shelf.library("list", "--json"))
    assert entry["audio"] == "referenced"
    assert entry["language"] == "en"
