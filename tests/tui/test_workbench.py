"""The screen: what it shows at each size, how lists behave, what keys do."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from samples import QuietApp, events, screen_text, segment
from textual.geometry import Size
from textual.pilot import Pilot

from omoai_engine.events import (
    Event,
    JobStarted,
    ProvisionalText,
    SegmentRecognized,
    StageProgress,
    StageStarted,
    SummaryDelta,
    TextPunctuated,
)
from omoai_engine.results import Paragraph
from omoai_tui.jobs import Changed, JobStatus
from omoai_tui.screens.workbench import shape_for
from omoai_tui.widgets.file_picker import FilePicker
from omoai_tui.widgets.files_pane import FileDetails
from omoai_tui.widgets.segment_list import SegmentList
from omoai_tui.widgets.timing_dashboard import TimingDashboard, changed_cells
from omoai_tui.widgets.transcript_pane import TranscriptPane

GOLDEN = Path(__file__).parent / "golden"


def files(folder: Path) -> Path:
    """Return a folder with what a person's folder has."""
    for name, size in (("họp quý.mp3", 120_000), ("bài giảng.mkv", 9_300_000), ("notes.txt", 10)):
        (folder / name).write_bytes(b"x" * size)
    (folder / "lưu trữ").mkdir()
    return folder


def assert_golden(app: QuietApp, name: str, folder: Path) -> None:
    """Compare the screen with its golden file; WRITE_GOLDEN=write makes it anew."""
    shown = screen_text(app).replace(str(folder), "<folder>")
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("WRITE_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


async def settled(pilot: Pilot[None]) -> None:
    """Wait until the folder is read and everything is drawn."""
    picker = pilot.app.screen_stack[0].query_one(FilePicker)
    for _ in range(200):
        if picker._folders.get(picker.root) is not None:
            break
        await pilot.pause(0.01)
    await pilot.pause()


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ((160, 48), "-roomy"),
        ((120, 36), "-medium"),
        ((80, 24), "-tabs"),
        ((200, 20), "-tabs"),
        ((59, 24), "-tiny"),
        ((80, 14), "-tiny"),
        ((20, 5), "-tiny"),
    ],
)
def test_each_window_has_a_shape(size: tuple[int, int], shape: str) -> None:
    assert shape_for(Size(*size)) == shape


