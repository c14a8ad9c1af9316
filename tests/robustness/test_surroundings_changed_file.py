"""A file that is changed while it is read, and two programs at one recording."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small_jobs import TINY, environment

from omoai_engine.config import load_config
from omoai_engine.errors import AudioInputError, StageError
from omoai_engine.events import JobStarted, SegmentRecognized
from omoai_engine.library import Library
from omoai_engine.pipeline import Pipeline
from omoai_engine.preprocess import open_audio
from omoai_engine.results import ASRSegment
from omoai_engine.unfinished import Unfinished

SECONDS = 600
"""So much sound is never in the pipes and buffers on the way: its end is read after its change."""


def wav(seconds: int, value: int) -> bytes:
    """Return PCM16 at 16 kHz, all samples the same."""
    target = io.BytesIO()
    with wave.open(target, "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(np.full(seconds * 16_000, value, "<i2").tobytes())
    return target.getvalue()


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def cut_to_nothing(path: Path) -> None:
    os.truncate(path, 0)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(wav(5, 3000))


def overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(os.urandom(path.stat().st_size))


def exchange(path: Path) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(wav(5, 3000))
    other.replace(path)


def remove(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (cut, "ends early"),
        (cut_to_nothing, "ends early"),
        (grow, ""),
        (overwrite, ""),
        (exchange, None),
        (remove, None),
    ],
)
def test_a_file_that_is_changed_while_it_is_read_is_told_of(
    tmp_path: Path, change: Callable[[Path], None], told: str | None
) -> None:
    path = tmp_path / "talk.wav"
    path.write_bytes(wav(SECONDS, 1000))
    with open_audio(path) as source:
        first = next(source)
        change(path)
        blocks = [first, *source]
        notices = source.notices
    samples = np.concatenate([block.samples for block in blocks])
    assert np.all(np.isfinite(samples))
    assert np.all(samples[:8000] == np.float32(1000 / 32768))
    assert len(samples) <= SECONDS * 16_000
    if told is None:
        # What was opened is still there, whatever its name leads to now.
        assert len(samples) == SECONDS * 16_000
        assert np.all(samples == np.float32(1000 / 32768))
        assert notices == ()
    else:
        assert any("the file was changed while it was read" in one for one in notices)
        assert any(told in one for one in notices)


@pytest.fixture
def talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recording, in a home of its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    path = tmp_path / "talk.wav"
    path.write_bytes(wav(2, 1000))
    return path


def begin(path: Path) -> Unfinished:
    asr = {"engine": "chunkformer", "model": str(TINY), "language": "vi"}
    opened = Unfinished.open(load_config(asr=asr), path)
    assert opened is not None
    return opened


def test_nothing_is_kept_of_a_file_that_was_exchanged_before_it_was_opened(talk: Path) -> None:
    kept = begin(talk)
    before = talk.stat()
    exchange(talk)
    with open_audio(talk) as source:
        file = (source.info.size_bytes, source.info.changed_ns)
    kept.hear(JobStarted("talk.wav", 5.0, file))
    kept.hear(SegmentRecognized(0, ASRSegment(0.0, 1.0, "lời khác")))
    kept.close(done=False)
    assert not kept.has_words
    talk.write_bytes(wav(2, 1000))
    os.utime(talk, ns=(before.st_atime_ns, before.st_mtime_ns))
    again = begin(talk)
    assert again.earlier is None
    again.close(done=True)


def test_a_job_does_not_go_on_in_a_file_that_was_exchanged(talk: Path) -> None:
    first = begin(talk)
    first.hear(SegmentRecognized(0, ASRSegment(0.0, 1.0, "xin chào")))
    first.close(done=False)
    again = begin(talk)
    exchange(talk)
    asr = {"engine": "chunkformer", "model": str(TINY), "language": "vi"}
    refused = pytest.raises((AudioInputError, StageError), match="was changed since the job began")
    with Pipeline(load_config(asr=asr)) as pipeline, refused:
        pipeline.run(talk, earlier=again.earlier)
    again.close(done=False)


@pytest.mark.parametrize("keep", [False, True])
def test_of_two_programs_the_second_says_so_and_makes_no_second_transcript(
    talk: Path, keep: bool
) -> None:
    home = talk.parent
    talk.write_bytes((TINY.parent / "vi-common-voice.mp3").read_bytes())
    here = begin(talk)
    given = environment(
        home, XDG_DATA_HOME=str(home / "data"), OMOAI_LIBRARY__FOLDER=str(home / "shelf")
    )
    given.pop("OMOAI_ASR__THREADS")
    work = [sys.executable, "-m", "omoai_engine.cli", "transcribe", str(talk)]
    done = subprocess.run(
        [*work, "--library"] if keep else work,
        capture_output=True, text=True, env=given, timeout=120, check=False,
    )  # fmt: skip
    here.close(done=True)
    assert done.stderr.count("another program is transcribing it") == 1, done.stderr
    assert done.returncode == (1 if keep else 0)
    assert bool(done.stdout) is not keep
    with Library(home / "shelf") as library:
        assert library.count() == 0
