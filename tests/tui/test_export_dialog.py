"""The export dialog offers what the engine can write, and it fits every window."""

from __future__ import annotations

from pathlib import Path

import pytest
from samples import DATA, QuietApp, events, screen_text, segment
from test_real_jobs import wait_until
from waiting import says, shows

from omoai_engine.export import FORMATS, ExportOptions, render
from omoai_engine.library import Library
from omoai_engine.results import PipelineResult
from omoai_tui import language, texts
from omoai_tui.app import OmoaiApp
from omoai_tui.export_tasks import head, preview
from omoai_tui.jobs import Job
from omoai_tui.screens.export_dialog import FormatList
from omoai_tui.widgets.export_options import OptionList
from omoai_tui.widgets.path_input import PathInput


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
        await wait_until(pilot, lambda: app.screen.query_one(OptionList).options is not None)
        await pilot.press("enter")
        expected = [tmp_path / f"họp{one.suffix}" for one in FORMATS.values()]
        await wait_until(pilot, lambda: app.queue.jobs[0].saved)
        assert [path.name for path in expected if not path.stat().st_size] == []


@pytest.mark.parametrize("code", sorted(language.LANGUAGES))
def test_every_format_has_its_words_in_the_interface(code: str) -> None:
    assert set(language._english[texts]["FORMATS"]) == {one.description for one in FORMATS.values()}
    language.use(code)
    assert all(language.say(one.description) for one in FORMATS.values())


async def test_one_file_that_is_in_the_way_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "họp.md").mkdir()
    app = QuietApp(DATA)
    async with app.run_test(size=(120, 36)) as pilot:
        job = finished(app, tmp_path / "họp.mp3")
        await pilot.press("e", "down", "space", "down", "down", "space")
        await shows(pilot, "How it begins: srt")
        await pilot.press("enter")
        await shows(pilot, "is there already")
        await pilot.press("enter")
        await wait_until(pilot, lambda: job.saved)
        said = [note.message for note in app._notifications]
        assert (tmp_path / "họp.srt").is_file()
        assert (tmp_path / "họp.txt").is_file()
        assert any("họp.md" in sentence and "folder" in sentence for sentence in said)


async def test_the_preview_is_what_the_exporter_writes_with_the_options_chosen(
    tmp_path: Path,
) -> None:
    app = QuietApp(DATA)
    async with app.run_test(size=(120, 40)) as pilot:
        job = finished(app, tmp_path / "họp.mp3")
        await pilot.press("e")
        await shows(pilot, "How it begins: txt", "Hôm nay chúng ta bàn về kế hoạch của quý tới.")
        await pilot.press("down", "down", "down")
        await shows(pilot, "How it begins: srt", "00:00:00,000 -->")
        await pilot.press("space", "tab", "down", "down", *["left"] * 22)
        options = app.screen.query_one(OptionList).options
        assert options is not None
        assert options.rules.columns == 20
        first = render(job.result, "srt", options).split("\n")[2]  # type: ignore[arg-type]
        assert len(first) <= 20
        await shows(pilot, first)
        await pilot.press("up", "up", "right", "enter")
        await wait_until(pilot, lambda: job.saved)
    lines = (tmp_path / "họp.srt").read_text("utf-8").split("\n")
    assert lines[2] == first
    assert (tmp_path / "họp.txt").read_text("utf-8").startswith("[00:00:00] ")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_preview(name: str) -> None:
    job = Job(1, "họp.mp3")
    for event in events(12):
        job.apply(event)
    result = PipelineResult(
        tuple(job.segments), "", job.transcript(), job.summary, {}, {}, {}, tuple(job.paragraphs)
    )  # type: ignore[arg-type]
    lines = preview(result, name, ExportOptions())
    assert any("Hôm" in line for line in lines)


def test_a_preview_of_ten_hours_is_made_of_its_beginning() -> None:
    segments = tuple(segment(n) for n in range(6_000))
    result = PipelineResult(segments, "", "", None, {}, {})  # type: ignore[arg-type]
    assert len(head(result).segments) < 100


async def test_a_file_that_is_there_is_written_over_only_after_a_second_enter(
    tmp_path: Path,
) -> None:
    (tmp_path / "họp.txt").write_text("mine")
    app = QuietApp(DATA)
    async with app.run_test(size=(80, 24)) as pilot:
        job = finished(app, tmp_path / "họp.mp3")
        await pilot.press("e")
        await shows(pilot, "How it begins")
        await pilot.press("enter")
        await shows(pilot, "is there already")
        assert (tmp_path / "họp.txt").read_text() == "mine"
        await pilot.press("enter")
        await wait_until(pilot, lambda: job.saved)
        assert (tmp_path / "họp.txt").read_text("utf-8").startswith("Hôm nay")


async def test_tab_completes_the_place_and_a_missing_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "bản-ghi" / "một").mkdir(parents=True)
    (tmp_path / "bản-ghi" / "mốc").mkdir()
    app = QuietApp(DATA)
    async with app.run_test(size=(100, 30)) as pilot:
        finished(app, tmp_path / "họp.mp3")
        await pilot.press("e")
        await shows(pilot, "How it begins")
        stem = app.screen.query_one(PathInput)
        stem.focus()
        stem.value = str(tmp_path / "bả")
        stem.cursor_position = len(stem.value)
        await pilot.press("tab")
        await wait_until(pilot, lambda: stem.value == f"{tmp_path}/bản-ghi/")
        await pilot.press("tab")
        await wait_until(pilot, lambda: stem.value == f"{tmp_path}/bản-ghi/m")
        await shows(pilot, "một/", "mốc/")
        stem.value = str(tmp_path / "nirgends" / "x")
        await pilot.press("enter")
        await shows(pilot, "There is no folder")


async def test_a_transcript_of_the_library_is_exported_with_its_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMOAI_LIBRARY__FOLDER", str(tmp_path / "library"))
    monkeypatch.chdir(tmp_path)
    app = QuietApp(DATA)
    async with app.run_test(size=(120, 40)) as pilot:
        job = finished(app, DATA / "en-jfk.mp3")
        with Library(tmp_path / "library") as library:
            library.store(job.result, title="Họp / quý", audio=DATA / "en-jfk.mp3")  # type: ignore[arg-type]
        await pilot.press("l")
        await shows(pilot, "Họp / quý")
        await pilot.press("e")
        await shows(pilot, "Export Họp / quý", "How it begins")
        await pilot.press("space", "end", "up", "up", "space", "tab", "end", "right", "enter")
        await wait_until(pilot, (tmp_path / "Họp - quý.html").is_file)
        await says(pilot, "Written:")
    page = (tmp_path / "Họp - quý.html").read_text("utf-8")
    assert "data:audio/mpeg;base64," in page
    assert not (tmp_path / "Họp - quý.txt").exists()
