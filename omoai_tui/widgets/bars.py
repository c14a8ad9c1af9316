"""One-line bars: what is open (top), which pane (tabs), and what the keys do (bottom)."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.strip import Strip
from textual.widget import Widget

from omoai_tui import texts
from omoai_tui.cells import fit, fit_path
from omoai_tui.formats import clock
from omoai_tui.jobs import Job
from omoai_tui.language import plural
from omoai_tui.palette import palette
from omoai_tui.widgets.block_view import BlockView

Hint = tuple[str, str, str]
"""Key as shown, label, action to run on a click."""


class _Bar(Widget):
    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._drawn: list[tuple[str, str]] = []

    def _pieces(self) -> list[tuple[str, str]]:
        raise NotImplementedError

    def sync(self) -> None:
        """Draw again if anything differs."""
        pieces = self._pieces()
        if pieces != self._drawn:
            self._drawn = pieces
            self.refresh()

    def on_resize(self) -> None:
        """Choose again what fits."""
        self.sync()

    def render_line(self, y: int) -> Strip:
        """Return the only line."""
        base = self.rich_style
        styles = palette(self.app.theme_variables, self.app.no_color)
        segments = [
            Segment(text, base + styles[name] if name else base) for text, name in self._drawn
        ]
        return Strip(segments).crop_extend(0, self.size.width, base)


class _Title(_Bar):
    """The first line of a screen; says in each that a recording runs."""

    recording = ""

    def show_recording(self, words: str) -> None:
        """Say how the recording stands that runs meanwhile; "" for none."""
        self.recording = words
        self.sync()

    def _badge(self) -> list[tuple[str, str]]:
        badge = [(f" {texts.APP} ", "badge")]
        return [*badge, (f" ● {self.recording} ", "bad")] if self.recording else badge


class TitleBar(_Title):
    """Which recording is shown and how it stands."""

    job: Job | None = None
    waiting = 0

    def show(self, job: Job | None, waiting: int) -> None:
        """Show this job and how many wait."""
        self.job, self.waiting = job, waiting
        self.sync()

    def _pieces(self) -> list[tuple[str, str]]:
        width = self.size.width
        badge = self._badge()
        name = "".join(text for text, _ in badge)
        if self.job is None:
            return [*badge, (f" {texts.IDLE}", "muted")]
        job = self.job
        facts = [f"{texts.STATUS_MARK[job.status.value]} {texts.STATUS[job.status.value]}"]
        if job.duration:
            facts.append(clock(job.duration))
        if job.segments and job.status.over:
            facts.append(plural(len(job.segments), texts.SEGMENT_COUNT))
        if job.language:
            facts.append(job.language)
        if self.waiting:
            facts.append(plural(self.waiting, texts.WAITING_COUNT))
        right = " · ".join(facts) + " "
        room = width - cell_len(name) - cell_len(right) - 2
        if room < 8:
            right = facts[0] + " "
            room = width - cell_len(name) - cell_len(right) - 2
        title = fit(job.name, max(1, room))
        gap = " " * max(1, width - cell_len(name) - 1 - cell_len(title) - cell_len(right))
        return [*badge, (f" {title}", "strong"), (gap, ""), (right, "muted")]


class ScreenTitle(_Title):
    """The first line of a full screen: its name or what it shows, and facts at the right."""

    left = ""
    right = ""

    def show(self, left: str, right: str = "") -> None:
        """Show these."""
        self.left, self.right = left, right
        self.sync()

    def _pieces(self) -> list[tuple[str, str]]:
        badge = self._badge()
        room = self.size.width - sum(cell_len(text) for text, _ in badge) - 2
        right = fit(self.right, max(0, room - 12))
        left = fit(self.left, max(1, room - cell_len(right) - 1))
        gap = " " * max(1, room - cell_len(left) - cell_len(right))
        return [*badge, (f" {left}", "strong"), (gap, ""), (f"{right} ", "muted")]


class PaneHeader(_Bar):
    """The line above a pane: its title, and what the pane notes beside it. It alone shows the
    focus, so that moving the focus repaints two lines."""

    def __init__(self, number: int, view: BlockView) -> None:
        super().__init__()
        self._number = number
        self._view = view

    def _pieces(self) -> list[tuple[str, str]]:
        focused = self._view.has_focus
        rule, line = ("━", "rule-focus") if focused else ("─", "rule")
        title = f" {self._number} {getattr(texts, str(self._view.id).upper())} "
        room = self.size.width - cell_len(title) - 4
        note = fit_path(self._view.note, room - 4) if room > 8 and self._view.note else ""
        note = f" {note} " if note else ""
        gap = max(0, self.size.width - cell_len(title) - cell_len(note) - 3)
        return [
            (rule * 2, line),
            (title, "title-focus" if focused else "title"),
            (rule * gap, line),
            (note, "muted"),
            (rule, line),
        ]

    async def on_click(self) -> None:
        """Focus the pane."""
        self.screen.set_focus(self._view, scroll_visible=False)


class Pane(Vertical):
    """A view with its header."""

    def __init__(self, number: int, view: BlockView) -> None:
        super().__init__(id=f"{view.id}-pane", classes="pane")
        self.view = view
        self._header = PaneHeader(number, view)

    def compose(self) -> ComposeResult:
        """Header above, view below."""
        yield self._header
        yield self.view

    def sync_header(self) -> None:
        """Draw the header again if it differs."""
        self._header.sync()

    def on_block_canvas_noted(self) -> None:
        """Say the note."""
        self._header.sync()

    def on_descendant_focus(self) -> None:
        """Show the focus."""
        self._header.sync()

    def on_descendant_blur(self) -> None:
        """Show that the focus is elsewhere."""
        self._header.sync()


class TabBar(_Bar):
    """The panes by number, where only one fits at a time."""

    panes: tuple[tuple[str, str], ...] = ()
    current = ""

    def show(self, panes: tuple[tuple[str, str], ...], current: str) -> None:
        """`panes` are (id, label) in order."""
        self.panes, self.current = panes, current
        self.sync()

    def _pieces(self) -> list[tuple[str, str]]:
        pieces = []
        for number, (pane, label) in enumerate(self.panes, 1):
            pieces.append((f" {number} {label} ", "on" if pane == self.current else "muted"))
        return pieces

    async def on_click(self, event: events.Click) -> None:
        """Go to the pane under the mouse."""
        left = 0
        for (text, _), (pane, _label) in zip(self._drawn, self.panes, strict=True):
            left += cell_len(text)
            if event.x < left:
                await self.run_action(f"screen.focus_pane({pane!r})")
                return


class HintBar(_Bar):
    """What the keys do here; the important ones first, and only whole ones."""

    hints: tuple[Hint, ...] = ()

    def show(self, hints: Iterable[Hint]) -> None:
        """Show these hints as far as they fit."""
        self.hints = tuple(hints)
        self.sync()

    def _fitting(self) -> list[Hint]:
        # The last two (help, quit) always stand; the others as far as there is room.
        left = self.size.width - sum(map(_hint_cells, self.hints[-2:]))
        shown = []
        for hint in self.hints[:-2]:
            if _hint_cells(hint) <= left:
                left -= _hint_cells(hint)
                shown.append(hint)
        return [*shown, *self.hints[-2:]]

    def _pieces(self) -> list[tuple[str, str]]:
        pieces = []
        for key, label, _action in self._fitting():
            pieces += [(f" {key} ", "key"), (f"{label}  ", "")]
        return pieces

    async def on_click(self, event: events.Click) -> None:
        """Do what the hint under the mouse says."""
        left = 0
        for key, label, action in self._fitting():
            left += _hint_cells((key, label, action))
            if event.x < left:
                await self.run_action(action)
                return


def _hint_cells(hint: Hint) -> int:
    return cell_len(hint[0]) + cell_len(hint[1]) + 4
