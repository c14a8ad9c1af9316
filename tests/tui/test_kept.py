"""What a job gave is in the library when it is done; a library that fails loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from samples import screen_text
from test_real_jobs import wait_until

from omoai_engine.config import load_config
from omoai_engine.library import Library
from omoai_engine.library.library import library_folder
from omoai_tui.app import OmoaiApp
from omoai_tui.jobs import JobStatus


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the library of this test is."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    found = library_folder(load_config())
    assert found.is_relative_to(tmp_path)
    return found


async def test_a_finished_job_is_kept_and_can_be_left(english: Path, folder: Path) -> None:
    app = OmoaiApp([str(english)], folder=str(english.parent), theme="omoai-night")
    async with app.run_test(size=(120, 36)) as pilot:
        job = app.queue.jobs[0]
        await wait_until(pilot, lambda: job.status.over and job.saved)
        assert app.conductor.losses() == []
        with Library(folder) as library:
            (entry,) = library.entries()
            kept = library.transcript(entry.id)
            assert entry.state == "finished"
            assert library.audio_file(entry.id) == english
        assert [segment.text for segment in kept.segments] == [s.text for s in job.segments]
        await pilot.press("q")
        await pilot.pause()
    assert app.return_code == 0


async def test_nothing_is_kept_where_it_is_not_wanted(
    english: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMOAI_LIBRARY__KEEP", "false")
    app = OmoaiApp([str(english)], folder=str(english.parent), theme="omoai-night")
    async with app.run_test(size=(120, 36)) as pilot:
        job = app.queue.jobs[0]
        await wait_until(pilot, lambda: job.status.over)
        await pilot.press("q")
        await pilot.pause()
        assert "not exported or copied yet" in " ".join(screen_text(app).split())
    assert not folder.exists()


async def test_a_library_that_fails_costs_a_sentence_and_no_word(
    english: Path, folder: Path
) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("a file where the library's folder should be")
    app = OmoaiApp([str(english)], folder=str(english.parent), theme="omoai-night")
    async with app.run_test(size=(160, 48)) as pilot:
        job = app.queue.jobs[0]
        await wait_until(
            pilot, lambda: any("library" in note.message for note in app._notifications)
        )
        assert job.status is JobStatus.DONE
        assert "country" in screen_text(app)
        assert not job.saved
        told = [note.message for note in app._notifications if "library" in note.message]
        assert len(told) == 1
        assert english.name in told[0]
        assert app.conductor.losses() != []
