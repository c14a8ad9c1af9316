"""The recorder: choose a microphone by its level, record at once, watch the text come.

Draws `app.recordings` and does what its keys say; the recording itself belongs to the app and
goes on when the person looks at another screen.
"""

from __future__ import annotations

from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from omoai_engine.recording.state import Phase, RecorderState
from omoai_tui import clipboard, state, texts_recorder
from omoai_tui.recording_control import over_words, warning_words
from omoai_tui.recording_facts import facts, head, markers, source_words
from omoai_tui.recording_messages import DevicesFound
from omoai_tui.recording_session import Source
from omoai_tui.recording_tasks import devices_task
from omoai_tui.screens.full_screen import FullScreen
from omoai_tui.tasks import start_task
from omoai_tui.widgets.bars import Hint
from omoai_tui.widgets.block_view import BlockView
from omoai_tui.widgets.device_list import DeviceList
from omoai_tui.widgets.level_meter import LevelMeter
from omoai_tui.widgets.live_text import LiveText
from omoai_tui.widgets.sender_lines import SenderLines
from omoai_tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from omoai_tui.recording_control import RecordingControl
    from omoai_tui.recording_part import RecordingPart

LEVELS_EVERY_SECONDS = 0.25


class View(Enum):
    """What stands below the status lines; each is named as its widget."""

    DEVICES = auto()
    LIVE = auto()
    SENDERS = auto()


class LineCopied(Message, bubble=False):
    """tmux took the line, or `error` says why not."""

    def __init__(self, error: str) -> None:
        super().__init__()
        self.error = error


