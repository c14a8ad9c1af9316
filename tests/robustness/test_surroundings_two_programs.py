"""Two programs on one folder of recordings and one library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from small_jobs import environment

from omoai_engine.errors import EditError, RecordingError
from omoai_engine.library import EditText, Library
from omoai_engine.recording import Claims, RecordingState, find_unfinished, list_recordings, settle
from omoai_engine.recording.files import remove
from omoai_engine.recording.spool import Spool
from omoai_engine.recording.wav import PcmFormat
from omoai_engine.results import ASRSegment
from omoai_tui.pipeline_worker import PipelineWorker


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Return a finished recording that waits to be transcribed."""
    spool = Spool(tmp_path / "recordings", PcmFormat(16_000, 1))
    spool.append(bytes(32_000))
    return spool.finish("stopped")


def other_program(code: str, path: Path) -> subprocess.Popen[str]:
    """Run `code` in another process; it says a line when it is so far."""
    head = (
        "import sys; from pathlib import Path; path = Path(sys.argv[1])\n"
        "from omoai_engine.recording import Claims\nclaims = Claims()\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", head + code, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_what_another_program_transcribes_is_neither_offered_nor_deleted(recording: Path) -> None:
    folder = recording.parent
    assert [one.path for one in find_unfinished(folder)] == [recording]
    other = other_program("print(claims.take(path), flush=True); sys.stdin.read()", recording)
    assert other.stdout is not None
    assert other.stdout.readline() == "True\n"
    mine = Claims()
    assert find_unfinished(folder) == []
    assert list_recordings(folder)[0].state is RecordingState.TAKEN
    assert not mine.take(recording)
    with pytest.raises(RecordingError, match="transcribed by another program"):
        remove(recording)
    assert recording.exists()
    # It is killed in the middle of its work: nobody has to tidy up.
    other.kill()
    other.communicate()
    assert [one.path for one in find_unfinished(folder)] == [recording]
    assert mine.take(recording)
    assert mine.take(recording), "ours already"
    settle(recording)
    mine.let_go(recording)
    assert find_unfinished(folder) == []


def test_of_many_programs_one_alone_gets_a_recording(recording: Path) -> None:
    code = "sys.stdin.readline(); print(claims.take(path), flush=True); sys.stdin.read()"
    others = [other_program(code, recording) for _ in range(5)]
    for other in others:
        assert other.stdin is not None
        other.stdin.write("now\n")
        other.stdin.flush()
    said = [other.stdout.readline() for other in others if other.stdout]
    for other in others:
        other.communicate()
    assert sorted(said) == ["False\n"] * 4 + ["True\n"]


def test_what_two_programs_change_in_one_transcript_is_all_there_or_refused(tmp_path: Path) -> None:
    with Library(tmp_path) as mine, Library(tmp_path) as other:
        entry = mine.begin("talk.mp3")
        mine.append(entry, [ASRSegment(0.0, 1.0, "xin chào"), ASRSegment(1.0, 2.0, "hôm nay")])
        first, second = (segment.key for segment in mine.transcript(entry).segments)
        mine.edit(entry, EditText(first, "kính chào"))
        other.edit(entry, EditText(second, "ngày mai"))
        with pytest.raises(EditError, match='changed this segment meanwhile to "kính chào"'):
            other.edit(entry, EditText(first, "xin chào các bạn", "xin chào"))
        texts = [segment.text for segment in mine.transcript(entry).segments]
        assert texts == ["kính chào", "ngày mai"]
        other.delete(entry)
        with pytest.raises(EditError, match="is deleted"):
            mine.edit(entry, EditText(first, "chào"))
        other.restore(entry)
        mine.edit(entry, EditText(first, "chào"))
        mine.undo(entry)
        assert [segment.text for segment in other.transcript(entry).segments] == texts


def test_a_job_run_again_leaves_a_recording_to_the_program_that_is_at_it(recording: Path) -> None:
    other = other_program("print(claims.take(path), flush=True); sys.stdin.read()", recording)
    assert other.stdout is not None
    assert other.stdout.readline() == "True\n"
    done = subprocess.run(
        [sys.executable, "-m", "omoai_engine.cli", "transcribe", str(recording)],
        capture_output=True, text=True, timeout=60, check=False,
        env=environment(recording.parent, OMOAI_RECORDING__FOLDER=str(recording.parent)),
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("another program is transcribing it") == 1, done.stderr
    app = PipelineWorker(print, {"recording": {"folder": recording.parent}}, Claims())
    with pytest.raises(RecordingError, match="another program is transcribing it"):
        app._claim(str(recording))
    other.communicate()
    app._claim(str(recording))
    app._claim(str(recording))
