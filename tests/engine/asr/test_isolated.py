"""The recogniser in its own process: same words, ends at once, never an orphan."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from omoai_engine.asr.choice import RecognizerChoice, build_recognizer, choose_recognizer
from omoai_engine.asr.isolated import IsolatedRecognizer, chunkformer_environment
from omoai_engine.audio import AudioBlock
from omoai_engine.config import load_config
from omoai_engine.control import JobControl
from omoai_engine.errors import CancelledError, ModelCorruptError, WorkerDiedError
from omoai_engine.preprocess.source import open_audio

pytestmark = pytest.mark.usefixtures("no_child_left")


@pytest.fixture
def choice() -> RecognizerChoice:
    return choose_recognizer(load_config(asr={"language": "en", "quality": "fast"}))


@pytest.fixture
def isolated(choice: RecognizerChoice) -> Iterator[IsolatedRecognizer]:
    recognizer = IsolatedRecognizer(choice)
    yield recognizer
    recognizer.close()


def blocks_of(path: Path) -> list[AudioBlock]:
    with open_audio(path) as source:
        return list(source)


def test_it_gives_the_same_segments_as_in_process(
    isolated: IsolatedRecognizer, choice: RecognizerChoice, jfk: Path
) -> None:
    blocks = blocks_of(jfk)
    here = list(build_recognizer(choice).recognize(blocks, control=JobControl()))
    assert list(isolated.recognize(blocks, control=JobControl())) == here
    first = isolated.pid
    assert list(isolated.recognize(blocks, control=JobControl())) == here
    assert isolated.pid == first
    assert isolated.peak_memory_mib > 100


def test_what_the_person_set_for_the_process_stays() -> None:
    huge = "glibc.malloc.hugetlb=1"
    assert chunkformer_environment({})["GLIBC_TUNABLES"] == huge
    given = {"GLIBC_TUNABLES": "glibc.malloc.check=3", "OMP_WAIT_POLICY": "ACTIVE"}
    assert chunkformer_environment(given) == {
        "GLIBC_TUNABLES": f"glibc.malloc.check=3:{huge}",
        "OMP_WAIT_POLICY": "ACTIVE",
    }
    theirs = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=0"}
    assert chunkformer_environment(theirs)["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=0"


def test_cancelling_ends_the_child_at_once_and_the_next_job_works(
    isolated: IsolatedRecognizer, english: Path, jfk: Path
) -> None:
    control = JobControl()
    blocks = blocks_of(english)

    def cancelled_on_the_way() -> Iterator[AudioBlock]:
        yield from blocks[:20]
        control.cancel()
        yield from blocks[20:]

    with pytest.raises(CancelledError):
        list(isolated.recognize(cancelled_on_the_way(), control=control))
    assert isolated.pid is None
    assert list(isolated.recognize(blocks_of(jfk), control=JobControl()))


def test_a_killed_child_is_a_clear_error_and_the_next_job_works(
    isolated: IsolatedRecognizer, english: Path, jfk: Path
) -> None:
    segments = isolated.recognize(blocks_of(english), control=JobControl())
    next(segments)
    os.kill(isolated.pid or 0, signal.SIGKILL)
    with pytest.raises(WorkerDiedError, match="the recogniser was killed"):
        list(segments)
    assert list(isolated.recognize(blocks_of(jfk), control=JobControl()))


def test_errors_of_loading_cross_the_border_whole(tmp_path: Path, choice: RecognizerChoice) -> None:
    from dataclasses import replace

    for path in choice.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[:1000])
    broken = IsolatedRecognizer(replace(choice, folder=tmp_path))
    with pytest.raises(ModelCorruptError, match="cannot be loaded") as caught:
        broken.load()
    assert caught.value.hint


def test_an_error_of_the_blocks_is_raised_after_what_was_heard(
    isolated: IsolatedRecognizer, jfk: Path
) -> None:
    def breaking() -> Iterator[AudioBlock]:
        yield from blocks_of(jfk)
        raise OSError("the disk went away")

    segments = isolated.recognize(breaking(), control=JobControl())
    assert "fellow" in next(segments).text
    with pytest.raises(OSError, match="the disk went away"):
        list(segments)


def test_close_from_another_thread_ends_a_waiting_job(isolated: IsolatedRecognizer) -> None:
    release = threading.Event()

    def waiting() -> Iterator[AudioBlock]:
        release.wait(20)
        yield from ()

    isolated.load()
    threading.Timer(0.3, isolated.close).start()
    with pytest.raises(CancelledError):
        list(isolated.recognize(waiting(), control=JobControl()))
    release.set()


def test_no_orphan_is_left_when_the_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent("""
        import sys, time
        from omoai_engine.asr.choice import choose_recognizer
        from omoai_engine.asr.isolated import IsolatedRecognizer, chunkformer_environment
        from omoai_engine.config import load_config
        recognizer = IsolatedRecognizer(choose_recognizer(load_config()))
        recognizer.load()
        print(recognizer.pid, flush=True)
        time.sleep(60)
        """)
    )
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout:
        child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 120
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the recogniser outlived its parent"
        time.sleep(0.05)
