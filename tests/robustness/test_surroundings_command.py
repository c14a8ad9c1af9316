"""The command in odd surroundings: little of everything, no home, another encoding, signals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_jobs import ROOT, environment

SPEECH = ROOT / "tests" / "data" / "en-jfk.mp3"
OMOAI = [sys.executable, "-m", "omoai_engine.cli"]
SRT = "1\n00:00:01,000 --> 00:00:02,500\nXin chào các bạn.\n"
NOBODY = 61234
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount or become another")


def omoai(
    home: Path, *arguments: str, before: str = "true", **more: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in a shell that has done `before`."""
    return subprocess.run(
        ["bash", "-c", f'{before}; exec "$@"', "bash", *OMOAI, *arguments],
        capture_output=True, text=True, env=environment(home, **more), timeout=120,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


def complaints(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return what was complained of; never a traceback, never that we are at fault."""
    assert "Traceback" not in done.stderr, done.stderr
    assert "OpenBLAS" not in done.stderr, done.stderr
    assert "fault" not in done.stderr, done.stderr
    assert "damaged" not in done.stderr, done.stderr
    return [line for line in done.stderr.splitlines() if line.startswith("omoai: ")]


@pytest.mark.parametrize("module", ["omoai_engine.cli", "omoai_tui"])
def test_a_working_folder_that_is_gone_is_told_as_that(tmp_path: Path, module: str) -> None:
    before = f"mkdir {tmp_path}/gone && cd {tmp_path}/gone && rmdir ../gone"
    done = subprocess.run(
        ["script", "-qec", f"{before}; exec {sys.executable} -P -m {module} transcribe a.mp3",
         os.devnull],
        capture_output=True, text=True, env=environment(tmp_path, TERM="xterm"), timeout=60,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout
    assert "the folder that you are in is gone, or cannot be reached. Go to another one" in (
        " ".join(done.stdout.split())
    )
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("number", [5, 12, 15])
def test_too_few_files_are_told_as_that(tmp_path: Path, number: int) -> None:
    done = omoai(tmp_path, "transcribe", str(SPEECH), before=f"ulimit -n {number}")
    assert done.returncode == 1
    (sentence,) = complaints(done)
    assert "too many files are open. Raise the limit: ulimit -n" in sentence


@as_root
@pytest.mark.parametrize("number", [1, 5, 8])
def test_too_few_threads_are_told_as_that(tmp_path: Path, number: int) -> None:
    # Root is never limited: another user, who may read everything.
    rights = "+dac_read_search,+dac_override"
    changed = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
               f"--inh-caps=-all,{rights}", f"--ambient-caps={rights}"]  # fmt: skip
    done = subprocess.run(
        [*changed, "bash", "-c", f'ulimit -u {number}; exec "$@"', "bash", *OMOAI,
         "transcribe", str(SPEECH)],
        capture_output=True, text=True, env=environment(tmp_path), timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    (sentence,) = complaints(done)
    assert "the machine gives no further process or thread" in sentence


@pytest.mark.parametrize("number", [100_000, 120_000, 300_000])
def test_too_little_address_space_is_told_as_that(tmp_path: Path, number: int) -> None:
    done = omoai(tmp_path, "transcribe", str(SPEECH), before=f"ulimit -v {number}")
    assert done.returncode == 1
    (sentence,) = complaints(done)
    assert "memory ran out" in sentence


def test_a_transcript_that_no_file_may_hold_is_printed(tmp_path: Path) -> None:
    work = ["transcribe", "-f", "json", "-o", str(tmp_path / "out"), str(SPEECH)]
    done = omoai(tmp_path, *work, before="ulimit -f 1")
    assert done.returncode == 1
    assert len(done.stdout.split()) > 20
    told = "\n".join(complaints(done))
    assert "larger than this account may write" in told
    assert "so it was printed" in told
    assert not list((tmp_path / "out").iterdir())


@as_root
def test_a_library_on_a_full_disk_says_so_and_is_whole_when_there_is_room(tmp_path: Path) -> None:
    shelf, folder = tmp_path / "a.srt", tmp_path / "full"
    folder.mkdir()
    shelf.write_text(SRT, encoding="utf-8")
    mounted = f"mount -t tmpfs -o size=16k full {folder}"
    again = f"mount -o remount,size=4m {folder}"
    command = f'{mounted} && ("$@"; echo rc $? >&2; {again}; "$@"; echo rc $? >&2)'
    done = subprocess.run(
        ["unshare", "-m", "bash", "-c", command, "bash", *OMOAI, "library", "import", str(shelf)],
        capture_output=True, text=True, timeout=120, check=False,
        env=environment(tmp_path, OMOAI_LIBRARY__FOLDER=str(folder / "shelf")),
    )  # fmt: skip
    if "permission denied" in done.stderr and "mount" in done.stderr:
        pytest.skip("this machine lets nobody mount")
    assert re.findall("^rc .*", done.stderr, re.M) == ["rc 1", "rc 0"], done.stderr
    (sentence,) = complaints(done)
    assert "the disk is full. Free some space" in sentence


def test_without_a_home_it_transcribes() -> None:
    done = omoai(Path("/proc/nope"), "transcribe", str(SPEECH), XDG_DATA_HOME="relative")
    assert done.returncode == 0, done.stderr
    assert complaints(done) == []
    assert len(done.stdout.split()) > 20


def test_letters_survive_another_encoding(tmp_path: Path) -> None:
    odd = {"LC_ALL": "POSIX", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    shelf = tmp_path / "tệp nói.srt"
    shelf.write_text(SRT, encoding="utf-8")
    assert omoai(tmp_path, "library", "import", str(shelf), **odd).returncode == 0
    listed = omoai(tmp_path, "library", "list").stdout
    assert "tệp nói" in listed
    assert "Xin chào" in omoai(tmp_path, "library", "search", "chào", **odd).stdout


@pytest.mark.parametrize(
    ("closed", "code"),
    [("<&-", 0), ("2>&-", 0), (">&-", 1), ("<&- >&- 2>&-", 1), (">/dev/full", 1)],
)
def test_closed_streams_end_in_order(tmp_path: Path, closed: str, code: int) -> None:
    done = omoai(tmp_path, "config", "show", before=f"exec {closed}")
    assert done.returncode == code
    assert len(complaints(done)) == (1 if code and "2>" not in closed else 0)


EDITOR = 'sed -i "s/Xin.*/Chữ gõ tay./" "$1"; touch "$HOME/saved"; exec sleep 30'


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -9), (signal.SIGINT, 1)],
)
def test_what_was_typed_in_an_editor_is_kept_and_its_place_named(
    tmp_path: Path, number: int, code: int
) -> None:
    shelf = tmp_path / "a.srt"
    shelf.write_text(SRT, encoding="utf-8")
    assert omoai(tmp_path, "library", "import", str(shelf)).returncode == 0
    (tmp_path / "editor.sh").write_text(EDITOR, encoding="utf-8")
    given = environment(tmp_path, VISUAL=f"sh {tmp_path}/editor.sh", TMPDIR=str(tmp_path))
    running = subprocess.Popen(
        [*OMOAI, "library", "edit", "1"], stderr=subprocess.PIPE, text=True, env=given,
        start_new_session=True,
    )  # fmt: skip
    while not (tmp_path / "saved").exists():
        assert running.poll() is None
        time.sleep(0.05)
    if number == signal.SIGINT:
        os.killpg(running.pid, number)  # as Ctrl-C does: to the editor, too
    else:
        running.send_signal(number)
    running.wait(20)
    if number == signal.SIGKILL:
        os.killpg(running.pid, signal.SIGKILL)
    assert running.stderr is not None
    told = running.stderr.read()
    running.stderr.close()
    assert running.returncode == code, told
    (draft,) = tmp_path.glob("omoai-edit-*.txt")
    assert draft.name in told
    assert "Chữ gõ tay." in draft.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["doctor", "--version"])
def test_notes_of_the_package_that_cannot_be_read_are_no_fault(
    tmp_path: Path, command: str
) -> None:
    notes = next(Path(path) for path in _notes_of("omoai-tui") if path.endswith("METADATA"))
    refused = ["strace", "-f", "-qq", "-o", os.devnull, "-P", str(notes)]
    done = subprocess.run(
        [*refused, "-e", "inject=openat:error=EACCES", *OMOAI, command],
        capture_output=True, text=True, env=environment(tmp_path), timeout=120, check=False,
    )  # fmt: skip
    assert complaints(done) == []
    assert "version cannot be read" in done.stdout


def _notes_of(package: str) -> list[str]:
    from importlib.metadata import distribution

    found = distribution(package)
    return [str(found.locate_file(file)) for file in found.files or ()]
