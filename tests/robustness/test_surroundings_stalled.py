"""A disk that stops answering, in the middle of a recording or when it is opened: the command and
the app stay awake, and end."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from stalled_mount import can_mount

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "tui"))

from terminal_session import APP, TerminalSession, session_environment  # noqa: E402

SPEECH = ROOT / "tests" / "data" / "vi-common-voice.mp3"
pytestmark = pytest.mark.skipif(not can_mount(), reason="needs root and /dev/fuse to mount")
MODEL = {
    "OMOAI_ASR__ENGINE": "chunkformer",
    "OMOAI_ASR__MODEL": str(ROOT / "tests" / "data" / "tiny-chunkformer"),
    "OMOAI_ASR__LANGUAGE": "vi",
}


@pytest.fixture
def switch(tmp_path: Path) -> Iterator[Path]:
    """Return the switch of a mount `m` that gives the first 100,000 bytes of the speech only."""
    path = tmp_path / "switch"
    path.write_text("reads:100000")
    (tmp_path / "m").mkdir()
    yield path
    path.write_text("end")


def stalled(folder: Path, switch: Path, *command: str) -> list[str]:
    program = str(Path(__file__).with_name("stalled_mount.py"))
    return [sys.executable, program, str(folder / "m"), str(SPEECH), str(switch), *command]


def decoders(pid: int) -> list[psutil.Process]:
    below = psutil.Process(pid).children(recursive=True)
    return [one for one in below if "preprocess.child" in " ".join(one.cmdline())]


def gone(processes: list[psutil.Process], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes):
            return True
        time.sleep(0.05)
    return False


def waiting_for_the_disk(pid: int) -> list[psutil.Process]:
    """Wait until the decoder takes no processor time any more; return it."""
    deadline = time.monotonic() + 120
    used = -1.0
    while time.monotonic() < deadline:
        time.sleep(0.5)
        found = decoders(pid)
        now = sum(sum(one.cpu_times()[:2]) for one in found)
        if found and now == used:
            return found
        used = now if found else -1.0
    raise AssertionError("no decoder came to wait")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_command_can_be_stopped(tmp_path: Path, switch: Path, number: int, code: int) -> None:
    work = [
        sys.executable,
        "-m",
        "omoai_engine.cli",
        "transcribe",
        str(tmp_path / "m/") + "/" + SPEECH.name,
    ]
    running = subprocess.Popen(
        stalled(tmp_path, switch, *work), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env=session_environment(tmp_path) | MODEL, cwd=ROOT,
    )  # fmt: skip
    left = waiting_for_the_disk(running.pid)
    running.send_signal(number)
    _, told = running.communicate(timeout=20)
    assert running.returncode == code, told
    assert "Traceback" not in told
    switch.write_text("go")
    assert gone(left), "the decoder ends as soon as the disk answers"


def test_a_disk_that_stays_away_is_told_in_a_sentence(tmp_path: Path, switch: Path) -> None:
    work = [sys.executable, "-m", "omoai_engine.cli", "transcribe", f"{tmp_path}/m/{SPEECH.name}"]
    done = subprocess.run(
        stalled(tmp_path, switch, *work), capture_output=True, text=True, timeout=60, cwd=ROOT,
        env=session_environment(tmp_path) | MODEL | {"OMOAI_AUDIO__STALL_SECONDS": "2"},
        check=False,
    )  # fmt: skip
    assert done.returncode in (1, 2), done.stderr
    assert "no sound came for 2 seconds. Check the disk or connection" in done.stderr


def test_the_app_stays_awake_and_leaves(tmp_path: Path, switch: Path) -> None:
    command = stalled(tmp_path, switch, *APP, f"{tmp_path}/m/{SPEECH.name}")
    with TerminalSession(command, home=tmp_path, environment=MODEL) as running:
        running.wait_for("Files")
        left = waiting_for_the_disk(running.process.pid)
        running.send(b"?")
        running.wait_for("(?i)esc", 10)
        running.send(b"\x1b")
        time.sleep(0.3)
        running.send(b"x")
        running.wait_for("(?i)stopped", 15)
        running.send(b"q")
        assert running.process.wait(15) == 0
        switch.write_text("go")
        assert gone(left)


NAMED = f"m/{SPEECH.name}"
SILENT = "its disk did not answer within 2 seconds. Check the disk or connection"
COMMANDS = {
    "transcribe": (["transcribe", NAMED], SILENT),
    "clip": (["clip", NAMED, "1", "2", "-o", "x.wav"], SILENT),
    "import": (["library", "import", NAMED], SILENT),
    "sound": (["library", "import", "--audio", NAMED, "a.srt"], SILENT),
    "beside": (["library", "import", "m/talk.srt"], "No such file"),
    "compare": (["compare", NAMED, NAMED], SILENT),
    "hotwords": (["transcribe", "--hotwords", NAMED, "a.srt"], SILENT),
    "several": (["transcribe", NAMED, str(SPEECH)], SILENT.replace(" 2 ", " 10 ")),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_opening_on_a_disk_that_does_not_answer_is_told_in_a_sentence(
    tmp_path: Path, switch: Path, name: str
) -> None:
    switch.write_text("files")
    arguments, sentence = COMMANDS[name]
    done = subprocess.run(
        stalled(tmp_path, switch, sys.executable, "-m", "omoai_engine.cli", *arguments),
        capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False,
        env=session_environment(tmp_path) | MODEL
        # The other file's disk shall not seem silent where the machine is slow.
        | {"OMOAI_AUDIO__STALL_SECONDS": "10" if name == "several" else "2"}
        | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    told = [line for line in done.stderr.splitlines() if line.startswith("omoai: ")]
    assert done.returncode == 2, done.stderr
    assert len(told) == 1, done.stderr
    assert sentence in told[0]
    assert (len(done.stdout.split()) > 10) == (name == "several"), "the other file is not stopped"


@pytest.mark.parametrize("name", ["transcribe", "clip", "import", "sound", "compare"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_opening_can_be_stopped(
    tmp_path: Path, switch: Path, name: str, number: int, code: int
) -> None:
    switch.write_text("files")
    running = subprocess.Popen(
        stalled(tmp_path, switch, sys.executable, "-m", "omoai_engine.cli", *COMMANDS[name][0]),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        env=session_environment(tmp_path) | MODEL | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    left = held(running.pid)
    running.send_signal(number)
    _, told = running.communicate(timeout=20)
    # A command that handles no signal of its own ends by it.
    assert running.returncode in (code, -number), told
    assert "Traceback" not in told
    switch.write_text("go")
    assert gone([left]), "it ends as soon as the disk answers"


def held(pid: int) -> psutil.Process:
    """Wait until a child waits in the kernel for the disk; return it."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for child in psutil.Process(pid).children(recursive=True):
            try:
                if "request_wait_answer" in Path(f"/proc/{child.pid}/wchan").read_text():
                    return child
            except OSError:
                continue
        time.sleep(0.05)
    raise AssertionError("nobody came to wait for the disk")


