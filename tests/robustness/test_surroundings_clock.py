"""A clock that jumps empties no bin; one that goes as clocks do lets it be emptied."""

from __future__ import annotations

from pathlib import Path

from omoai_engine.library.bin_clock import DAY_SECONDS, trusted_before

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
