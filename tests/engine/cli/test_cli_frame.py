"""The frame of the command: help, version, streams, wrong usage."""

from __future__ import annotations

import subprocess
import sys

import pytest
from omoai_command import COMMAND, ROOT, Home

HEAVY = {
    "torch", "faster_whisper", "ctranslate2", "onnxruntime", "av", "numpy", "rich", "pydantic",
    "pydantic_settings", "textual", "sounddevice", "platformdirs", "urllib.request",
}  # fmt: skip


@pytest.mark.parametrize("arguments", [["--help"], ["transcribe", "--help"], ["models", "--help"]])
def test_help_loads_nothing_heavy(omoai: Home, arguments: list[str]) -> None:
    script = (
        "import sys\nfrom omoai_engine.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit:\n    pass\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=omoai.environment(), capture_output=True, text=True
    )

    assert done.stdout.startswith("usage: omoai")
    assert done.stderr.strip() == "[]"


def test_help_names_every_exit_code(omoai: Home) -> None:
    text = omoai.run("transcribe", "--help").stdout.decode()

    for code in ("0", "1", "2", "129", "130", "141", "143"):
        assert f"\n  {code:<4} " in text


def test_the_version_goes_to_standard_output(omoai: Home) -> None:
    done = omoai.run("--version")

    assert done.returncode == 0
    assert done.stdout.startswith(b"omoai ")
    assert done.stderr == b""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nope"],
        ["transcribe"],
        ["transcribe", "--nope", "a.mp3"],
        ["transcribe", "a.mp3", "-f", "pdf"],
        ["transcribe", "a.mp3", "-f", ","],
        ["transcribe", "a.mp3", "-f", "txt", "--json"],
        ["transcribe", "a.mp3", "-f", "txt,srt"],
        ["transcribe", "a.mp3", "b.mp3", "-f", "srt"],
        ["transcribe", "a.mp3", "--language", "Vietnamese"],
        ["transcribe", "a.mp3", "--threads", "-1"],
        ["transcribe", "a.mp3", "--qual", "best"],
        ["transcribe", "-", "-"],
        ["transcribe", ""],
        ["transcribe", "a.mp3", "-o", ""],
        ["models"],
        ["models", "list", "extra"],
        ["config", "nope"],
        ["doctor", "extra"],
        ["transcribe", "\x1b]0;owned\x07--x", "--\x1b[31m"],
    ],
)
def test_wrong_usage_is_one_line_and_code_two(omoai: Home, arguments: list[str]) -> None:
    done = omoai.run(*arguments)

    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.startswith(b"omoai: ")
    assert done.stderr.count(b"\n") == 1
    assert b"--help" in done.stderr
    assert b"\x1b" not in done.stderr


def test_arguments_that_are_not_utf8_do_no_harm(omoai: Home) -> None:
    done = omoai.run(b"\xff\xfe")

    assert done.returncode == 2
    assert b"no command" in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_output_is_utf8_in_any_locale(omoai: Home, encoding: str) -> None:
    path = omoai.folder / "tiếng Việt" / "omoai.toml"
    path.parent.mkdir()
    path.write_text("")

    done = omoai.run(
        "config", "path", OMOAI_CONFIG=str(path), PYTHONIOENCODING=encoding, LANG="C", LC_ALL="C",
        PYTHONUTF8="0", PYTHONCOERCECLOCALE="0",
    )  # fmt: skip

    assert done.returncode == 0
    assert "tiếng Việt".encode() in done.stdout


def test_a_reader_that_goes_away_is_no_error(omoai: Home) -> None:
    shell = f"{' '.join(COMMAND)} models list --json; echo code $? >&2"
    done = subprocess.run(
        ["bash", "-c", f"({shell}) | true"], env=omoai.environment(), capture_output=True
    )

    assert done.stderr.strip().splitlines()[-1] in (b"code 0", b"code 141")
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr


def test_a_closed_reader_ends_with_the_code_of_a_closed_pipe(omoai: Home) -> None:
    import os

    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, "config", "show"], env=omoai.environment(), stdout=writer, stderr=subprocess.PIPE
    )
    os.close(writer)

    assert done.returncode == 141
    assert done.stderr == b""


@pytest.mark.parametrize("target", [">/dev/full", ">&-"])
def test_a_full_or_closed_output_is_said(omoai: Home, target: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{' '.join(COMMAND)} config show {target}"],
        env=omoai.environment(),
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("omoai: standard output")
    assert done.stderr.count("\n") == 1


def test_nothing_to_narrate_to_is_no_error(omoai: Home) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{' '.join(COMMAND)} config path 2>&-"],
        env=omoai.environment(),
        capture_output=True,
    )

    assert done.returncode == 0
    assert done.stdout.endswith(b"omoai.toml\n")


def test_a_bad_setting_is_wrong_usage(omoai: Home) -> None:
    done = omoai.run("transcribe", ROOT / "tests" / "data" / "en-jfk.mp3", OMOAI_ASR__NOPE="1")

    assert done.returncode == 2
    assert done.stderr.startswith(b"omoai: environment variable OMOAI_ASR__NOPE: there is no such")