def test_the_app_opens_a_file_of_a_silent_disk_and_leaves(tmp_path: Path, switch: Path) -> None:
    switch.write_text("files")
    command = stalled(tmp_path, switch, *APP, f"{tmp_path}/m/{SPEECH.name}")
    with TerminalSession(command, home=tmp_path, environment=MODEL) as running:
        running.wait_for("Files")
        left = held(running.process.pid)
        running.send(b"?")
        running.wait_for("(?i)esc", 10)
        running.send(b"\x1b")
        time.sleep(0.3)
        running.send(b"x")
        running.wait_for("(?i)stopped", 15)
        running.send(b"q")
        assert running.process.wait(15) == 0
        switch.write_text("go")
        assert gone([left])


def surroundings(home: Path) -> dict[str, str]:
    # Python's own look into the home would hang, where it is no virtual environment's.
    return session_environment(home) | {
        "OMOAI_AUDIO__STALL_SECONDS": "2",
        "PYTHONNOUSERSITE": "1",
    }


@pytest.mark.parametrize(
    ("setting", "work"),
    [
        ("XDG_CONFIG_HOME", ["library", "list"]),
        ("XDG_DATA_HOME", ["models", "list"]),
        ("XDG_STATE_HOME", ["record"]),
        ("HOME", ["devices"]),
        ("XDG_RUNTIME_DIR", ["mic-in"]),
        ("TMPDIR", ["transcribe", str(SPEECH)]),
        ("XDG_CACHE_HOME", ["transcribe", str(SPEECH)]),
        ("OMOAI_CONFIG", ["config", "show"]),
        ("OMOAI_LIBRARY__FOLDER", ["library", "list"]),
        ("OMOAI_RECORDING__FOLDER", ["recordings", "list"]),
        ("OMOAI_MODELS__FOLDER", ["transcribe", str(SPEECH)]),
        ("OMOAI_ASR__MODEL", ["transcribe", str(SPEECH)]),
        ("HF_HOME", ["transcribe", str(SPEECH)]),
        (None, ["transcribe", "-o", "PLACE", str(SPEECH)]),
        (None, ["clip", "-o", "PLACE", str(SPEECH), "1", "2"]),
    ],
)
def test_a_place_of_ours_that_is_silent_is_a_sentence(
    tmp_path: Path, switch: Path, setting: str | None, work: list[str]
) -> None:
    switch.write_text("all")
    place = str(tmp_path / "m" / "place")
    work = [place if word == "PLACE" else word for word in work]
    environment = surroundings(tmp_path) | ({setting: place} if setting else {})
    done = subprocess.run(
        stalled(tmp_path, switch, sys.executable, "-m", "omoai_engine.cli", *work),
        capture_output=True, text=True, timeout=60, cwd=ROOT, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert place in done.stderr
    assert SILENT in done.stderr
    assert "Traceback" not in done.stderr


def test_the_doctor_says_so_and_goes_on(tmp_path: Path, switch: Path) -> None:
    switch.write_text("all")
    environment = surroundings(tmp_path) | {"HOME": f"{tmp_path}/m/home"}
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        del environment[variable]
    done = subprocess.run(
        stalled(tmp_path, switch, sys.executable, "-m", "omoai_engine.cli", "doctor"),
        capture_output=True, text=True, timeout=100, cwd=ROOT, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    silent = [line for line in done.stdout.splitlines() if "did not answer within 2 sec" in line]
    assert [line.split()[1] for line in silent] == ["settings", "data", "state", "cache", "home"]
    assert done.stdout.count("or set HOME to another folder") == len(silent)
    assert "PyAV" in done.stdout
    assert "Files cannot be transcribed yet." in done.stdout
    assert "Error" not in done.stdout + done.stderr


def test_the_app_says_so_before_it_starts(tmp_path: Path, switch: Path) -> None:
    switch.write_text("all")
    environment = {"XDG_DATA_HOME": f"{tmp_path}/m/data", "OMOAI_AUDIO__STALL_SECONDS": "2"}
    with TerminalSession(
        stalled(tmp_path, switch, *APP), home=tmp_path, environment=environment
    ) as running:
        assert running.ends_with() == 2
        assert "its disk did not answer within 2 seconds" in " ".join(running.text.split())


def test_the_app_lives_where_its_library_is_silent(tmp_path: Path, switch: Path) -> None:
    switch.write_text("all")
    environment = {"OMOAI_LIBRARY__FOLDER": f"{tmp_path}/m/x", "OMOAI_AUDIO__STALL_SECONDS": "10"}
    command = stalled(tmp_path, switch, *APP, str(SPEECH.with_name("en-jfk.mp3")))
    with TerminalSession(command, home=tmp_path, environment=environment) as running:
        running.wait_for("fellow Americans")
        running.wait_for("done")
        running.send(b"l")
        running.wait_for("newest first")
        running.wait_for("did not answer within 10 seconds")
        running.send(b"\x1b")
        running.wait_for("fellow Americans")
        running.send(b"q")
        running.wait_for("not exported or copied yet")
        running.send(b"y")
        assert running.ends_with() == 0
