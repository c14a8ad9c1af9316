"""The app at the far end of a real SSH session, inside tmux: what people use for hours.

A real `sshd` on loopback with keys made for the test, as the person who runs the tests. Skips
with a reason where `sshd`, `ssh` or `tmux` are not installed or may not run.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from terminal_session import APP, ROOT, TerminalSession, session_environment

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


@dataclass(frozen=True)
class Server:
    """A running sshd: its port, and the options with which `ssh` gets in."""

    port: int
    options: tuple[str, ...]
    process: subprocess.Popen[bytes]


def missing() -> str:
    """Return what is not installed, if anything."""
    names = {"sshd": SSHD, **{name: shutil.which(name) for name in ("ssh", "ssh-keygen", "tmux")}}
    return ", ".join(name for name, path in names.items() if not path)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    if lacking := missing():
        pytest.skip(f"not installed: {lacking}")
    folder = tmp_path / "ssh"
    folder.mkdir(mode=0o700)
    for name in ("host", "user"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True
        )
    keys = folder / "keys"
    keys.write_bytes((folder / "user.pub").read_bytes())
    keys.chmod(0o600)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = folder / "sshd_config"
    settings.write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder / 'host'}\n"
        f"AuthorizedKeysFile {keys}\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n"
        f"PasswordAuthentication no\nPidFile {folder / 'pid'}\n"
    )
    if os.geteuid() == 0:
        # As root, sshd wants the folder that its unprivileged half is locked into.
        with contextlib.suppress(OSError):
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    process = subprocess.Popen(
        [str(SSHD), "-D", "-e", "-f", str(settings)],
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    options = (
        "-F/dev/null",
        f"-i{folder / 'user'}",
        f"-p{port}",
        "-oStrictHostKeyChecking=no",
        f"-oUserKnownHostsFile={folder / 'known'}",
        "-oLogLevel=ERROR",
        "-oBatchMode=yes",
    )
    try:
        deadline = time.monotonic() + 120
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                assert process.stderr is not None
                process.kill()
                pytest.skip(f"sshd cannot run here: {process.stderr.read()[-300:]!r}")
            time.sleep(0.05)
        yield Server(port, options, process)
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        process.kill()
        process.wait(10)
        if process.stderr is not None:
            process.stderr.close()


def login(server: Server, home: Path, command: str) -> TerminalSession:
    """Return a session of `ssh` that runs `command` at the far end."""
    kept = session_environment(home)
    variables = " ".join(
        f"{name}={shlex.quote(value)}" for name, value in kept.items() if name != "COLORTERM"
    )
    far = f"cd {shlex.quote(str(ROOT))} && exec env -i {variables} {command}"
    ssh = ["ssh", *server.options, "-tt", f"{getpass.getuser()}@127.0.0.1", far]
    return TerminalSession(ssh, home=home, columns=110, lines=32)


def test_over_ssh_inside_tmux_the_app_works_copies_and_leaves_in_order(
    server: Server, tmp_path: Path
) -> None:
    app = " ".join(map(shlex.quote, [*APP, "tests/data/en-jfk.mp3"]))
    name = f"omoai-test-{server.port}"
    configuration = tmp_path / "tmux.conf"
    configuration.write_text("set -s set-clipboard on\nset -as terminal-features ',*:clipboard'\n")
    tmux = f"tmux -L {name} -f {configuration} -u new-session {shlex.quote(app)}"
    try:
        with login(server, tmp_path, tmux) as session:
            session.wait_for("1 Files")
            session.wait_for("done", 180)
            session.wait_for("[Cc]ountry")
            session.send(b"c")
            session.wait_for("copied through tmux")
            shown = subprocess.run(
                ["tmux", "-L", name, "show-buffer"], capture_output=True, check=True
            )
            assert b"country" in shown.stdout.lower()
            # tmux hands it on to the person's own terminal, as OSC 52.
            session.wait_for_bytes(b"\x1b]52;")
            session.send(b"q")
            assert session.ends_with(30) == 0
            session.assert_restored()
    finally:
        subprocess.run(["tmux", "-L", name, "kill-server"], capture_output=True, check=False)


def test_a_line_that_is_cut_in_the_middle_of_a_job_leaves_nothing_behind(
    server: Server, tmp_path: Path
) -> None:
    app = " ".join(map(shlex.quote, [*APP, "tests/data/vi-common-voice.mp3"]))
    with login(server, tmp_path, app) as session:
        session.wait_for("1 Files|2 Segments")
        deadline = time.monotonic() + 120
        engine: list[psutil.Process] = []
        while not engine and time.monotonic() < deadline:
            family = psutil.Process(server.process.pid).children(recursive=True)
            engine = [child for child in family if _is_app(child) and child.children()]
            time.sleep(0.1)
        assert engine, "the job runs at the far end"
        behind = [engine[0], *engine[0].children(recursive=True)]
        session.process.kill()
        session.process.wait(10)
        _, alive = psutil.wait_procs(behind, 60)
        assert alive == []


def _is_app(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return "omoai_tui" in process.cmdline()
    return False
