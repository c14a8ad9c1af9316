"""The children of a job hang, crash or are killed: one sentence, in bounded time, and none is left.

Real children: a process that is stopped (SIGSTOP) is what a hang looks like from outside.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from small_jobs import ROOT, TINY, environment

from omoai_engine import child_process
from omoai_engine.asr.choice import choose_recognizer
from omoai_engine.asr.isolated import IsolatedRecognizer
from omoai_engine.audio import AudioBlock
from omoai_engine.child_process import _Silence
from omoai_engine.config import load_config
from omoai_engine.control import JobControl
from omoai_engine.errors import CancelledError, WorkerDiedError
from omoai_engine.preprocess import open_audio
from omoai_engine.shortage import shortage_in

SPEECH = ROOT / "tests" / "data" / "vi-common-voice.mp3"
COMMAND = [sys.executable, "-m", "omoai_engine.cli", "transcribe", str(SPEECH)]
RECOGNISER, DECODER = "isolated_child", "preprocess.child"


@pytest.fixture
def isolated() -> Iterator[IsolatedRecognizer]:
    asr = {"engine": "chunkformer", "model": str(TINY), "language": "vi", "threads": 1}
    recognizer = IsolatedRecognizer(choose_recognizer(load_config(asr=asr)))
    recognizer.load()
    yield recognizer
    recognizer.close()


def sound() -> Iterator[AudioBlock]:
    with open_audio(SPEECH) as source:
        yield from source


def test_a_recogniser_that_hangs_is_ended_and_the_next_job_works(
    isolated: IsolatedRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_process, "SILENCE_SECONDS", 3.0)
    pid = isolated.pid or 0
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(WorkerDiedError, match="the recogniser hangs: it gave no sign of life"):
        list(isolated.recognize(sound(), control=JobControl()))
    assert not psutil.pid_exists(pid)
    assert list(isolated.recognize(sound(), control=JobControl()))


def test_a_recogniser_that_waits_for_sound_is_no_hang(
    isolated: IsolatedRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_process, "SILENCE_SECONDS", 2.5)

    def slow() -> Iterator[AudioBlock]:
        time.sleep(5)
        yield from sound()

    assert list(isolated.recognize(slow(), control=JobControl()))


def test_a_job_with_a_recogniser_that_hangs_can_be_cancelled(isolated: IsolatedRecognizer) -> None:
    control = JobControl()
    pid = isolated.pid or 0
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(0.5, control.cancel).start()
    with pytest.raises(CancelledError):
        list(isolated.recognize(sound(), control=control))
    assert not psutil.pid_exists(pid)


def test_work_without_signs_is_told_from_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """Native code may hold the thread that gives the signs back for long."""
    monkeypatch.setattr(child_process, "SILENCE_SECONDS", 0.4)
    for program, hangs in (("while True: pass", False), ("input()", True)):
        process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE)
        try:
            time.sleep(0.5)
            silence = _Silence(process.pid)
            lasted = False
            for _ in range(12):
                time.sleep(0.1)
                lasted = lasted or silence.lasted(0.1)
            assert lasted == hangs, program
        finally:
            process.kill()
            process.communicate()


@pytest.mark.parametrize(
    "said",
    [
        "mkl_malloc: failed to allocate memory",  # Whisper's library
        "DefaultCPUAllocator: can't allocate memory: you tried to allocate 400 bytes",  # torch
        "terminate called after throwing an instance of 'std::bad_alloc'",
    ],
)
def test_what_libraries_say_of_memory_is_told_as_that(said: str) -> None:
    found = shortage_in(said)
    assert found is not None
    assert str(found) == "memory ran out. Close other programs, or choose a smaller model."


def _child_of(process: subprocess.Popen[str], name: str) -> psutil.Process:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for child in psutil.Process(process.pid).children(recursive=True):
            try:
                if name in " ".join(child.cmdline()):
                    return child
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.002)
    raise AssertionError(f"no {name}")


def _start(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        COMMAND,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(home, OMOAI_AUDIO__STALL_SECONDS="2"),
    )


@pytest.mark.parametrize(
    ("name", "number", "said"),
    [
        (DECODER, signal.SIGSTOP, "no sound came for 2 seconds. Check the disk or connection"),
        (DECODER, signal.SIGSEGV, "the decoder ended unexpectedly (SIGSEGV)"),
        (RECOGNISER, signal.SIGSEGV, "the recogniser ended unexpectedly (signal 11"),
        (RECOGNISER, signal.SIGKILL, "most likely because memory ran out. Close other programs"),
    ],
)
def test_a_child_that_dies_or_hangs_is_said_in_one_sentence(
    tmp_path: Path, name: str, number: int, said: str
) -> None:
    running = _start(tmp_path)
    child = _child_of(running, name)
    child.send_signal(number)
    others = psutil.Process(running.pid).children(recursive=True)
    out, told = running.communicate(timeout=60)
    assert said in told
    assert running.returncode in (1, 2)
    assert "Traceback" not in told
    assert out == ""
    psutil.wait_procs([child, *others], timeout=60)
    assert not any(process.is_running() for process in [child, *others])


@pytest.mark.parametrize(
    ("name", "number", "code"),
    [(RECOGNISER, signal.SIGINT, 130), (DECODER, signal.SIGTERM, 143)],
)
def test_a_job_whose_child_hangs_ends_when_it_is_asked_to(
    tmp_path: Path, name: str, number: int, code: int
) -> None:
    running = _start(tmp_path)
    child = _child_of(running, name)
    child.send_signal(signal.SIGSTOP)
    time.sleep(0.3)
    others = psutil.Process(running.pid).children(recursive=True)
    running.send_signal(number)
    running.communicate(timeout=60)
    assert running.returncode == code
    psutil.wait_procs([child, *others], timeout=60)
    assert not any(process.is_running() for process in [child, *others])
