"""A job that ended too soon goes on from what it had recognised: killed, failed, or not written.

With the real command and recogniser. `asr/stage` events in the notebook of the job tell that
nothing is recognised twice.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from small_jobs import ROOT, TINY, environment

from omoai_engine.config import load_config
from omoai_engine.errors import LibraryError
from omoai_engine.events import LanguageDetected, SegmentRecognized
from omoai_engine.going_on import begin_before, words_after
from omoai_engine.library import EditText, Library
from omoai_engine.results import ASRSegment, Word
from omoai_engine.unfinished import Earlier, Unfinished

SPEECH = ROOT / "tests" / "data" / "vi-common-voice.mp3"
COMMAND = [sys.executable, "-m", "omoai_engine.cli", "transcribe", "-f", "json"]


def shelved(home: Path, **more: str) -> dict[str, str]:
    return environment(home, OMOAI_LIBRARY__FOLDER=str(home / "shelf"), **more)


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some minutes of speech, in a folder of its own."""
    path = tmp_path_factory.mktemp("speech") / "talk.wav"
    command = ["ffmpeg", "-nostdin", "-v", "error", "-stream_loop", "3", "-i", str(SPEECH)]
    subprocess.run([*command, "-ar", "16000", "-ac", "1", str(path)], check=True, timeout=60)
    return path


def notebooks(home: Path) -> list[Path]:
    return sorted((home / ".local" / "share" / "omoai" / "unfinished").glob("*.jsonl"))


def run(home: Path, *arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True, text=True, env=shelved(home, **more), timeout=120, check=False,
    )  # fmt: skip


def stopped_on_the_way(home: Path, number: int, *arguments: str | Path) -> list[dict[str, Any]]:
    """Send a signal when some segments are in the notebook; return its lines."""
    child = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=shelved(home),
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while child.poll() is None and time.monotonic() < deadline:
        if any(path.read_bytes().count(b'"segment"') >= 3 for path in notebooks(home)):
            # The recogniser is held meanwhile, so that it is in the middle of the recording.
            child.send_signal(number)
            break
        time.sleep(0.005)
    child.wait(60)
    return [json.loads(line) for path in notebooks(home) for line in path.read_text().splitlines()]


