"""No network unless a person asked for it: the main job without any interface, and `--offline`."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from omoai_command import COMMAND, Home


def no_network() -> list[str]:
    """Return the start of a command that runs the rest without any network interface."""
    start = ["unshare", "--net", "--map-root-user"]
    if not shutil.which("unshare") or subprocess.run([*start, "true"], check=False).returncode:
        pytest.skip("this machine lets nobody make a network namespace")
    return start


def test_the_main_job_misses_no_network_and_tries_none(
    omoai: Home, jfk: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "sockets.txt"
    strace = ["strace", "-f", "-qq", "-e", "trace=socket", "-o", str(trace)]
    if not shutil.which("strace") or subprocess.run([*strace, "true"], check=False).returncode:
        pytest.skip("strace is missing or not allowed here")
    command = [*COMMAND, "transcribe", str(jfk), "--json", "-l", "en"]
    without = subprocess.run(
        [*no_network(), *strace, *command],
        capture_output=True,
        env=omoai.environment(),
        check=False,
    )
    assert without.returncode == 0, without.stderr
    sockets = trace.read_text()
    assert "AF_INET" not in sockets
    assert "AF_NETLINK" not in sockets

    usual = omoai.run(*command[len(COMMAND) :])
    assert usual.returncode == 0, usual.stderr
    here, there = json.loads(without.stdout), json.loads(usual.stdout)
    assert here["transcript_punctuated"] == there["transcript_punctuated"]
    assert "fellow Americans" in here["transcript_punctuated"]
    assert here["summary"]["bullets"] == there["summary"]["bullets"]


def test_offline_fetches_no_model_and_says_what_to_copy_where(omoai: Home) -> None:
    # Were it to ask, an address that refuses at once would be named as out of reach.
    hub = {"HF_ENDPOINT": "http://127.0.0.1:9"}
    name = "chunkformer-rnnt-large-vie"
    for done in (
        omoai.run("--offline", "models", "get", name, "--yes", **hub),
        omoai.run("models", "get", name, "--yes", "--offline", **hub),
        omoai.run("models", "get", name, "--yes", OMOAI_OFFLINE="1", **hub),
    ):
        said = done.stderr.decode()
        assert done.returncode == 1
        assert "nothing is fetched, because offline is switched on" in said
        assert "config.yaml" in said
        assert str(omoai.models / name) in said
    reached = omoai.run("models", "get", name, "--yes", **hub).stderr.decode()
    assert "offline is switched on" not in reached
    assert "cannot be reached" in reached


def test_offline_after_two_dashes_is_a_name(omoai: Home) -> None:
    done = omoai.run("transcribe", "--", "--offline")
    assert done.returncode == 2
    assert "there is no such file" in done.stderr.decode()


def test_offline_asks_no_server_on_another_machine(omoai: Home, jfk: Path) -> None:
    far = {"OMOAI_LLM__SERVER_URL": "http://192.0.2.1:8000/v1"}
    asked = omoai.run("transcribe", jfk, "--llm", "server", "--offline", **far)
    assert asked.returncode != 0
    assert "another machine and offline is switched on" in asked.stderr.decode()
    choosing = omoai.run("transcribe", jfk, "--json", "-l", "en", "--offline", **far)
    assert choosing.returncode == 0, choosing.stderr
    result = json.loads(choosing.stdout)
    assert "offline is switched on" in json.dumps(result["metadata"])
    assert "fellow Americans" in result["transcript_punctuated"]
