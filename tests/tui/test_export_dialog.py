"""The export dialog offers what the engine can write, and it fits every window."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import DATA
from samples import QuietApp, events, screen_text
from test_real_jobs import wait_until

from omoai_engine.export import FORMATS
from omoai_engine.results import PipelineResult
from omoai_tui import language, texts
from omoai_tui.app import OmoaiApp
from omoai_tui.jobs import Job
from omoai_tui.screens.export_dialog import FormatList


def finished(app: OmoaiApp, path: Path) -> Job:
    """Return a job that is over, with its result."""
    job = app.begin(str(path))  # type: ignore[attr-defined]
    app.tell_events(job, events(12))  # type: ignore[attr-defined]
    result = PipelineResult(
        segments=tuple(job.segments),
        paragraphs=tuple(job.paragraphs),
        transcript=" ".join(segment.text for segment in job.segments),
        transcript_punctuated=job.transcript(),
        summary=job.summary,  # type: ignore[arg-type]
        timing={},
        performance={"audio_duration": 72.0},
        metadata={"source": str(path)},
    )
    job.settle(result, "")
    return job


@pytest.mark.parametrize("size", [(160, 48), (80, 24), (60, 15)])
async def test_every_format_of_the_registry_can_be_chosen_in_every_window(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    app = QuietApp(DATA)
    async with app.run_test(size=size) as pilot:
        finished(app, tmp_path / "họp.mp3")
        await pilot.press("e")
        await pilot.pause()
        assert texts.EXPORT_TO in screen_text(app)
        seen = []
        for name in FORMATS:
            await pilot.pause()
            seen.append(any(f"] {name} " in line for line in screen_text(app).splitlines()))
            if name != "txt":
                await pilot.press("space")
            await pilot.press("down")
        assert all(seen), list(zip(FORMATS, seen, strict=True))
        assert app.screen.query_one(FormatList).ticked == set(FORMATS)
        await pilot.press("enter")
        expected = [tmp_path / f"họp{one.suffix}" for one in FORMATS.values()]
        await wait_until(pilot, lambda: app.queue.jobs[0].saved, 60)
        assert [path.name for path in expected if not path.stat().st_size] == []


@pytest.mark.parametrize("code", sorted(language.LANGUAGES))
def test_every_format_has_its_words_in_the_interface(code: str) -> None:
    assert set(language._ENGLISH["FORMATS"]) == {one.description for one in FORMATS.values()}
    language.use(code)
    assert all(language.say(one.description) for one in FORMATS.values())


async def test_one_file_that_is_in_the_way_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "họp.md").mkdir()
    app = QuietApp(DATA)
    async with app.run_test(size=(120, 36)) as pilot:
        job = finished(app, tmp_path / "họp.mp3")
        await pilot.press("e", "down", "space", "down", "down", "space", "enter", "enter")
        await wait_until(pilot, lambda: job.saved, 60)
        said = [note.message for note in app._notifications]
        assert (tmp_path / "họp.srt").is_file()
        assert (tmp_path / "họp.txt").is_file()
        assert any("họp.md" in sentence and "folder" in sentence for sentence in said)