class RecorderScreen(FullScreen):
    """Devices, then the recording."""

    CSS_PATH = Path(__file__).parents[1] / "styles" / "recorder.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "record", texts_recorder.DO_RECORD, show=False, id="recorder.record"),
        Binding("space", "hold", texts_recorder.DO_HOLD, show=False, id="recorder.hold"),
        Binding("m", "mark", texts_recorder.DO_MARK, show=False, id="recorder.mark"),
        Binding("s", "stop", texts_recorder.DO_STOP, show=False, id="recorder.stop"),
        Binding("l", "senders", texts_recorder.DO_SENDERS, show=False, id="recorder.lines"),
        Binding("c", "copy_line", texts_recorder.DO_COPY_LINE, show=False, id="recorder.copy"),
        Binding("u", "unfinished", texts_recorder.DO_UNFINISHED, show=False, id="recorder.waiting"),
        Binding("R", "look", texts_recorder.DO_LOOK_AGAIN, show=False, id="recorder.look"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._view = View.DEVICES
        self._note = ""
        self._drawn_second = -1.0
        self._shown_phase: Phase | None = None

    @property
    def control(self) -> RecordingControl:
        """The app's recorder."""
        return cast("RecordingPart", self.app).recordings

    def body(self) -> ComposeResult:
        """Clock and level, facts, what to act on; devices, text, or lines for another machine."""
        with Horizontal(id="recorder-head"):
            yield StatusLine(id="recorder-clock")
            yield LevelMeter(id="recorder-meter")
        yield StatusLine(id="recorder-source")
        yield StatusLine(id="recorder-facts")
        yield StatusLine(id="recorder-marks")
        yield Static(id="recorder-note", markup=False)
        yield DeviceList(id="devices")
        yield LiveText(id="live")
        yield SenderLines(id="senders")

    def on_mount(self) -> None:
        """Show the recording that runs, or look for microphones."""
        self.set_interval(LEVELS_EVERY_SECONDS, self._draw_levels)
        self._show_lines()
        if self.control.session is None:
            self._choose()
        else:
            self.query_one(LiveText).show(self.control.session.job)
            self._turn_to(View.LIVE)
            self.sync_recording()

    def on_unmount(self) -> None:
        """Let go of the microphones that nobody chose."""
        start_task(self.control.meters.close, self._tell_app)

    def _tell_app(self, message: Message) -> None:
        cast("RecordingPart", self.app).post(message)

    def _post(self, message: Message) -> bool:
        # A thread may still speak when the screen is gone.
        return self.is_running and self.post_message(message)

    # What is shown.

    def headline(self) -> tuple[str, str]:
        """The recorder, and how it stands."""
        session = self.control.session
        phase = "idle" if session is None else str(session.state.phase)
        if session is not None and session.stopping:
            phase = "saving"
        return texts_recorder.RECORDER, texts_recorder.PHASE.get(phase, "")

    def hints(self) -> list[Hint]:
        """What the keys do in this state."""
        lines = (
            "l",
            texts_recorder.BACK_TO_TEXT if self._view is View.SENDERS else texts_recorder.SENDERS,
            "screen.senders",
        )
        copy = [("c", texts_recorder.COPY_LINE, "screen.copy_line")]
        copy = copy if self._view is View.SENDERS else []
        session = self.control.session
        if session is None:
            return [
                ("r", texts_recorder.RECORD, "screen.record"),
                *copy,
                ("u", texts_recorder.UNFINISHED, "screen.unfinished"),
                ("R", texts_recorder.LOOK_AGAIN, "screen.look"),
                lines,
            ]
        word = texts_recorder.HOLD
        if session.state.phase is Phase.PAUSED:
            word = texts_recorder.GO_ON
        return [
            *copy,
            ("s", texts_recorder.STOP, "screen.stop"),
            ("Space", word, "screen.hold"),
            ("m", texts_recorder.MARK_NOW, "screen.mark"),
            *([lines] if session.source.remote else []),
        ]

    def about(self) -> str:
        """What a person asks F1 for."""
        return texts_recorder.ABOUT

    @classmethod
    def binding_groups(cls) -> list[tuple[str, str, list[BindingType]]]:
        """The recorder's own keys."""
        return [(texts_recorder.RECORDER, "screen", list(cls.BINDINGS))]

    def speak(self) -> None:
        """Draw everything again in the language in use."""
        super().speak()
        self._drawn_second = -1.0
        self._show_lines()
        self.sync_recording()

    def _turn_to(self, view: View) -> None:
        self._view = view
        for one in View:
            self.query_one(f"#{one.name.lower()}").display = one is view
        recording = self.control.session is not None
        for name in ("head", "source", "facts", "marks"):
            self.query_one(f"#recorder-{name}").display = recording
        self.set_focus(self.query_one(f"#{view.name.lower()}"), scroll_visible=False)
        self.sync_bars()

    def _say(self, words: str, *, bad: bool = False) -> None:
        if words != self._note:
            self._note = words
            note = self.query_one("#recorder-note", Static)
            note.set_class(bad, "-bad")
            note.update(Content(words))

    # Choosing a microphone.

    def _choose(self) -> None:
        self.query_one(DeviceList).known = False
        self._turn_to(View.DEVICES)
        self.action_look()

    def on_devices_found(self, message: DevicesFound) -> None:
        """Show the microphones, and listen to them."""
        wanted = remembered(message.configured)
        devices = self.query_one(DeviceList)
        devices.show(message.devices, wanted)
        if self.control.session is not None:
            return
        indices = [device.index for device in message.devices]
        start_task(partial(self.control.meters.listen, indices), self._post)
        if message.error:
            self._say(message.error, bad=True)
        elif not message.devices:
            self._say(texts_recorder.NO_DEVICE, bad=True)
        elif wanted.device and wanted.device not in {one.name for one in message.devices}:
            other = message.devices[devices.cursor].name
            self._say(texts_recorder.NOT_THERE.format(name=wanted.device, other=other))

    def _draw_levels(self) -> None:
        if self._view is View.DEVICES and self.control.session is None:
            meters = self.control.meters
            self.query_one(DeviceList).levels(meters.levels, meters.settled)

    def on_block_view_chosen(self, message: BlockView.Chosen) -> None:
        """Enter on a microphone records it; on a line it copies that."""
        if message.view.id == "devices":
            self.action_record()
        elif message.view.id == "senders":
            self.action_copy_line()

    def on_device_list_looked(self, message: DeviceList.Looked) -> None:
        """Say what a key does here, unless something is wrong."""
        if self._note in ("", texts_recorder.READY, texts_recorder.READY_REMOTE):
            self._say(texts_recorder.READY_REMOTE if message.remote else texts_recorder.READY)

    def action_look(self) -> None:
        """Look for microphones."""
        if self.control.session is None:
            start_task(devices_task(self.control.overrides, self._post), self._post)

    def action_record(self) -> None:
        """Begin at once, whether the microphones are known yet or not."""
        if self.control.session is not None:
            return
        source = self.query_one(DeviceList).source()
        if source is None:
            source = remembered(None, unsure=True)
        else:
            start_task(partial(remember, source), self._post)
        self._say("")
        self.control.begin(source)
        session = self.control.session
        self.query_one(LiveText).show(session.job if session else None)
        self._shown_phase = None
        self._turn_to(View.SENDERS if source.remote else View.LIVE)
        self.sync_recording()

    # While it runs.

    def sync_recording(self) -> None:
        """Draw the recording as it is now."""
        session = self.control.session
        if session is None or not self.is_mounted:
            return
        now = session.state
        if now.phase is not self._shown_phase:
            came = self._shown_phase is Phase.WAITING and now.phase is Phase.RECORDING
            self._shown_phase = now.phase
            self._drawn_second = -1.0
            if came and self._view is View.SENDERS:
                self._turn_to(View.LIVE)
            self.sync_bars()
        self.query_one(LevelMeter).show(now.peak if now.phase is Phase.RECORDING else 0.0)
        self.query_one("#recorder-clock", StatusLine).show(head(session))
        # Numbers that change all the time are drawn once a second.
        if int(now.seconds) != self._drawn_second:
            self._drawn_second = int(now.seconds)
            width = self.size.width
            self.query_one("#recorder-source", StatusLine).show(source_words(now, width))
            self.query_one("#recorder-facts", StatusLine).show(facts(session, width))
        self._draw_marks()
        live = self.query_one(LiveText)
        live.expect(session.has_text)
        live.sync()
        self._say_what_matters()

    def _draw_marks(self) -> None:
        session = self.control.session
        if session is not None:
            line = self.query_one("#recorder-marks", StatusLine)
            line.show(markers(session.marks, self.size.width))

    def _say_what_matters(self) -> None:
        session = self.control.session
        if session is None:
            return
        now = session.state
        if now.warnings:
            self._say(" ".join(warning_words(one, now) for one in now.warnings), bad=True)
        elif self._view is View.SENDERS:
            self._say(f"{texts_recorder.SENDERS_TITLE} {texts_recorder.SENDERS_BROKEN}")
        else:
            self._say(session.job.notices[-1] if session.job.notices else "")

    def recording_over(self, ended: RecorderState) -> None:
        """Say how it ended; what was recorded is being transcribed."""
        self._choose()
        cut = ended.phase is not Phase.SAVED or bool(ended.error)
        self._say(over_words(ended), bad=cut)

    def action_hold(self) -> None:
        """Record; while recording, pause or go on."""
        if self.control.session is None:
            self.action_record()
        else:
            self.control.pause_or_resume()

    def action_mark(self) -> None:
        """Mark this moment."""
        at = self.control.mark()
        if at is None:
            self._say(texts_recorder.NOT_YET)
        self._draw_marks()

    def action_stop(self) -> None:
        """End the recording."""
        self.control.stop()
        self.sync_bars()

    def action_unfinished(self) -> None:
        """Show what is not transcribed yet."""
        self.control.look_for_unfinished(asked=True)

    # The microphone of another machine.

    def _show_lines(self) -> None:
        from omoai_engine.recording.remote import default_host, sender_lines

        self.query_one(SenderLines).show(sender_lines(default_host()))

    def action_senders(self) -> None:
        """Show the lines for another machine, or what was shown before."""
        if self._view is View.SENDERS:
            self._turn_to(View.LIVE if self.control.session is not None else View.DEVICES)
            self._say("" if self.control.session is not None else texts_recorder.READY)
        else:
            self._turn_to(View.SENDERS)
            self._say(f"{texts_recorder.SENDERS_TITLE} {texts_recorder.SENDERS_BROKEN}")

    def action_copy_line(self) -> None:
        """Copy the line under the cursor to the clipboard of the person's own machine."""
        line = self.query_one(SenderLines).line()
        if clipboard.inside_tmux():

            def copy() -> None:
                self._post(LineCopied(clipboard.copy_through_tmux(line)))

            start_task(copy, self._post)
        else:
            self.app.copy_to_clipboard(line)
            self.post_message(LineCopied(""))

    def on_line_copied(self, message: LineCopied) -> None:
        """Say so."""
        self.app.notify(message.error or texts_recorder.LINE_COPIED, markup=False, timeout=4)


def remember(source: Source) -> None:
    """Keep the choice for the next sitting."""
    name = f"device:{source.device}" if source.device else "default"
    state.remember(microphone="remote" if source.remote else name)


def remembered(configured: str | None, *, unsure: bool = False) -> Source:
    """Return what the person chose last, else what the configuration asks for."""
    name = state.recall().microphone
    if name == "remote":
        return Source(remote=True)
    if name == "default":
        return Source(unsure=unsure)
    if name and name.startswith("device:"):
        return Source(name.removeprefix("device:"), unsure=unsure)
    return Source(configured, unsure=unsure)
