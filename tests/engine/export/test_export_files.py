"""An exported file appears whole or not at all, and never replaces another unasked."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from export_samples import sample

from omoai_engine.errors import ExportError
from omoai_engine.export import FORMATS, free_name, from_json, render, write, write_atomically


def test_the_suffix_tells_the_format(tmp_path: Path) -> None:
    for exporter in FORMATS.values():
        path = write(sample(), tmp_path / f"họp{exporter.suffix}")
        assert path.stat().st_size > 0
        if not exporter.binary:
            assert path.read_bytes() == render(sample(), exporter.name).encode()


def test_a_named_format_wins_over_the_suffix(tmp_path: Path) -> None:
    assert from_json(write(sample(), tmp_path / "a.txt", "JSON").read_bytes()) == sample()


@pytest.mark.parametrize("name", ["a.pdf", "a"])
def test_an_unknown_format_names_those_there_are(tmp_path: Path, name: str) -> None:
    with pytest.raises(ExportError, match="txt, md, json, srt, vtt"):
        write(sample(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_kept_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("mine")
    with pytest.raises(ExportError, match="exists already"):
        write(sample(), path)
    assert path.read_text() == "mine"
    write(sample(), path, overwrite=True)
    assert path.read_text("utf-8") == render(sample(), "txt")
    assert list(tmp_path.iterdir()) == [path]


def test_of_many_writers_of_one_name_exactly_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"

    def attempt(number: int) -> bool:
        try:
            write_atomically(path, str(number).encode() * 1000)
        except ExportError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(attempt, range(8)))
    assert won.count(True) == 1
    assert path.read_bytes() == str(won.index(True)).encode() * 1000
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_permissions_are_what_the_umask_says(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        path = write_atomically(tmp_path / "a", b"x")
        write_atomically(path, b"y", overwrite=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_overwriting_a_link_replaces_the_file_behind_it(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    target = tmp_path / "folder" / "real.txt"
    target.write_text("old")
    link = tmp_path / "link.txt"
    link.symlink_to(target)
    write_atomically(link, b"new", overwrite=True)
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_dangling_link_counts_as_a_name_that_is_taken(tmp_path: Path) -> None:
    link = tmp_path / "link.txt"
    link.symlink_to(tmp_path / "nowhere.txt")
    with pytest.raises(ExportError, match="exists already"):
        write_atomically(link, b"new")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing/a.txt", "no such folder"),
        ("file/a.txt", "not a folder"),
        (".", "is a folder"),
        ("n" * 300 + ".txt", "too long"),
        ("a\0b.txt", "null"),
        ("loop/a.txt", "symbolic links"),
    ],
)
def test_a_path_that_cannot_be_written_is_named_with_its_cause(
    tmp_path: Path, name: str, says: str
) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(ExportError, match=says) as caught:
        write_atomically(tmp_path / name, b"x")
    assert "\n" not in str(caught.value)


def test_a_write_that_fails_midway_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    # A limit on file size fails in the middle of the write, as a full disk does.
    program = (
        "import resource, sys\n"
        "from omoai_engine.errors import ExportError\n"
        "from omoai_engine.export import write_atomically\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    write_atomically(sys.argv[1], b'x' * 100_000, overwrite=True)\n"
        "except ExportError as error:\n"
        "    print(error)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    assert "larger than this account may write" in run.stdout
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_atomically(path, b"0" * 500_000)
    program = (
        "import itertools, sys\n"
        "from omoai_engine.export import write_atomically\n"
        "for turn in itertools.count():\n"
        "    write_atomically(sys.argv[1], str(turn % 10).encode() * 500_000, overwrite=True)\n"
        "    print('.', end='', flush=True)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.read(3)
    time.sleep(0.003)
    child.send_signal(signal.SIGKILL)
    child.wait()
    content = path.read_bytes()
    assert len(content) == 500_000
    assert len(set(content)) == 1


def test_a_free_name_counts_up(tmp_path: Path) -> None:
    path = tmp_path / "a.b.txt"
    assert free_name(path) == path
    path.touch()
    (tmp_path / "a.b-2.txt").symlink_to(tmp_path / "nowhere")
    assert free_name(path) == tmp_path / "a.b-3.txt"
