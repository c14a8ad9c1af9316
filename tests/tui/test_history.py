"""What this machine's past runs tell, and how they are kept."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import QuietApp, events, screen_text

from omoai_engine.events import TextBackendChosen, TokensGenerated
from omoai_tui import history, state
from omoai_tui.history import MOST_RUNS, History, Run, chart


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_runs_are_kept_and_bounded() -> None:
    for number in range(MOST_RUNS + 5):
        last = history.add(Run("whisper-base", 60.0 + number, 10.0))
    assert len(last.runs) == MOST_RUNS
    assert history.read() == last
    assert last.runs[-1].audio == 60.0 + MOST_RUNS + 4
    names = [path.name for path in state.folder().iterdir()]
    assert names == ["runs.json"], "nothing is left beside it"


def test_short_recordings_say_nothing_of_speed() -> None:
    assert history.add(Run("whisper-base", 1.0, 0.1)).runs == ()


def test_what_a_killed_program_was_writing_is_removed_an_hour_later() -> None:
    drafts = state.folder() / "drafts"
    state.write_json(drafts / "1.json", {"0": "xin"})
    old, new = drafts / ".tui-old", state.folder() / ".tui-new"
    for path in (old, new):
        path.write_text("typed words")
    os.utime(old, (1, 1))
    state.clear_leftovers()
    assert (old.exists(), new.exists()) == (False, True)
    assert state.read_json(drafts / "1.json") == {"0": "xin"}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[1, 2]",
        '{"a": 1}',
        '[{"engine": "x"}]',
        '[{"engine":1,"audio":"x","elapsed":1}]',
        '[{"engine":"x","audio":1e400,"elapsed":1}]',
        "[" * 5000,
    ],
)
def test_a_broken_file_is_an_empty_history(content: str) -> None:
    state.folder().mkdir(parents=True)
    (state.folder() / "runs.json").write_text(content)
    assert history.read() == History()
    assert len(history.add(Run("x", 60, 6)).runs) == 1


@given(st.lists(st.builds(Run, st.just("m"), st.floats(5, 1e5), st.floats(0.1, 1e5)), max_size=30))
def test_the_chart_has_a_bar_a_run(runs: list[Run]) -> None:
    bars = chart(runs)
    assert len(bars) == len(runs)
    assert not runs or "█" in bars


def test_only_numbers_and_the_model_are_kept() -> None:
    history.add(Run("whisper-base", 60, 6))
    (entry,) = json.loads((state.folder() / "runs.json").read_text())
    assert set(entry) == {"engine", "audio", "elapsed"}


async def test_time_left_is_guessed_from_earlier_runs_until_the_job_has_its_own(
    tmp_path: Path,
) -> None:
    past = History((Run("whisper-base", 100, 20), Run("whisper-base", 100, 20)))
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        app.conductor.take_history(past)
        job = app.begin()
        job.usual_speed = past.usual_speed("")
        app.tell_events(job, (event for event in list(events(20))[:5]))
        job.elapsed = 4.0
        app.bench.query_one("#timing").sync()  # type: ignore[attr-defined]
        await pilot.pause()
        # 120 s of sound at 5 times real time are 24 s, of which 4 are gone.
        assert "about 0:20 (earlier runs)" in screen_text(app)
        app.tell_events(job, (event for event in list(events(20))[5:30]))
        await pilot.pause()
        text = screen_text(app)
        assert "earlier runs" not in text
        assert "Left " in text
        assert "██  usually 5.0×" in text


async def test_the_dashboard_tells_tokens_and_who_writes_the_text(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(160, 48)) as pilot:
        job = app.begin()
        app.tell_events(job, events())
        news = [TextBackendChosen("server", "qwen3", "it answers"), TokensGenerated(930, 30.0)]
        app.tell_events(job, iter(news))
        job.graphics_mib = 2000.0
        app.bench.query_one("#timing").sync()  # type: ignore[attr-defined]
        await pilot.pause()
        text = screen_text(app)
        assert "31 a second, 930 written" in text
        assert "server qwen3 (it answers)" in text
        assert "2.1 GB" in text
