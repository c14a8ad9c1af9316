"""Nobody else learns what was said, or a key: of files, logs, errors and child processes.

Whole jobs by the real command and the real app. The sound and its file name give words that
occur nowhere else; every file that the job leaves, and every process that it starts, is searched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from small_jobs import ROOT, TINY, environment

from omoai_engine.config import load_config
from omoai_engine.config_report import config_report
from omoai_engine.private_folders import make_private_folder
from omoai_engine.unfinished import TakenError, Unfinished

SPEECH = ROOT / "tests" / "data" / "vi-common-voice.mp3"
COMMAND = [sys.executable, "-m", "omoai_engine.cli"]
KEY = "sk-unheard-of-secret-4711"
NAME = "Zwiebelfrosch-Gutachten"
SILENT = ("ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY", "HF_HUB_OFFLINE",
          "TRANSFORMERS_OFFLINE", "VLLM_NO_USAGE_STATS", "DO_NOT_TRACK")  # fmt: skip
APP = """
import asyncio, sys
from omoai_tui.app import OmoaiApp
async def main():
    app = OmoaiApp([sys.argv[1]], folder=sys.argv[2], theme="omoai-night")
    async with app.run_test(size=(100, 30)) as pilot:
        job = app.queue.jobs[0]
        for _ in range(1200):
            await pilot.pause(0.05)
            if job.status.over and job.saved:
                break
        assert job.saved, job.reason
        print(job.transcript())
