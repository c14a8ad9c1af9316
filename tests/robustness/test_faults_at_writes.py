"""The disk fills, fails or is taken away, or the program is killed: at each of its calls.

Every call of real work is failed once (`strace` does it); what was told to be safe must be there
afterwards, and the next start must be clean.
Some calls in the usual run, each of them where LONG_TESTS is 1.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fault_scenarios import acknowledged, sound
from fault_tools import ROOT, Ended, needs_strace, sweep

from omoai_engine.library import Library
from omoai_engine.recording import find_unfinished
from omoai_engine.recording.files import recover
from omoai_engine.recording.wav import HEAD_BYTES

pytestmark = needs_strace
SRT = """1
00:00:01,000 --> 00:00:02,500
Xin chào các bạn.

2
00:00:03,000 --> 00:00:04,500
Hôm nay chúng ta nói tiếng Việt.
"""
LOST_DISK = [
    ("pwrite64", "ENOSPC"),
    ("pwrite64", "KILL"),
    ("write", "ENOSPC"),
    ("fdatasync", "EIO"),
    ("ftruncate", "EIO"),
    ("unlink", "EACCES"),
]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose library holds one transcript."""
    home = tmp_path_factory.mktemp("faults") / "home"
    home.mkdir()
    (home / "a.srt").write_text(SRT, encoding="utf-8")
    (home / "b.srt").write_text(SRT.replace("Xin", "Kính"), encoding="utf-8")
    (home / "talk.wav").write_bytes(b"RIFF" + bytes(60_000))
    command = [sys.executable, "-m", "omoai_engine.cli", "library", "import", str(home / "a.srt")]
    subprocess.run(command, check=True, capture_output=True, env=_environment(home))
    subprocess.run(
        [sys.executable, "-m", "omoai_engine.cli", "export", "1", "-f", "json", "-o", str(home)],
        check=True,
        capture_output=True,
        env=_environment(home),
    )
    return home


def _environment(home: Path) -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "OMOAI_LIBRARY__FOLDER": str(home / "shelf"),
    }


def assert_library_is_whole(end: Ended, entries: set[int]) -> Library:
    """Return the library of one child, checked: readable, undamaged, so many transcripts."""
    library = Library(end.home / "shelf")
    problems = [p for p in library.verify() if p.serious]
    assert problems == [], f"{end}\n{problems}"
    assert len(library.entries()) in entries, end
    return library


def assert_ended_well(end: Ended) -> None:
    """Fail unless the child was killed, did its work, or said in a sentence why not."""
    if end.code is None:
        assert end.fault == "KILL", end
        return
    assert end.code in (0, 1, 2), end
    assert "Traceback" not in end.err, end
    assert "fault of omoai" not in end.err, end
    if end.code:
        assert sum(line.startswith("omoai: ") for line in end.err.splitlines()) == 1, end


@pytest.mark.parametrize(("call", "fault"), LOST_DISK)
def test_an_import_is_there_whole_or_not_at_all(
    shelf: Path, tmp_path: Path, call: str, fault: str
) -> None:
    ends = sweep(("library", "import", "b.srt"), shelf, tmp_path / "s", call, fault, 6)
    assert any(end.hit for end in ends)
    for end in ends:
        assert_ended_well(end)
        with assert_library_is_whole(end, {2} if end.code == 0 else {1, 2}) as library:
            assert library.transcript(1).segments[0].text == "Xin chào các bạn."


@pytest.mark.parametrize(("call", "fault"), [*LOST_DISK, ("unlink", "KILL"), ("mkdir", "ENOSPC")])
def test_what_was_typed_is_in_the_library_or_in_a_file_that_is_named(
    shelf: Path, tmp_path: Path, call: str, fault: str
) -> None:
    typed = "Bốn chữ gõ tay."
    home = tmp_path / "home"
    shutil.copytree(shelf, home)
    (home / "editor.sh").write_text(f'sed -i "s/Xin chào.*/{typed}/" "$1" && touch "$HOME/saved"')
    ends = sweep(
        ("library", "edit", "1"), home, tmp_path / "s", call, fault, 6,
        environment={"VISUAL": "sh editor.sh"},
    )  # fmt: skip
    for end in ends:
        assert_ended_well(end)
        with assert_library_is_whole(end, {1}) as library:
            stored = library.transcript(1).segments[0].text == typed
        if end.code == 0:
            assert stored, end
        if stored or not (end.home / "saved").exists():
            continue
        files = [f for f in (end.home / "tmp").iterdir() if typed in f.read_text(encoding="utf-8")]
        assert len(files) == 1, end
        assert end.code is None or files[0].name in end.err, end


