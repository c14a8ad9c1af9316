"""A home on a disk without a free byte: command and app start, work, end, and say what is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_jobs import ROOT, environment

sys.path.append(str(ROOT / "tests" / "tui"))

from terminal_session import APP, TerminalSession

SPEECH = ROOT / "tests" / "data" / "vi-common-voice.mp3"
OMOAI = [sys.executable, "-m", "omoai_engine.cli"]
FILLED = (
    'mount -t tmpfs -o size=16k full "$1" && { head -c 99999 /dev/zero > "$1/fill"; shift; "$@"; }'
)


def may_mount() -> bool:
    """Say whether there can be a disk of one's own."""
    tried = ["unshare", "-m", "mount", "-t", "tmpfs", "-o", "size=16k", "none", "/mnt"]
    return os.geteuid() == 0 and subprocess.run(tried, capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not may_mount(), reason="only who may mount can fill a disk")


def without_room(home: Path, *command: str) -> list[str]:
    """Return `command` with `home` as a full disk of its own."""
    home.mkdir()
    return ["unshare", "-m", "bash", "-c", f"{FILLED} 2>&3", "bash", str(home), *command]


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    quiet = 'exec 3>&2; exec "$@"'
    return subprocess.run(
        ["bash", "-c", quiet, "bash", *without_room(home, *OMOAI, *arguments)],
        capture_output=True, text=True, env=environment(home), timeout=120, check=False,
    )  # fmt: skip


def test_the_command_works_and_says_what_it_cannot_keep(tmp_path: Path) -> None:
    plain = run(tmp_path / "1", "transcribe", str(SPEECH))
    assert plain.returncode == 0, plain.stderr
    assert len(plain.stdout.split()) > 20
    assert "omoai: " not in plain.stderr
    kept = run(tmp_path / "2", "transcribe", "--library", str(SPEECH))
    assert kept.returncode == 1
    assert len(kept.stdout.split()) > 20
    (told,) = (line for line in kept.stderr.splitlines() if line.startswith("omoai: "))
    assert "the disk is full" in told


def test_the_app_works_and_says_what_it_cannot_keep(tmp_path: Path) -> None:
    home = tmp_path / "home"
    given = {name: value for name, value in environment(home).items() if name.startswith("OMOAI_")}
    for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
        given[f"XDG_{kind}_HOME"] = str(home / kind.lower())
    command = ["bash", "-c", 'exec 3>/dev/null; exec "$@"', "bash",
               *without_room(home, *APP, str(SPEECH))]  # fmt: skip
    with TerminalSession(command, home=home, environment=given, columns=120) as running:
        running.wait_for("(?i)done", 90)
        running.wait_for(r"\bfull\b")
        running.send(b"q")
        running.wait_for("Leave OmoAI")
        running.send(b"y")
        assert running.process.wait(20) == 0
    assert b"Traceback" not in running.raw
