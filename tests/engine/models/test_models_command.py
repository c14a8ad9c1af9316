"""`omoai models` from the outside, against a real server."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from hub_server import Hub

ROOT = Path(__file__).parents[3]
NAME = "chunkformer-rnnt-large-vie"


def omoai(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "omoai_engine.cli", "models", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def listed() -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in json.loads(omoai("list", "--json").stdout)}


def test_a_model_from_getting_to_removing(hub: Hub, home: Path) -> None:
    assert listed()[NAME]["installed"] is False

    got = omoai("get", NAME, "--yes")
    assert got.returncode == 0, got.stderr
    assert got.stdout == ""
    assert "Licence  cc-by-4.0" in got.stderr
    assert "1 MB in 4 files" in got.stderr
    row = listed()[NAME]
    assert row["installed"] is True
    folder = omoai("path", NAME).stdout.strip()
    assert folder == row["folder"] == str(home / "data" / "omoai" / "models" / NAME)
    assert NAME in omoai("list").stdout
    assert "is installed already" in omoai("get", NAME, "--yes").stderr

    assert omoai("verify").returncode == 0
    with Path(folder, "vocab.txt").open("ab") as file:
        file.write(b"x")
    bad = omoai("verify", NAME)
    assert bad.returncode == 1
    assert "vocab.txt" in bad.stderr

    assert omoai("remove", NAME, "--yes").returncode == 0
    assert listed()[NAME]["installed"] is False


def test_nothing_is_fetched_or_deleted_unless_agreed_to(hub: Hub, home: Path) -> None:
    refused = omoai("get", NAME)

    assert refused.returncode == 2
    assert "Licence" in refused.stderr
    assert "--yes" in refused.stderr
    assert [path for path in hub.asked if "/resolve/" in path] == []

    omoai("get", NAME, "--yes")
    assert omoai("remove", NAME).returncode == 2
    assert listed()[NAME]["installed"] is True


@pytest.mark.parametrize(("answer", "installed"), [(b"y\n", True), (b"\n", False)])
def test_a_person_is_asked_on_the_terminal(hub: Hub, answer: bytes, installed: bool) -> None:
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "omoai_engine.cli", "models", "get", NAME],
        stdin=side,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    os.close(side)
    os.write(main, answer)
    _, errors = process.communicate(timeout=60)
    os.close(main)

    assert b"Fetch it? [y/N]" in errors
    assert listed()[NAME]["installed"] is installed


def test_the_licence_is_said_before_the_download_also_when_the_hub_does_not(hub: Hub) -> None:
    assert "Licence  cc-by-4.0" in omoai("get", NAME).stderr
    hub.licence = None

    assert "Licence  CC-BY-4.0" in omoai("get", NAME).stderr


def test_every_chunkformer_model_is_listed_with_its_licence(home: Path) -> None:
    licences = {row["name"]: row["licence"] for row in listed().values()}

    assert licences["chunkformer-large-vie"] == "CC-BY-NC-4.0"
    assert licences["chunkformer-large-en-libri-960h"] == "CC-BY-NC-4.0"
    assert licences["chunkformer-rnnt-large-vie"] == "CC-BY-4.0"


def test_without_a_network_the_way_to_copy_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")

    pinned = omoai("get", "small", "--yes")
    asked = omoai("get", NAME, "--yes")

    for done in (pinned, asked):
        assert done.returncode == 1
        assert "copy them to this folder" in done.stderr
        assert "the hub cannot be reached" in done.stderr.splitlines()[-1]
    assert "/Systran/faster-whisper-small/resolve/536b066" in pinned.stderr
    assert str(home / "data" / "omoai" / "models" / "whisper-small") in pinned.stderr
    assert "vocab.txt" in asked.stderr


def test_an_unknown_name_is_wrong_usage(home: Path) -> None:
    for command in ("get", "remove", "verify"):
        done = omoai(command, "whisper-smal")
        assert done.returncode == 2
        assert "Perhaps you mean whisper-small" in done.stderr
    assert omoai("verify", "small").returncode == 1
    assert omoai("remove", "small").returncode == 2


def test_a_wrong_file_ends_with_a_sentence(hub: Hub) -> None:
    hub.spoil = "model.safetensors"

    done = omoai("get", NAME, "--yes")

    assert done.returncode == 1
    assert "model.safetensors: what the hub sent is not the published file" in done.stderr
    assert "Traceback" not in done.stderr
