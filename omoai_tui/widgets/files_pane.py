"""The file picker with what belongs to it: the details of a file, and the line for the filter."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.segment import Segment
from textual.app import ComposeResult
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from omoai_engine.errors import OmoAIError
from omoai_engine.text import one_line
from omoai_tui import texts
from omoai_tui.cells import fit, wrap
from omoai_tui.formats import clock, size
from omoai_tui.language import plural
from omoai_tui.media import Entry
from omoai_tui.palette import palette
from omoai_tui.widgets.bars import Pane
from omoai_tui.widgets.file_picker import FilePicker

if TYPE_CHECKING:
    from textual.widgets import Input

    from omoai_tui.widgets.text_input import TextInput

LOOK_AFTER_SECONDS = 0.3
MOST_READERS = 4
MOST_KNOWN = 500


@dataclass(frozen=True, slots=True)
class Details:
    """What a file's header says, as `get_audio_info` gives it, or why it says nothing."""

    facts: dict[str, Any]
    problem: str = ""


def describe(entry: Entry, details: Details | None) -> str:
    """Return length, codec, channels, rate and size on one line."""
    if details is None:
        return f"{size(entry.size)} · {texts.FILE_READING}"
    if details.problem:
        return details.problem
    facts = details.facts
    parts = []
    if facts.get("duration"):
        length = clock(facts["duration"])
        about = facts.get("duration_is_estimate")
        parts.append(texts.FILE_LENGTH_ABOUT.format(time=length) if about else length)
    if facts.get("codec"):
        parts.append(one_line(str(facts["codec"])))
    if channels := facts.get("channels"):
        names = {1: texts.FILE_MONO, 2: texts.FILE_STEREO}
        parts.append(names.get(channels) or plural(channels, texts.FILE_CHANNELS))
    if rate := facts.get("sample_rate"):
        parts.append(f"{rate / 1000:g} kHz")
    if facts.get("has_video"):
        parts.append(texts.FILE_VIDEO)
    # Blanks that do not break keep "55.7 kB" on one line.
    return " · ".join(part.replace(" ", "\u00a0") for part in [*parts, size(entry.size)])


class FileDetails(Widget):
    """Two lines about the file under the cursor, read in a thread when the cursor rests."""

    ALLOW_SELECT = False

    class Read(Message, bubble=False):
        """A thread has read the header of a file."""

        def __init__(self, path: str, details: Details) -> None:
            super().__init__()
            self.path = path
            self.details = details

    def __init__(self) -> None:
        super().__init__(id="file-details")
        self._entry: Entry | None = None
        self._known: dict[str, Details] = {}
        self._reading: set[str] = set()
        self._soon: Timer | None = None

    def show(self, entry: Entry | None) -> None:
        """Show this file; of a folder or of nothing there is nothing to say."""
        entry = entry if entry and not entry.folder and entry.media else None
        if entry == self._entry:
            return
        self._entry = entry
        if self._soon is not None:
            self._soon.stop()
            self._soon = None
        if entry and entry.path not in self._known:
            self._soon = self.set_timer(LOOK_AFTER_SECONDS, self._read)
        self.refresh()

    def _read(self) -> None:
        entry = self._entry
        # A mount that does not answer holds some threads, never all there could be.
        if entry is None or entry.path in self._reading or len(self._reading) >= MOST_READERS:
            return
        self._reading.add(entry.path)

        def read() -> None:
            self.post_message(self.Read(entry.path, _read_details(entry.path)))

        threading.Thread(target=read, name="omoai-details", daemon=True).start()

    def on_file_details_read(self, message: Read) -> None:
        """Keep and show."""
        self._reading.discard(message.path)
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[message.path] = message.details
        if self._entry and message.path == self._entry.path:
            self.refresh()
        elif self._entry and self._entry.path not in self._known:
            self._read()

    def render_line(self, y: int) -> Strip:
        """Return one of the lines."""
        base = self.rich_style
        width = self.size.width
        if self._entry is None:
            return Strip.blank(width, base)
        known = self._known.get(self._entry.path)
        text = describe(self._entry, known)
        spans = wrap(text, width - 2)
        styles = palette(self.app.theme_variables, self.app.no_color)
        style = base + styles["bad" if known and known.problem else "muted"]
        line = ""
        if y < len(spans):
            start, end = spans[y]
            # The last line that fits says that there would be more.
            rest = text[start:] if y == self.size.height - 1 else text[start:end]
            line = fit(rest, width - 2)
        return Strip([Segment(f" {line}", style)]).crop_extend(0, width, base)


def _read_details(path: str) -> Details:
    from omoai_engine import get_audio_info

    try:
        return Details(get_audio_info(path))
    except OmoAIError as error:
        return Details({}, one_line(error.what))
    except Exception as error:
        from omoai_tui.pipeline_worker import describe_unforeseen

        return Details({}, describe_unforeseen(error))


class FilesPane(Pane):
    """Header, tree, details, and while a filter is typed its line."""

    def __init__(self, number: int, picker: FilePicker) -> None:
        super().__init__(number, picker)
        self._picker = picker
        self._details = FileDetails()
        self._filter: TextInput | None = None

    def compose(self) -> ComposeResult:
        """Header above, then the tree and the details."""
        yield from super().compose()
        yield self._details

    def on_file_picker_moved(self, message: FilePicker.Moved) -> None:
        """Show what the cursor stands on."""
        message.stop()
        self._details.show(message.entry)

    async def on_file_picker_filter_wanted(self, message: FilePicker.FilterWanted) -> None:
        """Open the line for the filter; made at its first use, for a sooner first paint."""
        message.stop()
        if self._filter is None:
            from omoai_tui.widgets.text_input import TextInput

            self._filter = TextInput(id="filter")
            await self.mount(self._filter, before=self._details)
        self._filter.placeholder = texts.DO_FILTER
        self._filter.add_class("-open")
        self.screen.set_focus(self._filter)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        event.stop()
        self._picker.set_filter(event.value.strip())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Back to the tree, with the filter."""
        event.stop()
        self._close()

    def on_key(self, event: Any) -> None:
        """Esc takes the filter away, an arrow goes to the tree."""
        if self._filter and event.key in ("escape", "down", "up") and self._filter.has_focus:
            event.stop()
            if event.key == "escape":
                self._picker.set_filter("")
            self._close()

    def _close(self) -> None:
        self.screen.set_focus(self._picker, scroll_visible=False)
        if self._filter is not None:
            self._filter.remove_class("-open")
            self._filter.value = self._picker.filter
