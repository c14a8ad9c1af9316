"""Names of results and exit codes of batches: pure functions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omoai_engine.cli.exits import ExitCode, combined
from omoai_engine.cli.job_view import JobView
from omoai_engine.cli.outputs import (
    FileExistsAlreadyError,
    check_free,
    make_folder,
    plan_targets,
)
from omoai_engine.durations import clock
from omoai_engine.errors import ExportError
from omoai_engine.events import JobStarted, Notice, SegmentRecognized, StageProgress, StageStarted
from omoai_engine.results import ASRSegment

OUT = Path("/out")


def stems(*sources: str) -> list[str]:
    return [target.stem.name for target in plan_targets(sources, OUT) if target.stem]


def test_results_are_named_after_the_recordings() -> None:
    assert stems("talk.mp3", "dir/other.tar.wav", "-", "tiếng.m4a") == [
        "talk",
        "other.tar",
        "stdin",
        "tiếng",
    ]


def test_one_name_is_never_used_twice_and_the_change_is_said() -> None:
    targets = plan_targets(["a/talk.mp3", "b/talk.wav", "talk-2.wav", "TALK.ogg"], OUT)

    assert [target.stem.name for target in targets if target.stem] == [
        "talk",
        "talk-2",
        "talk-2-2",
        "TALK-3",
    ]
    assert targets[0].renamed is None
    assert targets[1].renamed == "talk.wav: written as talk-2, because talk is a/talk.mp3"


def test_names_with_controls_and_of_any_length_become_names_of_files() -> None:
    assert stems("a\nb\x1b[31m.mp3") == ["a_b_[31m"]
    assert stems(os.fsdecode(b"\xff.mp3")) == [os.fsdecode(b"\xff")]
    long = stems("ế" * 120 + ".mp3")[0]
    assert long == "ế" * (len(long))
    assert len(long.encode()) <= 200


# What the system may hand over as an argument: any bytes without a zero, UTF-8 or not.
ARGUMENTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
BYTES = st.binary(min_size=1, max_size=90).map(lambda raw: os.fsdecode(raw.replace(b"\0", b"0")))


@given(st.lists(ARGUMENTS | BYTES))
def test_any_batch_gets_names_that_differ_even_without_case(sources: list[str]) -> None:
    names = stems(*sources)

    assert len({name.casefold() for name in names}) == len(sources)
    for name in names:
        assert "/" not in name
        assert 0 < len(os.fsencode(name)) < 240


def test_a_file_that_is_there_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "talk.srt").write_text("mine")
    target = plan_targets(["talk.mp3"], tmp_path)[0]

    check_free(target, ["txt"], overwrite=False)
    check_free(target, ["txt", "srt"], overwrite=True)
    with pytest.raises(FileExistsAlreadyError, match=r"talk\.srt.*--overwrite"):
        check_free(target, ["txt", "srt"], overwrite=False)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/omoai")):
        with pytest.raises(ExportError, match="-o another folder"):
            make_folder(folder)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([], 0),
        ([0, 0], 0),
        ([0, 2, 0], 2),
        ([2, 1, 0], 1),
        ([0, 1, 130], 130),
        ([2, 143], 143),
    ],
)
def test_the_code_of_a_batch(codes: list[int], expected: int) -> None:
    assert combined(ExitCode(code) for code in codes) == expected


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (59.6, "1:00"), (75, "1:15"), (3675, "1:01:15"), (-1, "0:00")],
)
def test_times_for_people(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_speed_and_time_left_follow_the_steps_of_the_recogniser() -> None:
    job = JobView("talk.mp3")
    for event, now in [
        (JobStarted("talk.mp3", 100.0), 0.0),
        (StageStarted("asr"), 10.0),
        (StageProgress("asr", 1.0, 100.0, 1.0), 11.0),
    ]:
        job.take(event, now)
    assert job.speed() is None
    assert job.remaining(11.0) is None

    job.take(StageProgress("asr", 20.0, 100.0, 2.0), 12.0)

    assert job.speed() == 10.0
    assert job.remaining(12.0) == 8.0
    # Between two steps the time left goes down, never up and never below nothing.
    assert job.remaining(15.0) == 5.0
    assert job.remaining(99.0) == 0.0


def test_a_recording_of_unknown_length_has_a_speed_but_no_end() -> None:
    job = JobView("talk.mp3")
    job.take(StageStarted("asr"), 0.0)
    job.take(StageProgress("asr", 30.0, None, 3.0), 3.0)

    assert (job.speed(), job.remaining(3.0)) == (10.0, None)


def test_latest_words_and_notices_are_one_clean_line() -> None:
    job = JobView("talk.mp3")
    segment = ASRSegment(0.0, 1.0, "two\nlines\x1b[31m")

    assert job.take(SegmentRecognized(0, segment), 1.0) is None
    assert job.latest == "two lines[31m"
    assert job.take(Notice("talk.mp3: cut"), 1.0) == "talk.mp3: cut"
    assert job.take(Notice("cut"), 1.0) == "talk.mp3: cut"