@pytest.mark.parametrize(
    ("name", "size", "keys"),
    [
        ("wide-empty", (160, 48), ()),
        ("wide-job", (160, 48), ("2", "up")),
        ("medium-job", (120, 36), ()),
        ("small-segments", (80, 24), ("2",)),
        ("small-timing", (80, 24), ("5",)),
        ("small-summary", (80, 24), ("6",)),
        ("zoomed-transcript", (120, 36), ("3", "z")),
        ("too-small", (50, 10), ()),
        ("keys", (80, 24), ("question_mark",)),
    ],
)
async def test_what_the_screen_shows(
    tmp_path: Path, name: str, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    home = tmp_path / "f"
    home.mkdir()
    app = QuietApp(files(home))
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        if not name.endswith("empty"):
            job = app.begin()
            job.elapsed, job.memory_mib = 9.0, 430.0
            app.tell_events(job, events())
        await pilot.press(*keys)
        await pilot.pause()
        app.bench.query_one(FilePicker).say_note("<folder>")
        app.bench.query_one(FileDetails).show(None)
        await pilot.pause()
        assert_golden(app, name, home)


async def test_an_empty_workbench_says_what_to_do(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        text = screen_text(app)
        assert "press Enter" in " ".join(text.split())
        assert "nothing here that can be played" in " ".join(text.split())


async def test_ten_thousand_segments_are_mounted_and_followed_cheaply(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        job = app.begin()
        job.segments = [segment(index) for index in range(10_000)]
        view = app.bench.query_one(SegmentList)
        began = time.process_time()
        view.show(job)
        print(f"10,000 segments: {(time.process_time() - began) * 1000:.0f} ms of CPU")
        await pilot.pause()
        assert "16:39:54" in screen_text(app), "the last one is in view"
        assert len(view._strips) < 100, "only what is visible is drawn"
        drawn = view._lines.total
        job.apply(SegmentRecognized(10_000, segment(10_000)))
        app.bench.sync_job(Changed.SEGMENTS)
        assert view._lines.total > drawn
        await pilot.press("2", "home")
        await pilot.pause()
        assert view.scroll_offset.y == 0
        assert view.cursor == 0


async def test_the_list_follows_until_the_person_scrolls_and_again_at_the_end(
    tmp_path: Path,
) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        job = app.begin()
        view = app.bench.query_one(SegmentList)

        async def more(count: int) -> None:
            for _ in range(count):
                index = len(job.segments)
                job.apply(SegmentRecognized(index, segment(index)))
                app.bench.sync_job(Changed.SEGMENTS)
            await pilot.pause()

        def last_in_view() -> bool:
            page = view.scrollable_content_region.height
            return view.scroll_offset.y + page >= view._lines.total > view.scroll_offset.y

        await more(40)
        assert view.following
        assert last_in_view()
        await pilot.press("2", "pageup")
        await pilot.pause()
        assert not view.following
        where = view.scroll_offset.y
        await more(40)
        assert view.scroll_offset.y == where, "it stays where the person reads"
        assert "End: follow again" in screen_text(app)
        await pilot.press("end")
        await more(1)
        assert view.following
        assert last_in_view()


async def test_following_sends_few_pages(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        job = app.begin()
        view = app.bench.query_one(SegmentList)
        places = set()
        for index in range(100):
            job.apply(SegmentRecognized(index, segment(index)))
            app.bench.sync_job(Changed.SEGMENTS)
            await pilot.pause()
            places.add(view.scroll_offset.y)
        assert len(places) < 25, "scrolling by the line would repaint the pane 80 times"


async def test_a_resize_wraps_again_and_keeps_the_place(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(160, 48)) as pilot:
        job = app.begin()
        app.tell_events(job, events(80))
        view = app.bench.query_one(SegmentList)
        await pilot.press("2", "home")
        view.show_block(50)
        await pilot.pause()
        top = view._lines.at(view.scroll_offset.y)[0]
        for width in (130, 115, 70, 160):
            await pilot.resize_terminal(width, 40)
            await pilot.pause()
        assert abs(view._lines.at(view.scroll_offset.y)[0] - top) <= 2


async def test_punctuated_text_replaces_what_was_recognised(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        job = app.begin()
        raw = segment(0)
        lower = raw.text.lower().rstrip(".")
        app.tell_events(job, iter([SegmentRecognized(0, type(raw)(0, 5, lower, 0.9, raw.words))]))
        await pilot.pause()
        assert "hôm nay chúng ta" in screen_text(app)
        paragraph = Paragraph(0, 5, raw.text, 0, 0)
        app.tell_events(job, iter([TextPunctuated(0, paragraph, (raw,))]))
        await pilot.pause()
        text = screen_text(app)
        assert "hôm nay chúng ta" not in text
        assert text.count("Hôm nay chúng ta") == 2, "in the segments and in the transcript"


async def test_ten_hours_open_at_once(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        job = app.begin()
        began = time.process_time()
        app.tell_events(job, events(6000, 12))
        await pilot.pause()
        print(f"10 hours: {time.process_time() - began:.2f} s of CPU")
        assert len(app.bench.query_one(TranscriptPane)._lines) == 500
        assert "9:59:54" in screen_text(app)


async def test_enter_leads_from_segment_to_paragraph_and_from_point_to_segment(
    tmp_path: Path,
) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        app.tell_events(app.begin(), events(40))
        await pilot.press("2", "end", "up", "enter")
        await pilot.pause()
        assert app.bench.current_pane == "transcript"
        assert app.bench.query_one(TranscriptPane).cursor == 9
        await pilot.press("6", "end", "enter")
        await pilot.pause()
        assert app.bench.current_pane == "segments"
        assert app.bench.query_one(SegmentList).cursor == 3


async def test_moving_the_focus_repaints_lines_not_panes(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(160, 48)) as pilot:
        app.tell_events(app.begin(), events(40))
        await pilot.press("2")
        await pilot.pause()
        painted: list[int] = []
        compositor = app.bench._compositor
        original = compositor.render_update

        def watch(*args: object, **options: object) -> object:
            update = original(*args, **options)  # type: ignore[arg-type]
            if update is not None:
                painted.append(len(getattr(update, "spans", range(48))))
            return update

        compositor.render_update = watch  # type: ignore[assignment,method-assign]
        await pilot.press("3")
        await pilot.pause()
        assert sum(painted) <= 6, painted


def test_a_bar_that_grew_by_a_cell_costs_a_cell() -> None:
    before = [("Speech  10 %  ", ""), ("━━", "bar"), ("────", "bar-rest")]
    after = [("Speech  11 %  ", ""), ("━━━", "bar"), ("───", "bar-rest")]
    assert changed_cells(before, after) == [(9, 17)]
    assert changed_cells(before, before) == []


async def test_the_dashboard_draws_what_a_fresh_one_would(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        job = app.begin()
        for event in events(30):
            job.apply(event)
            job.elapsed += 0.4
            app.bench.sync_job(Changed.TIMING)
        await pilot.pause()
        stepwise = screen_text(app)
        app.bench.query_one(TimingDashboard).show(job)
        app.bench.refresh()
        await pilot.pause()
        assert screen_text(app) == stepwise


async def test_panes_by_number_tab_mouse_and_zoom(tmp_path: Path) -> None:
    app = QuietApp(files(tmp_path))
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("5")
        assert app.bench.current_pane == "timing"
        await pilot.press("tab", "tab")
        assert app.bench.current_pane == "files"
        await pilot.press("shift+tab")
        assert app.bench.current_pane == "summary"
        await pilot.click("#segments")
        await pilot.pause()
        assert app.bench.current_pane == "segments"
        await pilot.press("z")
        await pilot.pause()
        assert app.bench.query_one("#segments").size.width == 120
        await pilot.press("z")
        await pilot.pause()
        assert app.bench.query_one("#segments").size.width < 60
    app = QuietApp(files(tmp_path / "lưu trữ"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.click("#tabs", offset=(32, 0))
        await pilot.pause()
        assert app.bench.current_pane == "transcript"


async def test_the_picker_shows_sound_marks_files_and_opens_folders(tmp_path: Path) -> None:
    app = QuietApp(files(tmp_path))
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        picker = app.bench.query_one(FilePicker)
        assert "notes.txt" not in screen_text(app)
        await pilot.press("a")
        await pilot.pause()
        assert "notes.txt" in screen_text(app)
        await pilot.press("a", "home", "down", "space", "space", "enter")
        await pilot.pause()
        assert [job.name for job in app.queue.jobs] == ["bài giảng.mkv", "họp quý.mp3"]
        await pilot.press("1", "backspace")
        await pilot.pause(0.1)
        assert picker.root == str(tmp_path.parent)


async def test_paste_of_a_path_queues_the_file(tmp_path: Path) -> None:
    from textual.events import Paste

    app = QuietApp(files(tmp_path))
    async with app.run_test(size=(120, 36)) as pilot:
        app.post_message(Paste(f"'{tmp_path / 'họp quý.mp3'}'"))
        await pilot.pause()
        assert [job.name for job in app.queue.jobs] == ["họp quý.mp3"]
        app.post_message(Paste("just words"))
        await pilot.pause()
        assert len(app.queue.jobs) == 1
        assert any("not the path" in note.message for note in app._notifications)


@pytest.mark.parametrize(
    "evil", ["[b]x[/b].mp3", "[/b].mp3", "\x1b]52;c;aGk=\x07.mp3", "a\nb.mp3", "[@click=quit]x"]
)
async def test_text_from_outside_is_never_markup_nor_control(tmp_path: Path, evil: str) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(160, 48)) as pilot:
        job = app.begin(evil)
        words = segment(0)
        raw = type(words)(0.0, 5.0, "[b]đậm[/b] [/] [nhạc]", 0.9, ())
        app.tell_events(job, iter([JobStarted(evil, 10.0), SegmentRecognized(0, raw)]))
        job.reason = "[/b] went wrong"
        job.status = JobStatus.FAILED
        app.bench.sync_queue(app.queue.jobs)
        app.complain("[/b] broken [b]")
        await pilot.press("question_mark", "escape", "q")
        await pilot.pause()
        text = screen_text(app)
        assert "[b]đậm[/b] [/] [nhạc]" in text
        assert "[/b] went wrong" in text
        assert "\x1b" not in text
        assert "\x07" not in text


async def test_provisional_words_are_shown_as_such_and_taken_away_when_firm(
    tmp_path: Path,
) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        job = app.begin()

        async def tell(*news: Event) -> str:
            app.tell_events(job, iter(news))
            await pilot.pause()
            return screen_text(app)

        text = await tell(ProvisionalText(0.0, 2.0, "hôm nay"))
        assert re.search(r"… hôm nay", text)
        text = await tell(SegmentRecognized(0, segment(0)), ProvisionalText(6.0, 7.0, "trước"))
        assert "… hôm nay" not in text
        assert text.index("Hôm nay chúng ta") < text.index("… trước")
        text = await tell(ProvisionalText(6.0, 8.0, "trước hết xin"))
        assert text.count("trước") == 1
        assert "… trước hết xin" in text
        text = await tell(SegmentRecognized(1, segment(1)))
        assert "… " not in text
        assert text.count("Trước hết") == 1
        # Enter on provisional words leads nowhere, and does no harm.
        await tell(ProvisionalText(12.0, 13.0, "doanh thu"))
        await pilot.press("2", "end", "up", "down", "down", "enter")
        await pilot.pause()
        assert app.bench.current_pane == "segments"
        view = app.bench.query_one(SegmentList)
        view.show(job)
        view.refresh()
        await pilot.pause()
        assert "… doanh thu" in screen_text(app)


async def test_a_summary_streams_while_it_is_written(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        job = app.begin()
        app.tell_events(job, iter([SummaryDelta("Cuộc họp bàn "), SummaryDelta("về doanh thu")]))
        await pilot.pause()
        assert "Cuộc họp bàn về doanh thu" in screen_text(app)


async def test_a_paused_job_shows_how_far_it_came_and_its_time_stands(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        job = app.begin()
        job.status = JobStatus.PAUSED
        job.apply(StageStarted("asr"))
        app.conductor._tick()
        job.apply(StageProgress("asr", 36.0, 72.0, 4.0))
        app.conductor._tick()
        await pilot.pause()
        assert "50 %" in screen_text(app)
        assert job.elapsed == 0.0


async def test_the_queue_says_how_waiting_recordings_are_moved(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(160, 48)) as pilot:
        app.begin()
        await pilot.press("4")
        await pilot.pause()
        assert "K J" not in screen_text(app)
        for name in ("a.mp3", "b.mp3"):
            app.queue.add(name)
        app.bench.sync_queue(app.queue.jobs)
        await pilot.press("1", "4")
        await pilot.pause()
        assert "K J Move" in screen_text(app)
