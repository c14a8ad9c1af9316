"""A whole `omoai transcribe --library` with one call on its own files failed, or killed there.

Afterwards: one sentence or a right result; the same command does the rest and recognises nothing
again; one transcript in a library that is whole. A few calls, every kind of them on every file
where LONG_TESTS is 1 (`LONG_TESTS=1 pytest -s tests/robustness/test_job_faults_whole.py`, ten
minutes, says how many).
"""

from __future__ import annotations

import collections
import json
import re
import subprocess
import sys
from pathlib import Path

from fault_tools import LONG, needs_strace
from small_jobs import ROOT, environment

from omoai_engine.library import Library

pytestmark = needs_strace
SPEECH = ROOT / "tests" / "data" / "vi-common-voice.mp3"
ERRORS = {
    "write": "ENOSPC", "pwrite64": "ENOSPC", "mkdir": "ENOSPC", "fsync": "EIO", "fdatasync": "EIO",
    "ftruncate": "EIO", "openat": "EACCES", "unlink": "EACCES", "link": "EACCES",
    "flock": "ENOLCK",
}  # fmt: skip
SOME = [
    ("fdatasync", "/library.sqlite3", 1, "signal=KILL"),
    ("unlink", "/library.sqlite3-journal", 1, "error=EACCES"),
]


def _run(home: Path, *, under: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*under, sys.executable, "-m", "omoai_engine.cli", "transcribe", "--library", "-f", "json",
         "-o", str(home / "out"), "--overwrite", str(SPEECH)],
        capture_output=True, text=True, timeout=180, check=False,
        env=environment(home, PYTHONDONTWRITEBYTECODE="1"),
    )  # fmt: skip


def _words(home: Path) -> list[str]:
    document = json.loads((home / "out" / f"{SPEECH.stem}.json").read_text(encoding="utf-8"))
    return str(document["transcript"]).split()


def _calls(home: Path) -> list[tuple[str, str, int, str]]:
    """Do the job undisturbed; return what can be failed: call, file, number, fault."""
    home.mkdir()
    log = home / "log"
    trace = ["-e", f"trace={','.join(ERRORS)}"]
    under = ("strace", "-f", "-qq", "-y", "--seccomp-bpf", "-o", str(log), *trace)
    done = _run(home, under=under)
    assert done.returncode == 0, done.stderr
    counted: collections.Counter[tuple[str, str]] = collections.Counter()
    for line in log.read_text(errors="replace").splitlines():
        call = re.match(r"\d+\s+(\w+)\(", line)
        for path in set(re.findall(re.escape(str(home)) + r'(/[^">,\s]*)', line)):
            # Names made at random cannot be named beforehand.
            if call and ".part" not in path and "/.config/" not in path and path != "/out":
                counted[call[1], path] += 1
    found = []
    for (call_name, path), count in sorted(counted.items()):
        if not LONG:
            found += [
                (call_name, path, number, fault)
                for wanted, end, number, fault in SOME
                if call_name == wanted and path.endswith(end) and number <= count
            ]
            continue
        for number in sorted({1, (count + 1) // 2, count}):
            found.append((call_name, path, number, f"error={ERRORS[call_name]}"))
            if call_name not in ("openat", "flock", "mkdir"):
                found.append((call_name, path, number, "signal=KILL"))
    return found


def test_one_fault_anywhere_costs_at_most_a_second_start(tmp_path: Path) -> None:
    calls = _calls(tmp_path / "whole")
    whole = _words(tmp_path / "whole")
    assert len(calls) >= len(SOME)
    hits: collections.Counter[str] = collections.Counter()
    for number, (call, path, when, fault) in enumerate(calls):
        home = tmp_path / str(number)
        home.mkdir()
        log = home / "log"
        # Signals cannot be sent from where seccomp stops a call.
        quick = ["--seccomp-bpf"] if fault.startswith("error") else []
        named = f"{call} {when} on {path}: {fault}"
        first = _run(
            home,
            under=("strace", "-f", "-qq", *quick, "-o", str(log), "-e", f"trace={call}",
                   "-P", f"{home}{path}", "-e", f"inject={call}:{fault}:when={when}"),
        )  # fmt: skip
        killed = first.returncode in (-9, 137)
        hits["killed" if killed else f"code {first.returncode}"] += 1
        told = f"{named}\n{first.stderr}"
        assert killed or first.returncode in (0, 1), told
        assert "Traceback" not in first.stderr, told
        assert "fault of omoai" not in first.stderr, told
        if first.returncode == 1:
            assert "\nomoai: " in f"\n{first.stderr}", told
        known = sum(
            notebook.read_bytes().count(b'"segment"')
            for notebook in home.glob(".local/share/omoai/unfinished/*.jsonl")
        )
        if first.returncode:
            again = _run(home)
            assert again.returncode == 0, f"{told}\n{again.stderr}"
            assert not known or "earlier run" in again.stderr, told
        # Where it went on, a word at the border may be heard otherwise.
        assert abs(len(_words(home)) - len(whole)) <= 3, told
        with Library(home / ".local" / "share" / "omoai" / "library") as library:
            assert [p for p in library.verify() if p.serious] == [], told
            assert [entry.state for entry in library.entries()] == ["finished"], told
    print(f"{len(calls)} faults in {2 * len(calls) + 1} jobs at most: {dict(hits)}; nothing lost")
