"""The app on a machine without any network: nothing is missing, and nothing is tried."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from samples import DATA
from terminal_session import APP, TerminalSession

ALONE = ("unshare", "--net", "--map-root-user")


@pytest.mark.parametrize("options", [(), ("--offline",)])
def test_the_app_works_without_any_network(tmp_path: Path, options: tuple[str, ...]) -> None:
    if not shutil.which("unshare") or subprocess.run([*ALONE, "true"], check=False).returncode:
        pytest.skip("this machine lets nobody make a network namespace")
    command = [*ALONE, *APP, *options, "--language", "en", str(DATA / "en-jfk.mp3")]
    with TerminalSession(command, home=tmp_path, columns=160, lines=48) as session:
        session.wait_for("fellow Americans", seconds=120)
        session.wait_for("✓ done", seconds=60)
        assert session.leave() == 0