@pytest.mark.parametrize(
    ("call", "fault"),
    [("write", "ENOSPC"), ("write", "KILL"), ("fsync", "EIO"), ("link", "EACCES"),
     ("link", "KILL"), ("unlink", "KILL")],
)  # fmt: skip
def test_an_export_is_a_whole_file_or_none(
    shelf: Path, tmp_path: Path, call: str, fault: str
) -> None:
    work = ("export", "1", "-f", "srt,vtt,docx", "-o", "given")
    ends = sweep(work, shelf, tmp_path / "s", call, fault, 6)
    whole = {path.name: path.read_bytes() for path in (tmp_path / "s" / "warm" / "given").iterdir()}
    assert sorted(name.rpartition(".")[2] for name in whole) == ["docx", "srt", "vtt"]
    for end in ends:
        assert_ended_well(end)
        given = end.home / "given"
        files = list(given.iterdir()) if given.is_dir() else []
        there = {path.name: path for path in files if path.suffix != ".part"}
        if end.code == 0:
            assert there.keys() == whole.keys(), end
        for name, path in there.items():
            # A docx holds the time of its making.
            assert path.read_bytes() == whole[name] or name.endswith(".docx"), end
            assert path.stat().st_size > 0, end
        if end.code is not None and call != "unlink":
            assert len(there) == len(files), end


@pytest.mark.parametrize(
    ("call", "fault"),
    [("write", "ENOSPC"), ("write", "KILL"), ("pwrite64", "EIO"), ("pwrite64", "KILL"),
     ("fdatasync", "EIO"), ("fdatasync", "KILL"), ("rename", "EACCES"), ("rename", "KILL"),
     ("ftruncate", "EIO"), ("flock", "ENOLCK"), ("mkdir", "EROFS"), ("fsync", "EIO")],
)  # fmt: skip
def test_no_sound_that_was_written_is_lost(
    shelf: Path, tmp_path: Path, call: str, fault: str
) -> None:
    for end in sweep("record", shelf, tmp_path / "s", call, fault, 6):
        assert_ended_well(end)
        folder = end.home / "recordings"
        told = acknowledged(end.home)
        found = [recover(recording.path) for recording in find_unfinished(folder)]
        kept = found[0].read_bytes()[HEAD_BYTES:] if found else b""
        assert len(kept) >= told, f"{end}: {told} bytes were said to be safe, {len(kept)} are kept"
        assert sound().startswith(kept), end
        if end.code == 0 and not end.hit:
            assert len(kept) == 40 * 1600, end


@pytest.mark.parametrize(
    ("call", "fault"),
    [("write", "ENOSPC"), ("write", "KILL"), ("fsync", "EIO"), ("rename", "EACCES"),
     ("rename", "KILL"), ("mkdir", "EROFS")],
)  # fmt: skip
def test_what_the_app_remembers_is_the_old_or_the_new(
    shelf: Path, tmp_path: Path, call: str, fault: str
) -> None:
    home = tmp_path / "home"
    shutil.copytree(shelf, home)
    (home / "state" / "omoai").mkdir(parents=True)
    old = {"theme": "amber", "recent": ["/old"]}
    (home / "state" / "omoai" / "tui.json").write_text(json.dumps(old))
    for end in sweep("remember", home, tmp_path / "s", call, fault, 6):
        assert end.code == 0 or (end.code is None and fault == "KILL"), end
        known = json.loads((end.home / "state" / "omoai" / "tui.json").read_text())
        assert (known["theme"], known["recent"]) in [
            ("amber", ["/old"]), ("paper", ["/old"]),
            ("paper", ["/somewhere/talk.mp3", "/old"]), ("amber", ["/somewhere/talk.mp3", "/old"]),
        ], end  # fmt: skip


@pytest.mark.parametrize(
    ("call", "fault"),
    [("pwrite64", "ENOSPC"), ("pwrite64", "KILL"), ("fdatasync", "EIO"), ("write", "ENOSPC"),
     ("fsync", "EIO"), ("rename", "EACCES"), ("rename", "KILL"), ("mkdir", "ENOSPC")],
)  # fmt: skip
def test_what_the_library_has_said_yes_to_is_there(
    shelf: Path, tmp_path: Path, call: str, fault: str
) -> None:
    for end in sweep("keep", shelf, tmp_path / "s", call, fault, 6):
        assert_ended_well(end)
        done = acknowledged(end.home)
        with assert_library_is_whole(end, {1, 2} if done == 0 else {2}) as library:
            entries = {entry.id: entry for entry in library.entries()}
            if done >= 2:
                assert entries[2].title == "Board meeting", end
            if done >= 3:
                assert tuple(entries[2].tags) == ("board",), end
            if done >= 4:
                assert library.transcript(1).segments[0].text == "đã sửa bằng tay", end
