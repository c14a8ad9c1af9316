"""Runs one piece of the program again and again, each time in a fresh child, under `strace`.

In: a JSON plan on the command line. Out: a JSON report in the file that the plan names.

`strace -f` counts the calls of every process for itself, and lets a late one fail, say the
400th. Child N makes 400 - N idle calls of that kind first, so that the N-th call of its real work
is the one that fails. All children are copies of one warmed-up process: a sweep over hundreds of
faults costs one start of Python.

What runs is the program's own `main`, with a home of its own for each child, or a function of
`fault_scenarios`.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

from omoai_engine.config import get_config


def when(kind: str) -> int:
    """Return which call of a kind fails: no scenario, and no start of Python, makes as many."""
    return 4000 if kind == "openat" else 400


# Calls that a child makes before its idle ones.
_BEFORE = {"mkdir": 1, "openat": 4}


def _idle_calls(kind: str, count: int) -> None:
    scratch = os.open("scratch", os.O_RDWR | os.O_CREAT, 0o600)
    null = os.open(os.devnull, os.O_WRONLY)
    calls: dict[str, Any] = {
        "write": lambda: os.write(null, b""),
        "pwrite64": lambda: os.pwrite(scratch, b"", 0),
        "fsync": lambda: os.fsync(null),
        "fdatasync": lambda: os.fdatasync(null),
        "ftruncate": lambda: os.ftruncate(scratch, 0),
        "rename": lambda: Path("scratch").rename("scratch"),
        "link": lambda: os.link("scratch", "scratch"),
        "mkdir": lambda: Path("scratch").mkdir(),
        "unlink": lambda: Path("nothing").unlink(),
        "openat": lambda: os.open("nothing", os.O_RDONLY),
        "flock": lambda: __import__("fcntl").flock(null, 8),
    }
    for _ in range(count - _BEFORE.get(kind, 0)):
        # That it fails is no matter: it is counted.
        with contextlib.suppress(OSError):
            calls[kind]()
    os.close(scratch)
    os.close(null)


def _work(plan: dict[str, Any]) -> int:
    if "arguments" in plan:
        from omoai_engine.cli import main

        return main(plan["arguments"])
    import fault_scenarios

    return int(getattr(fault_scenarios, plan["scenario"])() or 0)


def _settle(home: Path) -> None:
    """Make `home` the place of everything that is kept."""
    os.chdir(home)
    os.environ.update(
        HOME=str(home),
        TMPDIR=str(home / "tmp"),
        OMOAI_LIBRARY__FOLDER=str(home / "shelf"),
        OMOAI_RECORDING__FOLDER=str(home / "recordings"),
        OMOAI_MODELS__FOLDER=str(home / "models"),
        **{f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("DATA", "STATE", "CONFIG")},
    )
    (home / "tmp").mkdir(exist_ok=True)
    tempfile.tempdir = None
    get_config.cache_clear()


def _child(plan: dict[str, Any], home: Path, number: int) -> None:
    _settle(home)
    for descriptor, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), descriptor)
    code = 70
    try:
        _idle_calls(plan["call"], when(plan["call"]) - number)
        code = _work(plan)
        sys.stdout.flush()
    except BaseException:
        os.write(2, traceback.format_exc().encode("utf-8", "backslashreplace"))
    finally:
        os._exit(code)


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_bytes())
    warm = Path(plan["warm"])
    # Whatever is imported late is imported now: a fault hits the work, not the loading of Python.
    _settle(warm)
    kept = [os.dup(1), os.dup(2)]
    for descriptor, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(warm / name, os.O_WRONLY | os.O_CREAT, 0o600), descriptor)
    _work(plan)
    sys.stdout.flush()
    for descriptor, old in zip((1, 2), kept, strict=True):
        os.dup2(old, descriptor)
    ended = []
    for index, home in enumerate(plan["homes"]):
        pid = os.fork()
        if pid == 0:
            _child(plan, Path(home), plan["first"] + index * plan["step"])
        ended.append((pid, os.waitpid(pid, 0)[1]))
    Path(plan["report"]).write_text(json.dumps(ended))


if __name__ == "__main__":
    main()