def result_of(folder: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((folder / "talk.json").read_text(encoding="utf-8"))
    return result


def test_a_killed_job_goes_on_where_it_was(speech: Path, tmp_path: Path) -> None:
    lines = stopped_on_the_way(tmp_path, signal.SIGKILL, speech, "-o", tmp_path / "out")
    before = [line["segment"] for line in lines if "segment" in line]
    assert before, "the kill left the words that were recognised"
    assert oct(notebooks(tmp_path)[0].stat().st_mode)[-3:] == "600"
    assert oct(notebooks(tmp_path)[0].parent.stat().st_mode)[-3:] == "700"
    # The last line of a file that was cut off by a dying machine.
    with notebooks(tmp_path)[0].open("ab") as file:
        file.write(b'{"segment":[1.0,')
    done = run(tmp_path, speech, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "where an earlier run ended" in done.stderr or "recognised it all" in done.stderr
    result = result_of(tmp_path / "out")
    segments = result["asr"]["segments"]
    assert [s["text"] for s in segments[: len(before)]] == [text for _, _, text, _, _ in before]
    assert all(a["end"] <= b["end"] for a, b in itertools.pairwise(segments))
    assert result["asr"]["audio_duration_seconds"] > segments[-1]["start"]
    assert len(segments) > len(before) or "recognised it all" in done.stderr
    assert notebooks(tmp_path) == [], "a job that is done leaves none of its words there"


def test_a_transcript_that_could_not_be_written_is_not_recognised_again(
    speech: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    full = subprocess.run(
        ["prlimit", "--fsize=100000", *COMMAND, str(speech), "-o", str(out)],
        capture_output=True, text=True, env=shelved(tmp_path), timeout=120, check=False,
    )  # fmt: skip
    assert full.returncode == 1, full.stderr
    assert "the same command goes on from there" in full.stderr
    assert "Traceback" not in full.stderr
    lines = notebooks(tmp_path)[0].read_text().splitlines()
    assert any("recognized" in line for line in lines)
    done = run(tmp_path, speech, "-o", out)
    assert done.returncode == 0, done.stderr
    assert "only the text is worked on again" in done.stderr
    assert result_of(out)["timing"]["model_loading"] == 0, "no model was needed any more"
    assert notebooks(tmp_path) == []


def test_stopped_by_ctrl_c_what_is_done_is_written_and_gone_on_with(
    speech: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    lines = stopped_on_the_way(tmp_path, signal.SIGINT, "--library", speech, "-o", out)
    assert sum("segment" in line for line in lines) >= 3
    assert len(result_of(out)["segments"]) >= 3
    with Library(tmp_path / "shelf") as library:
        (entry,) = library.entries()
        assert entry.state == "interrupted"
        first = library.transcript(entry.id).segments[0]
        library.edit(entry.id, EditText(first.key, "đã sửa bằng tay"))
    refused = run(tmp_path, "--library", speech, "-o", out)
    assert refused.returncode == 2
    assert "--overwrite" in refused.stderr
    done = run(tmp_path, "--library", speech, "-o", out, "--overwrite")
    assert done.returncode == 0, done.stderr
    with Library(tmp_path / "shelf") as library:
        (entry,) = library.entries()
        assert entry.state == "finished", "the transcript of the first run was finished"
        transcript = library.transcript(entry.id)
        assert transcript.segments[0].text == "đã sửa bằng tay"
        assert len(transcript.segments) >= len(result_of(out)["segments"])
        with pytest.raises(LibraryError, match="waits for nothing"):
            library.resume(entry.id)


def test_only_the_same_recording_and_recogniser_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    sound = tmp_path / "talk.mp3"
    shutil.copy(SPEECH, sound)

    def begin(*, fresh: bool = False, **more: object) -> Unfinished:
        asr = {"engine": "chunkformer", "model": str(TINY), "language": "vi", **more}
        opened = Unfinished.open(load_config(asr=asr), sound, fresh=fresh)
        assert opened is not None
        return opened

    first = begin()
    said = _segment((0.5, 1.0, "xin"), (1.0, 1.5, "chào"))
    first.hear(LanguageDetected("vi", 0.9))
    first.hear(SegmentRecognized(0, said))
    first.note_entry(7)
    first.close(done=False)

    for other in (begin(quality="fast"), begin(hotwords=("Huế",))):
        assert other.earlier is None
        other.close(done=True)
    again = begin(threads=2)
    assert again.earlier == Earlier((said,), None, LanguageDetected("vi", 0.9), (), 7)
    again.hear(SegmentRecognized(0, said))  # told anew, and not kept twice
    again.hear(SegmentRecognized(1, said))
    again.close(done=False)
    third = begin()
    assert third.earlier is not None
    assert len(third.earlier.segments) == 2
    third.close(done=False)
    before = sound.stat().st_mtime_ns
    os.utime(sound, (1, 1))
    changed = begin()
    assert changed.earlier is None, "the file is another one now"
    changed.close(done=True)
    os.utime(sound, ns=(before, before))
    assert begin(fresh=True).earlier is None
    assert Unfinished.open(load_config(), tmp_path / "none.wav") is None


def test_a_transcript_that_is_kept_elsewhere_is_private(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, str(SPEECH)], stdout=full, stderr=subprocess.PIPE, text=True, umask=0,
            env=shelved(tmp_path), timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    (kept,) = (tmp_path / ".local" / "share" / "omoai" / "rescued").iterdir()
    assert kept.name in done.stderr
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700


def test_what_cannot_be_noted_costs_the_job_nothing(tmp_path: Path) -> None:
    (tmp_path / ".local").write_text("no folder")
    done = run(tmp_path, SPEECH)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["segments"]


def _segment(*words: tuple[float, float, str]) -> ASRSegment:
    text = " ".join(word for _, _, word in words)
    made = tuple(Word(start, end, word) for start, end, word in words)
    return ASRSegment(words[0][0], words[-1][1], text, None, made)


def test_words_at_the_border_come_once() -> None:
    segments = [
        _segment((88.0, 88.5, "một"), (99.0, 99.9, "hai")),
        _segment((99.5, 100.2, "ba"), (100.1, 100.5, "bốn")),
        _segment((101.0, 101.2, "năm")),
    ]
    new = list(words_after(segments, 100.0))
    assert [segment.text for segment in new] == ["bốn", "năm"]
    assert new[0].start == 100.1
    assert begin_before(3.0) == 0.0
    assert 80.0 < begin_before(100.0) <= 88.0
