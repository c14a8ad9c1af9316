"""The remote microphone over a real SSH connection that is cut in the middle."""

import contextlib
import getpass
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from sound_tools import noise, read_wav

from omoai_engine.recording import Phase, Recorder, list_recordings, socket_path

pytestmark = pytest.mark.usefixtures("no_child_left")
ROOT = Path(__file__).parents[3]
SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


@pytest.fixture
def ssh(tmp_path):
    """The words that run a command at the far end of a real `sshd` on loopback."""
    names = {"sshd": SSHD, **{name: shutil.which(name) for name in ("ssh", "ssh-keygen", "ffmpeg")}}
    if lacking := [name for name, path in names.items() if not path]:
        pytest.skip(f"not installed: {', '.join(lacking)}")
    folder = tmp_path / "ssh"
    folder.mkdir(mode=0o700)
    for name in ("host", "user"):
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(key, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = folder / "sshd_config"
    settings.write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder / 'host'}\n"
        f"AuthorizedKeysFile {folder / 'user.pub'}\nStrictModes no\nUsePAM no\n"
        f"PermitRootLogin yes\nPasswordAuthentication no\nPidFile none\n"
    )
    if os.geteuid() == 0:  # as root, sshd wants the folder its unprivileged half is locked into
        with contextlib.suppress(OSError):
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    server = subprocess.Popen(
        [str(SSHD), "-D", "-e", "-f", str(settings)], stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        until = time.monotonic() + 120
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if server.poll() is not None or time.monotonic() > until:
                server.kill()
                pytest.skip(f"sshd cannot run here: {server.stderr.read()[-300:]!r}")
            time.sleep(0.05)
        options = ("StrictHostKeyChecking=no", f"UserKnownHostsFile={folder / 'known'}")
        words = ["ssh", "-F/dev/null", f"-i{folder / 'user'}", f"-p{port}", "-oLogLevel=ERROR"]
        words += ["-oBatchMode=yes", *(f"-o{option}" for option in options)]
        yield [*words, f"{getpass.getuser()}@127.0.0.1"]
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(server.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        server.kill()
        server.wait(10)
        server.stderr.close()


@pytest.fixture
def listening(config, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    recorder = Recorder(config)
    recorder.start(listen=socket_path())
    until = time.monotonic() + 120
    while not socket_path().exists():
        assert time.monotonic() < until, recorder.state
        time.sleep(0.02)
    yield recorder
    recorder.stop()


def sender(ssh, samples, tmp_path, name):
    """Start the pasted line: ffmpeg at the speed of speech, into ssh; returns both."""
    source = tmp_path / f"{name}.raw"
    source.write_bytes(samples.tobytes())
    raw = ["-f", "s16le", "-ar", "16000", "-ac", "1"]
    ffmpeg = ["ffmpeg", "-v", "error", "-re", *raw, "-i", str(source), "-f", "wav", "-"]
    far = shlex.join([sys.executable, "-m", "omoai_engine.cli", "mic-in"])
    runtime = shlex.quote(os.environ["XDG_RUNTIME_DIR"])
    far = f"cd {shlex.quote(str(ROOT))} && XDG_RUNTIME_DIR={runtime} exec {far}"
    first = subprocess.Popen(ffmpeg, stdout=subprocess.PIPE)
    second = subprocess.Popen([*ssh, far], stdin=first.stdout)
    first.stdout.close()
    return first, second


def test_a_connection_that_is_cut_loses_nothing_that_came_and_the_recording_goes_on(
    ssh, listening, folder, tmp_path
):
    one, two = noise(20.0, 1), noise(2.0, 2)
    line = sender(ssh, one, tmp_path, "one")
    state = listening.wait_for(lambda state: state.seconds >= 2.0, 120)
    assert state.seconds >= 2.0, state
    path = state.path
    line[1].send_signal(signal.SIGKILL)
    for part in line:
        part.wait(20)
    cut = listening.wait_for(lambda state: state.phase is Phase.WAITING, 120)
    assert cut.phase is Phase.WAITING, cut
    line = sender(ssh, two, tmp_path, "two")
    for part in line:
        assert part.wait(60) == 0
    whole = cut.seconds + 2.0
    state = listening.wait_for(lambda state: state.seconds >= whole, 120)
    assert state.seconds >= whole, state
    state = listening.stop()

    assert state.path == path.removesuffix(".part")
    assert len(list_recordings(folder)) == 1
    heard = read_wav(state.path)[1]
    kept = len(heard) - len(two)
    assert kept >= 2.0 * 16_000
    assert np.array_equal(heard[:kept], one[:kept])
    assert np.array_equal(heard[kept:], two)
