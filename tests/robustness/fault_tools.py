"""Faults at every write: a piece of the program, failed once at each of its calls."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from fault_scenarios import ACK
from faulty_children import when

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COUNTED = {"runs": 0, "faults": 0, "kills": 0}
"""What all sweeps of this run have done."""
LONG = os.environ.get("LONG_TESTS") == "1"
"""Every call instead of some."""

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not installed, so no call can be failed"
)


@dataclass(frozen=True)
class Ended:
    """How one child ended whose `number`-th `call` got `fault`."""

    home: Path
    call: str
    number: int
    fault: str
    hit: bool
    code: int | None
    """None: killed."""

    @property
    def out(self) -> str:
        return self._read("out")

    @property
    def err(self) -> str:
        return self._read("err")

    def _read(self, name: str) -> str:
        return (self.home / name).read_text(encoding="utf-8", errors="replace")

    def __str__(self) -> str:
        return f"{self.call} {self.number} {self.fault}: code {self.code}\n{self.out}\n{self.err}"


def sweep(
    work: Sequence[str] | str,
    home: Path,
    folder: Path,
    call: str,
    fault: str,
    most: int,
    *,
    environment: dict[str, str] | None = None,
) -> list[Ended]:
    """Do `work` in copies of `home`, each with one call failed; stop where no call is left.

    `work`: arguments of `omoai`, or the name of a function of `fault_scenarios`. `fault`: an
    error's name, or a signal as `KILL`. `most`: about so many children, spread over all calls;
    all calls where LONG_TESTS is 1.
    """
    folder.mkdir()
    plan = {
        "call": call,
        "warm": _copy(home, folder / "warm"),
        **({"scenario": work} if isinstance(work, str) else {"arguments": list(work)}),
    }
    what = f"signal={fault}" if fault in ("KILL", "TERM", "HUP", "INT") else f"error={fault}"
    total = len(
        _run(plan, folder / "count", [_copy(home, folder / "0")], 1, 1, call, "", environment)[1]
    )
    step = 1 if LONG else max(1, total // most)
    numbers = range(1, total + 1, step)
    homes = [_copy(home, folder / str(number)) for number in numbers]
    rows, lines = _run(plan, folder / "sweep", homes, 1, step, call, what, environment)
    hit = {int(line.split(maxsplit=1)[0]) for line in lines if "(INJECTED)" in line}
    ends = [
        Ended(
            Path(copy),
            call,
            number,
            fault,
            pid in hit or os.WIFSIGNALED(status),
            os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
        )
        for number, copy, (pid, status) in zip(numbers, homes, rows, strict=True)
    ]
    COUNTED["runs"] += len(ends)
    COUNTED["faults"] += sum(end.hit for end in ends)
    COUNTED["kills"] += sum(end.hit and fault == "KILL" for end in ends)
    return ends


def _copy(home: Path, target: Path) -> str:
    shutil.copytree(home, target, symlinks=True)
    (target / ACK).write_bytes(bytes(8))
    return str(target)


def _run(
    plan: dict[str, object],
    folder: Path,
    homes: list[str],
    first: int,
    step: int,
    call: str,
    what: str,
    environment: dict[str, str] | None,
) -> tuple[list[tuple[int, int]], list[str]]:
    """Return process number and status of each child, and the calls that count."""
    folder.mkdir()
    report, order, log = folder / "report", folder / "plan", folder / "log"
    order.write_text(
        json.dumps({**plan, "homes": homes, "first": first, "step": step, "report": str(report)})
    )
    command = ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={call}"]
    if not what.startswith("signal"):
        # Cheaper, but signals cannot be sent from there.
        command.append("--seccomp-bpf")
    if what:
        command += ["-e", f"inject={call}:{what}:when={when(call)}"]
    command += [sys.executable, str(HERE / "faulty_children.py"), str(order)]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OMOAI_", "LC_"))}
    done = subprocess.run(
        command,
        capture_output=True,
        env={
            **kept,
            "PYTHONPATH": f"{ROOT}:{HERE}",
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            **(environment or {}),
        },
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    rows = [tuple(row) for row in json.loads(report.read_text())]
    lines = log.read_text(errors="replace").splitlines()
    if not what:
        # What the one child did after its idle calls.
        mine = [line for line in lines if line.startswith(f"{rows[0][0]} ")]
        lines = mine[when(call) - first :]
    return rows, lines
