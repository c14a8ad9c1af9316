"""The one screen people sit in: files, queue, segments, transcript, summary, timing.

Wide windows show all panes; smaller ones show one at a time with tabs; a window below 60 x 15
shows one sentence. The screen draws jobs; it starts and stops nothing.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from omoai_tui import texts
from omoai_tui.jobs import Changed, Job, JobStatus
from omoai_tui.widgets.bars import Hint, HintBar, Pane, TabBar, TitleBar
from omoai_tui.widgets.block_view import BlockView
from omoai_tui.widgets.file_picker import FilePicker
from omoai_tui.widgets.job_list import JobList
from omoai_tui.widgets.segment_list import SegmentList
from omoai_tui.widgets.summary_pane import SummaryPane
from omoai_tui.widgets.timing_dashboard import TimingDashboard
from omoai_tui.widgets.transcript_pane import TranscriptPane

PANES = (
    ("files", texts.FILES),
    ("segments", texts.SEGMENTS),
    ("transcript", texts.TRANSCRIPT),
    ("queue", texts.QUEUE),
    ("timing", texts.TIMING),
    ("summary", texts.SUMMARY),
)
# Columns and rows from which on a shape is used.
ANYTHING_FROM, ALL_PANES_FROM, ROOMY_FROM = Size(60, 15), Size(110, 30), Size(150, 40)
SHAPES = ("-tiny", "-tabs", "-medium", "-roomy")


def shape_for(size: Size) -> str:
    """Return the class of the shape that fits a window of this size."""

    def fits(least: Size) -> bool:
        return size.width >= least.width and size.height >= least.height

    if fits(ROOMY_FROM):
        return "-roomy"
    if fits(ALL_PANES_FROM):
        return "-medium"
    return "-tabs" if fits(ANYTHING_FROM) else "-tiny"


class Workbench(Screen[None]):
    """All panes and bars."""

    AUTO_FOCUS = ""
    ESCAPE_TO_MINIMIZE = False
    # Textual repaints the whole screen when the focus moves; the panes' own frames say enough.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "next_pane(1)", "Next pane", show=False, id="pane.next"),
        Binding("shift+tab", "next_pane(-1)", "Pane before", show=False, id="pane.previous"),
        *(
            Binding(str(number), f"focus_pane('{pane}')", name, show=False, id=f"pane.{pane}")
            for number, (pane, name) in enumerate(PANES, 1)
        ),
        Binding("z,plus", "zoom", "Zoom the pane, or back", show=False, id="pane.zoom"),
    ]

    class Ready(Message):
        """Every pane is there."""

    class Pasted(Message):
        """Somebody pasted text where there is no input."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, folder: str, first_pane: str) -> None:
        super().__init__()
        self._folder = folder
        self._current = first_pane
        self._zoomed = False
        self.job: Job | None = None

    def compose(self) -> ComposeResult:
        """Bars and panes; their order is the order of the grid."""
        self._shape(self.app.size)
        yield TitleBar(id="title")
        yield TabBar(id="tabs")
        with Container(id="panes"):
            views: list[BlockView] = [
                FilePicker(self._folder, id="files"),
                SegmentList(id="segments"),
                TranscriptPane(id="transcript"),
                JobList(id="queue"),
                TimingDashboard(id="timing"),
                SummaryPane(id="summary"),
            ]
            for number, ((_, name), view) in enumerate(zip(PANES, views, strict=True), 1):
                yield Pane(f"{number} {name}", view)
        yield HintBar(id="hints")
        yield Static(id="too-small", markup=False)

    def on_mount(self) -> None:
        """Focus the first pane."""
        self.query_one(SegmentList).on_follow_changed()
        self.action_focus_pane(self._current)
        self.query_one(TitleBar).show(None, 0)
        self.post_message(self.Ready())

    def on_resize(self, event: events.Resize) -> None:
        """Show what fits, and say it plainly when the window is too small."""
        self._shape(event.size)
        self._arrange()

    def _shape(self, size: Size) -> None:
        shape = shape_for(size)
        if not self.has_class(shape):
            self.remove_class(*SHAPES)
            self.add_class(shape)
        if shape == "-tiny" and self.is_mounted:
            sentence = texts.TOO_SMALL.format(width=size.width, height=size.height)
            self.query_one("#too-small", Static).update(Content(sentence))

    def on_paste(self, event: events.Paste) -> None:
        """Hand on what was pasted."""
        event.stop()
        self.post_message(self.Pasted(event.text))

    # Jobs.

    def show_job(self, job: Job | None) -> None:
        """Show another job in every pane."""
        self.job = job
        for view in (
            self.query_one(SegmentList),
            self.query_one(TranscriptPane),
            self.query_one(SummaryPane),
            self.query_one(TimingDashboard),
        ):
            view.show(job)
        self.sync_hints()

    def sync_job(self, changed: Changed) -> None:
        """Draw what changed in the job that is shown."""
        if Changed.SEGMENTS in changed:
            self.query_one(SegmentList).sync()
            self.sync_hints()
        if Changed.TRANSCRIPT in changed:
            self.query_one(TranscriptPane).sync()
        if Changed.SUMMARY in changed:
            self.query_one(SummaryPane).sync()
        if Changed.TIMING in changed:
            self.query_one(TimingDashboard).sync()

    def settle_job(self) -> None:
        """The job that is shown is over."""
        self.sync_job(Changed.EVERYTHING)
        self.query_one(SegmentList).set_live(False)
        self.query_one(TranscriptPane).set_live(False)

    def sync_queue(self, jobs: list[Job]) -> None:
        """Draw the queue and the title."""
        self.query_one(JobList).sync(jobs, self.job)
        waiting = sum(job.status is JobStatus.WAITING for job in jobs)
        self.query_one(TitleBar).show(self.job, waiting)

    def on_block_view_chosen(self, message: BlockView.Chosen) -> None:
        """Enter: from a segment to its paragraph, from a point to its segment."""
        job = self.job
        if message.view.id == "segments" and job:
            transcript = self.query_one(TranscriptPane)
            self.action_focus_pane("transcript")
            transcript.show_time(job.segments[message.index].start)
        elif message.view.id == "summary":
            segment = self.query_one(SummaryPane).segment_of(message.index)
            if segment is not None:
                self.action_focus_pane("segments")
                self.query_one(SegmentList).show_block(segment)
        elif message.view.id == "transcript" and job:
            self.action_focus_pane("segments")
            self.query_one(SegmentList).show_block(job.paragraphs[message.index].first)

    # Panes.

    @property
    def one_at_a_time(self) -> bool:
        """Whether only one pane fits."""
        return self._zoomed or self.has_class("-tabs")

    @property
    def current_pane(self) -> str:
        """The id of the pane in focus."""
        return self._current

    def action_focus_pane(self, pane: str) -> None:
        """Bring a pane to the front and focus it."""
        self._current = pane
        self._arrange()
        view = self.query_one(f"#{pane}", BlockView)
        # Not view.focus(): that repaints the view.
        self.set_focus(view, scroll_visible=False)
        self.query_one(TabBar).show(PANES, pane)
        self.sync_hints()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Follow the focus when the mouse moved it."""
        pane = event.widget.id
        if pane and pane != self._current and any(pane == name for name, _ in PANES):
            self.action_focus_pane(pane)

    def _arrange(self) -> None:
        """Show the panes that fit: all of them, or the current one."""
        alone = self.one_at_a_time
        for name, _ in PANES:
            view = self.query_one(f"#{name}-pane")
            if view.display != (shown := not alone or name == self._current):
                view.display = shown

    def action_next_pane(self, step: int) -> None:
        """Go to the next pane, or the one before."""
        names = [name for name, _ in PANES]
        self.action_focus_pane(names[(names.index(self._current) + step) % len(names)])

    def action_zoom(self) -> None:
        """Give the whole window to one pane, or take it back."""
        self._zoomed = not self._zoomed
        self.set_class(self._zoomed, "-zoomed")
        self._arrange()
        self.sync_hints()

    def sync_hints(self) -> None:
        """Show the keys that matter now."""
        self.query_one(HintBar).show(self._hints())

    def _hints(self) -> list[Hint]:
        hints: list[Hint] = []
        choose = "screen.choose"
        if self._current == "files":
            hints += [("Enter", texts.TRANSCRIBE, choose), ("Space", texts.MARK, "screen.mark")]
            hints.append(("^O", texts.OPEN_PATH, "app.open"))
        elif self._current == "queue":
            hints += [("Enter", texts.SHOW, choose), ("r", texts.RETRY, "app.retry")]
        elif self._current in ("segments", "summary", "transcript"):
            hints.append(("Enter", texts.GO_TO, choose))
        job = self.job
        if job and job.status.active:
            word = texts.RESUME if job.status is JobStatus.PAUSED else texts.PAUSE
            hints += [("p", word, "app.pause"), ("x", texts.CANCEL, "app.cancel")]
        if job and job.segments:
            hints += [("e", texts.EXPORT, "app.export"), ("c", texts.COPY, "app.copy")]
        hints.append(("z", texts.UNZOOM if self._zoomed else texts.ZOOM, "screen.zoom"))
        if self._current != "files":
            hints.append(("^O", texts.OPEN, "app.open"))
        hints.append(("t", texts.THEME, "app.choose_theme"))
        return [*hints, ("?", texts.HELP, "app.keys"), ("q", texts.QUIT, "app.leave")]

    def action_choose(self) -> None:
        """Enter, by the mouse."""
        self.query_one(f"#{self._current}", BlockView).action_choose()

    def action_mark(self) -> None:
        """Space in the files, by the mouse."""
        self.query_one(FilePicker).action_mark()
