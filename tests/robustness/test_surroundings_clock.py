"""A clock that jumps empties no bin and takes no kept progress; one that goes as clocks do may."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from omoai_engine.trusted_clock import DAY_SECONDS, trusted_before
from omoai_engine.unfinished_ages import forget_old

TODAY = 1_790_000_000.0
DAYS = 30


def look(folder: Path, day: float) -> float | None:
    """Return the day before which all may go, looked at on `day`."""
    before = trusted_before(folder, TODAY + day * DAY_SECONDS, DAYS)
    return None if before is None else (before - TODAY) / DAY_SECONDS


def test_after_thirty_days_of_an_ordinary_clock_the_bin_is_emptied(tmp_path: Path) -> None:
    said = [look(tmp_path, day) for day in range(0, 41, 5)]
    assert said[:6] == [None] * 6
    assert said[6:] == [0.0, 5.0, 10.0]


def test_a_clock_that_jumps_ahead_and_back_empties_nothing(tmp_path: Path) -> None:
    for day in range(0, 41, 5):
        look(tmp_path, day)
    assert look(tmp_path, 4000) is None
    assert look(tmp_path, 41) is None
    assert look(tmp_path, 50) is None
    for day in (60, 65, 70):
        last = look(tmp_path, day)
    assert last is None, "not yet thirty days since the clock was mended"
    assert look(tmp_path, 72) == 42.0


def test_what_was_deleted_under_a_clock_of_1970_is_kept_as_long(tmp_path: Path) -> None:
    assert trusted_before(tmp_path, 1000.0, DAYS) is None
    assert [look(tmp_path, day) for day in (0, 1, 10, 20, 29)] == [None] * 5
    assert look(tmp_path, 30) == 0.0


def test_where_nothing_can_be_noted_nothing_goes_unless_asked_at_once(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert trusted_before(gone, TODAY, DAYS) is None
    assert trusted_before(gone, TODAY, 0) == TODAY
    (tmp_path / "library.bin-clock").write_bytes(b"\xff{")
    assert look(tmp_path, 0) is None


def kept_after(folder: Path, *days: float) -> list[bool]:
    """Begin a job on each of `days`; say after each whether what an old one kept is there."""
    old = folder / "old.jsonl"
    said = []
    for day in days:
        (folder / "new.jsonl").touch()
        forget_old(folder, "new.jsonl", TODAY + day * DAY_SECONDS)
        said.append(old.exists())
    return said


@pytest.mark.parametrize("written", [0.0, TODAY + 1e9, TODAY - 400 * DAY_SECONDS])
def test_what_an_unfinished_job_kept_goes_after_a_month_whatever_its_file_says(
    tmp_path: Path, written: float
) -> None:
    (tmp_path / "old.jsonl").touch()
    os.utime(tmp_path / "old.jsonl", (written, written))
    assert kept_after(tmp_path, 0, 10, 20, 29, 31) == [True, True, True, True, False]
    assert (tmp_path / "new.jsonl").exists()


def test_no_jump_of_the_clock_takes_what_an_unfinished_job_kept(tmp_path: Path) -> None:
    (tmp_path / "old.jsonl").touch()
    assert all(kept_after(tmp_path, 0, 10, 20, 4000, 4000.1, 21, -9000, 22, 30, 40, 50))
    assert kept_after(tmp_path, 53) == [False]


def test_what_was_kept_under_a_clock_of_the_far_future_waits_its_month_too(tmp_path: Path) -> None:
    (tmp_path / "old.jsonl").touch()
    assert all(kept_after(tmp_path, 9000, 0, 10, 20, 29))
    (tmp_path / "first-seen").write_bytes(b"\xff{")
    assert all(kept_after(tmp_path, 31, 42, 55))
    assert kept_after(tmp_path, 62) == [False]
