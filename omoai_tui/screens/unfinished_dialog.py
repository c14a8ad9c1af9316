"""Recordings that nobody has taken over: transcribe, delete (after a second key), or later."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from omoai_engine.recording.files import RecordingState
from omoai_tui import texts_recorder
from omoai_tui.cells import fit
from omoai_tui.formats import clock
from omoai_tui.language import plural
from omoai_tui.screens.dialogs import label
from omoai_tui.widgets.block_view import BlockView, Pieces

if TYPE_CHECKING:
    from omoai_engine.recording.files import Recording


@dataclass(frozen=True, slots=True)
class UnfinishedWish:
    """Transcribe these now; none of them: record something new, they are kept for later."""

    recordings: tuple[Recording, ...]


class RecordingRows(BlockView):
    """One line a recording."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        super().__init__()
        self.recordings = list(recordings)

    def at_cursor(self) -> Recording | None:
        """Return the recording under the cursor."""
        there = 0 <= self.cursor < len(self.recordings)
        return self.recordings[self.cursor] if there else None

    def block_count(self) -> int:
        """One block a recording."""
        return len(self.recordings)

    def block_height(self, index: int, width: int) -> int:
        """Always one line."""
        return 1

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """When, how long, from what; whether it was cut short, how many markers."""
        one = self.recordings[index]
        facts = [one.device]
        if one.state is RecordingState.CUT:
            facts.insert(0, texts_recorder.UNFINISHED_CUT)
        if one.marks:
            facts.append(plural(len(one.marks), texts_recorder.MARKERS))
        words = fit(" · ".join(filter(None, facts)), max(0, width - 32))
        return [
            [
                (f" {began(one):<17}", ""),
                (f"{clock(one.seconds):>9}", "time"),
                (f"  {words}", "muted"),
            ]
        ]


class UnfinishedDialog(ModalScreen[UnfinishedWish | None]):
    """Gives what to transcribe now, or None: they are kept for later."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", show=False, id="unfinished.back"),
        Binding("a", "all", show=False, id="unfinished.all"),
        Binding("r", "record", show=False, id="unfinished.record"),
        Binding("d", "delete", show=False, id="unfinished.delete"),
    ]

    def __init__(
        self, recordings: Sequence[Recording], delete: Callable[[Recording], object]
    ) -> None:
        super().__init__()
        self._recordings = list(recordings)
        self._delete = delete
        self._sure: Recording | None = None

    def compose(self) -> ComposeResult:
        """Title, list, question, keys."""
        with Vertical(classes="dialog"):
            title = plural(len(self._recordings), texts_recorder.UNFINISHED_TITLE)
            yield label(title, "dialog-title")
            yield RecordingRows(self._recordings)
            yield Static(id="sure", classes="dialog-complaint", markup=False)
            yield label(texts_recorder.UNFINISHED_KEYS, "dialog-keys")

    def on_mount(self) -> None:
        """Stand on the newest."""
        rows = self.query_one(RecordingRows)
        rows.reset()
        # At once, for a key that comes before the layout; and again when the height is known.
        rows.show_block(len(self._recordings) - 1)
        rows.call_after_refresh(rows.show_block, len(self._recordings) - 1)

    def on_block_view_chosen(self, message: BlockView.Chosen) -> None:
        """Transcribe one."""
        recording = self.query_one(RecordingRows).recordings[message.index]
        self.dismiss(UnfinishedWish((recording,)))

    def action_all(self) -> None:
        """Transcribe all, the oldest first."""
        self.dismiss(UnfinishedWish(tuple(self.query_one(RecordingRows).recordings)))

    def action_record(self) -> None:
        """To the recorder: who wants to speak must not wait."""
        self.dismiss(UnfinishedWish(()))

    def action_delete(self) -> None:
        """Ask; the second time for the same one, delete it."""
        rows = self.query_one(RecordingRows)
        recording = rows.at_cursor()
        if recording is None:
            return
        if self._sure is not recording:
            self._sure = recording
            self._ask(
                texts_recorder.UNFINISHED_SURE.format(
                    name=began(recording), time=clock(recording.seconds)
                )
            )
            return
        self._sure = None
        self._ask("")
        self._delete(recording)
        rows.recordings.remove(recording)
        rows.reset()
        rows.show_block(len(rows.recordings) - 1)
        if not rows.recordings:
            self.dismiss(None)

    def _ask(self, words: str) -> None:
        self.query_one("#sure", Static).update(Content(words))

    def action_back(self) -> None:
        """Take the question back; without one, keep them for later."""
        if self._sure is not None:
            self._sure = None
            self._ask("")
        else:
            self.dismiss(None)


def began(recording: Recording) -> str:
    """Say when a recording was begun, in the time of this machine."""
    if recording.began is None:
        return texts_recorder.UNFINISHED_UNKNOWN
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(recording.began))