asyncio.run(main())
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a recording of its own name."""
    (tmp_path / "tmp").mkdir()
    shutil.copy(SPEECH, tmp_path / f"{NAME}.mp3")
    return tmp_path


def with_key(home: Path) -> dict[str, str]:
    return environment(
        home,
        TMPDIR=str(home / "tmp"),
        TERM="xterm-256color",
        PYTHONDONTWRITEBYTECODE="1",
        OMOAI_LLM__API_KEY=KEY,
    )


def watched(command: list[str], home: Path) -> tuple[str, str, list[tuple[str, str, str]]]:
    """Run with an open umask; return what it wrote, and name, arguments and variables of the
    processes that it started."""
    running = subprocess.Popen(
        command, env=with_key(home), umask=0, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    seen: dict[int, tuple[str, str, str]] = {}
    while running.poll() is None:
        for child in psutil.Process(running.pid).children(recursive=True):
            try:
                arguments, variables = " ".join(child.cmdline()), str(child.environ())
            except psutil.Error:
                continue
            # Until it becomes its program a child looks as its parent does.
            if arguments not in ("", " ".join(command)) and variables != "{}":
                kind = "recogniser" if "isolated_child" in arguments else "decoder"
                kind = "looker" if "files_child" in arguments else kind
                seen[child.pid] = (kind, arguments, variables)
        time.sleep(0.01)
    out, told = running.communicate(timeout=60)
    assert running.returncode == 0, told
    return out, told, list(seen.values())


def assert_nobody_learns(
    home: Path, spoken: str, children: list[tuple[str, str, str]], *, named: set[str]
) -> None:
    assert {kind for kind, _, _ in children} >= {"recogniser"}
    for _, arguments, variables in children:
        assert KEY not in arguments + variables
        assert all(f"'{name}': '1'" in variables for name in SILENT)
        assert NAME not in arguments + variables
        assert spoken not in arguments + variables
    for path in home.rglob("*"):
        if path.is_symlink() or path.parent == home:
            continue
        parts = path.relative_to(home).parts
        mode = path.stat().st_mode & 0o777
        if ".local" in parts or ".cache" in parts:
            assert mode == (0o700 if path.is_dir() else 0o600), f"{path}: {mode:o}"
        if not path.is_file():
            continue
        data = path.read_bytes()
        assert KEY.encode() not in data, path
        if "library" not in parts:
            assert spoken.encode() not in data, path
            assert NAME.encode() not in data or path.name in named, path


def test_the_command_leaves_words_in_the_library_alone(home: Path) -> None:
    job = ["transcribe", "--library", str(home / f"{NAME}.mp3")]
    out, told, children = watched([*COMMAND, *job], home)
    spoken = " ".join(out.split()[:3])
    assert spoken not in told
    # Who looks at the file lives for milliseconds, and may not have been seen.
    assert {kind for kind, _, _ in children} - {"looker"} == {"recogniser", "decoder"}
    assert_nobody_learns(home, spoken, children, named=set())


def test_the_app_leaves_words_in_the_library_alone(home: Path) -> None:
    job = [sys.executable, "-c", APP, str(home / f"{NAME}.mp3"), str(home)]
    out, _, children = watched(job, home)
    # It remembers which files were opened.
    assert_nobody_learns(home, " ".join(out.split()[:3]), children, named={"tui.json"})


def test_a_fault_of_the_program_is_reported_without_words(home: Path) -> None:
    program = (
        "import sys; from omoai_engine.cli import main, transcribe\n"
        "def broken(*_, **__): raise AssertionError('Zwiebelfrosch sagt alles')\n"
        "transcribe.run_order = broken\n"
        f"sys.exit(main(['transcribe', {str(home / NAME)!r} + '.mp3']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=with_key(home), umask=0,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    (report,) = (home / "tmp").glob("omoai-fault-*")
    assert report.stat().st_mode & 0o777 == 0o600
    assert "Zwiebelfrosch" not in done.stderr + report.read_text()
    assert "AssertionError" in report.read_text()


@pytest.mark.parametrize(
    ("file", "variable"),
    [
        (f'[llm]\napi_key = "{KEY}"', ""),
        (f'[llm]\napi_key = ["{KEY}"]', ""),
        (f'[llm]\napi_keyy = "{KEY}"', ""),
        (f'[llm]\napi_key = "{KEY}', ""),
        (f'llm = "{KEY}"', ""),
        (f'[llm]\nserver_url = "http://me:{KEY}@127.0.0.1:9/v1"', ""),
        ("", f'OMOAI_LLM={{"api_key": "{KEY}"}}'),
        ("", f'OMOAI_LLM={{"api_key": "{KEY}",}}'),
        ("", f'OMOAI_LLM={{"api_key": ["{KEY}"]}}'),
        ("", f"OMOAI_LLM__APIKEY={KEY}"),
    ],
)
def test_no_way_of_giving_a_key_shows_it(
    home: Path,
    file: str,
    variable: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from omoai_engine.cli import main

    settings = home / "omoai.toml"
    settings.write_text(file)
    monkeypatch.setenv("OMOAI_CONFIG", str(settings))
    if variable:
        monkeypatch.setenv(*variable.split("=", 1))
    said = []
    for arguments in (["config", "show"], ["config", "show", "--json"], ["transcribe", "no.mp3"]):
        main(arguments)
        out, told = capfd.readouterr()
        said.append(out + told)
    assert all(said)
    assert KEY not in "".join(said)


def test_the_key_is_hidden_in_every_form_of_the_configuration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMOAI_LLM__API_KEY", KEY)
    config = load_config()
    assert config.llm.api_key is not None
    assert config.llm.api_key.get_secret_value() == KEY
    rows = [str(row) + row.shown for row in config_report(config, {})]
    for form in (repr(config), str(config), config.model_dump_json(), *rows):
        assert KEY not in form
    monkeypatch.delenv("OMOAI_LLM__API_KEY")


def test_folders_that_others_could_look_into_are_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    ours = tmp_path / "data" / "omoai" / "library"
    chosen = tmp_path / "shared"
    for folder in (ours, chosen):
        folder.mkdir(parents=True)
        folder.chmod(0o755)
    (tmp_path / "data" / "omoai").chmod(0o777)
    assert make_private_folder(ours).stat().st_mode & 0o777 == 0o700
    assert ours.parent.stat().st_mode & 0o777 == 0o700
    assert make_private_folder(chosen).stat().st_mode & 0o777 == 0o755, "a person's own is theirs"
    before = os.umask(0)
    try:
        deep = make_private_folder(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert [step.stat().st_mode & 0o777 for step in (deep, deep.parent)] == [0o700, 0o700]


def test_the_doctor_tells_of_a_key_and_of_words_that_others_may_reach(home: Path) -> None:
    settings = home / "omoai.toml"
    settings.write_text(f'[llm]\napi_key = "{KEY}"\n[library]\nfolder = "{home / "shelf"}"\n')
    settings.chmod(0o644)
    (home / "shelf").mkdir(mode=0o755)
    done = subprocess.run(
        [*COMMAND, "doctor"], env=with_key(home) | {"OMOAI_CONFIG": str(settings)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    said = " ".join(done.stdout.split())
    assert "it holds an API key, and others on this machine may read it" in said
    assert "others may look into" in said
    assert KEY not in done.stdout + done.stderr


def test_what_an_unfinished_job_keeps_is_private(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    asr = {"engine": "chunkformer", "model": str(TINY), "language": "vi"}
    folder = home / "data" / "omoai" / "unfinished"
    folder.mkdir(parents=True)
    before = os.umask(0)
    try:
        opened = Unfinished.open(load_config(asr=asr), home / f"{NAME}.mp3")
        assert opened is not None
        with pytest.raises(TakenError, match="another program is transcribing it"):
            Unfinished.open(load_config(asr=asr), home / f"{NAME}.mp3")
    finally:
        os.umask(before)
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())
    assert folder.stat().st_mode & 0o777 == 0o700
    opened.close(done=False)
    assert list(folder.glob("*.jsonl")) == [], "without a word there is nothing to keep"


def test_a_whole_job_of_the_app_asks_no_other_machine(home: Path) -> None:
    """Recognition, punctuation, summary and library, without a network interface."""
    alone = ["unshare", "--net", "--map-root-user"]
    trace = home / "sockets"
    told = ["strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=socket", "-o", str(trace)]
    for command in (alone, told):
        if (
            not shutil.which(command[0])
            or subprocess.run([*command, "true"], check=False).returncode
        ):
            pytest.skip(f"{command[0]} is missing or not allowed here")
    job = [sys.executable, "-c", APP, str(home / f"{NAME}.mp3"), str(home)]
    done = subprocess.run(
        [*alone, *told, *job], env=with_key(home), capture_output=True, text=True,
        check=False, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) > 20
    sockets = trace.read_text()
    assert "AF_INET" not in sockets
    assert "AF_NETLINK" not in sockets
