"""The one screen people sit in: files, queue, segments, transcript, summary, timing.

Wide windows show all panes, which can be hidden, resized and zoomed; smaller ones show one at a
time with tabs; a window below 60 x 15 shows one sentence. The screen draws jobs; it starts and
stops nothing.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from omoai_tui import texts, texts_library, texts_recorder, texts_review
from omoai_tui.history import History
from omoai_tui.jobs import Changed, Job, JobStatus
from omoai_tui.layout import (
    COLUMNS,
    PANES,
    SHAPES,
    STEP_HEIGHT,
    STEP_WIDTH,
    Plan,
    Wishes,
    plan,
    shape_for,
)
from omoai_tui.widgets.bars import Hint, HintBar, Pane, TabBar, TitleBar
from omoai_tui.widgets.block_view import BlockView
from omoai_tui.widgets.file_picker import FilePicker
from omoai_tui.widgets.files_pane import FilesPane
from omoai_tui.widgets.job_list import JobList
from omoai_tui.widgets.segment_list import SegmentList
from omoai_tui.widgets.summary_pane import SummaryPane
from omoai_tui.widgets.timing_dashboard import TimingDashboard
from omoai_tui.widgets.transcript_pane import TranscriptPane


def pane_name(pane: str) -> str:
    """Return the name of a pane in the language in use."""
    return str(getattr(texts, pane.upper()))


class Workbench(Screen[None]):
    """All panes and bars."""

    AUTO_FOCUS = ""
    ESCAPE_TO_MINIMIZE = False
    # Textual repaints the whole screen when the focus moves; the panes' own frames say enough.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "next_pane(1)", texts.DO_NEXT_PANE, show=False, id="pane.next"),
        Binding("shift+tab", "next_pane(-1)", texts.DO_PANE_BEFORE, show=False, id="pane.previous"),
        *(
            Binding(
                str(number),
                f"focus_pane('{pane}')",
                getattr(texts, pane.upper()),
                show=False,
                id=f"pane.{pane}",
            )
            for number, pane in enumerate(PANES, 1)
        ),
        Binding("z,plus", "zoom", texts.DO_ZOOM, show=False, id="pane.zoom"),
        Binding("minus", "hide", texts.DO_HIDE, show=False, id="pane.hide"),
        Binding("equals_sign", "show_all", texts.DO_SHOW_ALL_PANES, show=False, id="pane.show_all"),
        Binding("greater_than_sign", "widen(1)", texts.DO_WIDER, show=False, id="pane.wider"),
        Binding("less_than_sign", "widen(-1)", texts.DO_NARROWER, show=False, id="pane.narrower"),
        Binding(
            "right_curly_bracket", "heighten(1)", texts.DO_TALLER, show=False, id="pane.taller"
        ),
        Binding(
            "left_curly_bracket", "heighten(-1)", texts.DO_SHORTER, show=False, id="pane.shorter"
        ),
    ]

    class Ready(Message):
        """Every pane is there."""

    class Pasted(Message):
        """Somebody pasted text where there is no input."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class LayoutChanged(Message):
        """The person hid, showed or resized panes."""

        def __init__(self, wishes: Wishes) -> None:
            super().__init__()
            self.wishes = wishes

    def __init__(self, folder: str, first_pane: str, wishes: Wishes) -> None:
        super().__init__()
        self._folder = folder
        seen = [pane for pane in (first_pane, "segments", *PANES) if pane not in wishes.hidden]
        self._current = seen[0]
        self._zoomed = False
        self._wishes = wishes
        self._plan: Plan | None = None
        self.job: Job | None = None

    def compose(self) -> ComposeResult:
        """Bars, and three columns of two panes."""
        self._shape(self.app.size)
        yield TitleBar(id="title")
        yield TabBar(id="tabs")
        panes = {
            "files": FilesPane(1, FilePicker(self._folder, id="files")),
            "segments": Pane(2, SegmentList(id="segments")),
            "transcript": Pane(3, TranscriptPane(id="transcript")),
            "queue": Pane(4, JobList(id="queue")),
            "timing": Pane(5, TimingDashboard(id="timing")),
            "summary": Pane(6, SummaryPane(id="summary")),
        }
        with Horizontal(id="panes"):
            for number, (upper, lower) in enumerate(COLUMNS):
                with Vertical(id=f"column-{number}", classes="column"):
                    yield panes[upper]
                    yield panes[lower]
        yield HintBar(id="hints")
        yield Static(id="too-small", markup=False)

    def on_mount(self) -> None:
        """Focus the first pane."""
        self.query_one(SegmentList).on_follow_changed()
        self._arrange()
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

    def follow_job(self, job: Job) -> None:
        """Keep the cursor of the queue on a job that moved."""
        queue = self.query_one(JobList)
        queue.show_block(queue.jobs.index(job))

    def on_block_view_chosen(self, message: BlockView.Chosen) -> None:
        """Enter: from a segment to its paragraph, from a point to its segment."""
        job = self.job
        if message.view.id == "segments" and job:
            if message.index >= len(job.segments):
                return  # provisional words belong to no paragraph yet
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
        self._wish(self._wishes.show(pane))
        view = self.query_one(f"#{pane}", BlockView)
        # Not view.focus(): that repaints the view.
        self.set_focus(view, scroll_visible=False)
        self._show_tabs()
        self.sync_hints()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Follow the focus when the mouse moved it."""
        pane = event.widget.id
        if pane and pane != self._current and pane in PANES:
            self.action_focus_pane(pane)

    def _wish(self, wishes: Wishes) -> None:
        if wishes != self._wishes:
            self._wishes = wishes
            self.post_message(self.LayoutChanged(wishes))
        self._arrange()

    def _arrange(self) -> None:
        """Show the panes that fit and are wanted, or the current one alone."""
        size = self.app.size
        fresh = plan(size, self._wishes, self._current if self.one_at_a_time else None)
        if fresh == self._plan:
            return
        self._plan = fresh
        for number, panes in enumerate(COLUMNS):
            column = self.query_one(f"#column-{number}")
            width = fresh.widths[number]
            column.display = width != 0
            column.styles.width = "1fr" if width is None else width
            column.set_class(width is not None, "-beside")
            both = fresh.panes.issuperset(panes)
            for pane in panes:
                view = self.query_one(f"#{pane}-pane")
                view.display = pane in fresh.panes
                view.styles.height = fresh.lower if both and pane == panes[1] else "1fr"

    def action_next_pane(self, step: int) -> None:
        """Go to the next pane, or the one before."""
        names = [name for name in PANES if name == self._current or name not in self._wishes.hidden]
        self.action_focus_pane(names[(names.index(self._current) + step) % len(names)])

    def action_zoom(self) -> None:
        """Give the whole window to one pane, or take it back."""
        self._zoomed = not self._zoomed
        self.set_class(self._zoomed, "-zoomed")
        self._arrange()
        self.sync_hints()

    def action_hide(self) -> None:
        """Hide the pane in focus; its number brings it back."""
        wishes = self._wishes.hide(self._current)
        if wishes == self._wishes or self.one_at_a_time:
            self.app.bell()
            return
        pane = self._current
        self.action_next_pane(1)
        self._current = self._current if self._current != pane else "segments"
        self._wish(wishes)

    def action_show_all(self) -> None:
        """Every pane, in its first size."""
        self._zoomed = False
        self.set_class(False, "-zoomed")
        self._wish(Wishes())
        self.sync_hints()

    def action_widen(self, step: int) -> None:
        """Move the border beside the pane in focus."""
        self._wish(self._wishes.widen(self._current, step * STEP_WIDTH))

    def action_heighten(self, step: int) -> None:
        """Move the border between upper and lower panes."""
        self._wish(self._wishes.heighten(step * STEP_HEIGHT))

    def _show_tabs(self) -> None:
        self.query_one(TabBar).show(tuple((pane, pane_name(pane)) for pane in PANES), self._current)

    def show_history(self, past: History) -> None:
        """Show this machine's own past runs."""
        dashboard = self.query_one(TimingDashboard)
        dashboard.past = past
        dashboard.sync()

    def speak(self) -> None:
        """Draw everything again in the language in use."""
        for pane in self.query(Pane):
            pane.sync_header()
        self.query_one(SegmentList).on_follow_changed()
        self.query_one(FilePicker).reread()
        for view in self.query(BlockView):
            view.redraw()
        self.query_one(TitleBar).sync()
        self._show_tabs()
        self.sync_hints()

    def sync_hints(self) -> None:
        """Show the keys that matter now."""
        self.query_one(HintBar).show(self._hints())

    def _hints(self) -> list[Hint]:
        hints: list[Hint] = []
        choose = "screen.choose"
        if self._current == "files":
            hints += [("Enter", texts.TRANSCRIBE, choose), ("Space", texts.MARK, "screen.mark")]
            hints += [("/", texts.FILTER, "screen.filter"), ("^O", texts.OPEN_PATH, "app.open")]
        elif self._current == "queue":
            hints += [("Enter", texts.SHOW, choose), ("R", texts.RETRY, "app.retry")]
            if self.query_one(JobList).may_move():
                hints.append(("K J", texts.MOVE, "app.move_job(-1)"))
        elif self._current in ("segments", "summary", "transcript"):
            hints.append(("Enter", texts.GO_TO, choose))
        job = self.job
        if job and job.status.active:
            word = texts.RESUME if job.status is JobStatus.PAUSED else texts.PAUSE
            hints += [("p", word, "app.pause"), ("x", texts.CANCEL, "app.cancel")]
        if job and job.segments:
            hints += [("e", texts.EXPORT, "app.export"), ("c", texts.COPY, "app.copy")]
        if job and job.entry is not None:
            hints.append(("v", texts_review.HINT_REVIEW, "app.visit('review')"))
        hints.append(("r", texts_recorder.RECORD, "app.visit('recorder')"))
        hints.append(("l", texts_library.LIBRARY, "app.visit('library')"))
        hints.append(("z", texts.UNZOOM if self._zoomed else texts.ZOOM, "screen.zoom"))
        if self._current != "files":
            hints.append(("^O", texts.OPEN, "app.open"))
        hints += [
            ("M", texts.MODELS, "app.models"),
            ("t", texts.THEME, "app.choose_theme"),
            (":", texts.COMMANDS, "app.palette"),
        ]
        return [*hints, ("?", texts.HELP, "app.keys"), ("q", texts.QUIT, "app.leave")]

    def action_choose(self) -> None:
        """Enter, by the mouse."""
        self.query_one(f"#{self._current}", BlockView).action_choose()

    def action_filter(self) -> None:
        """The filter of the files, by the mouse."""
        self.query_one(FilePicker).action_filter()

    def action_mark(self) -> None:
        """Space in the files, by the mouse."""
        self.query_one(FilePicker).action_mark()
