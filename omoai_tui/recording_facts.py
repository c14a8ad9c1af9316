"""What the recorder's status lines say of a recording: pure functions of a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from omoai_engine.recording.state import Phase, RecorderState
from omoai_tui import texts_recorder
from omoai_tui.cells import fit
from omoai_tui.formats import clock, size
from omoai_tui.language import plural
from omoai_tui.recording_control import room_words
from omoai_tui.widgets.block_view import Pieces
from omoai_tui.widgets.device_list import channels_words

if TYPE_CHECKING:
    from omoai_tui.recording_session import RecordingSession

CLOCK_CELLS = 22
_HEAD_BYTES = 80
_SAMPLE_BYTES = 2
_LATE_SECONDS = 10.0


def head(session: RecordingSession) -> Pieces:
    """Return the state and the elapsed time."""
    state = session.state
    phase = "saving" if session.stopping else str(state.phase)
    style = "bad" if state.phase is Phase.RECORDING else "busy"
    mark = {Phase.RECORDING: "●", Phase.PAUSED: "‖"}.get(state.phase, "○")
    words = texts_recorder.PHASE.get(phase, "")
    if not state.path:
        return [(f" {mark} {words}", style)]
    return [(f" {mark} {words} ", style), (clock(state.seconds), "strong")]


def source_words(state: RecorderState, width: int) -> Pieces:
    """Return the device and the format it records in."""
    if not state.rate_hz:
        return []
    words = texts_recorder.FROM.format(
        name=state.device,
        rate=f"{state.rate_hz / 1000:g}",
        channels=channels_words(state.channels),
    )
    return [(f" {fit(words, width - 2)}", "muted")]


def facts(session: RecordingSession, width: int) -> Pieces:
    """Return size, room, losses and the delay of the text, as far as they fit."""
    state = session.state
    if not state.path:
        return []
    count = _HEAD_BYTES + round(state.seconds * state.rate_hz) * state.channels * _SAMPLE_BYTES
    found: Pieces = []
    behind = session.behind
    if not session.has_text:
        found.append((texts_recorder.NO_TEXT, "muted"))
    elif behind is None:
        found.append((texts_recorder.NO_TEXT_YET, "muted"))
    else:
        words = texts_recorder.BEHIND.format(time=f"{behind:.1f} s")
        found.append((words, "low" if behind > _LATE_SECONDS else ""))
    if state.lost:
        found.append((plural(state.lost, texts_recorder.LOST), "bad"))
    else:
        found.append((texts_recorder.LOST_NONE, ""))
    found.append((texts_recorder.ON_DISK.format(size=size(count)), ""))
    if state.free_seconds is not None:
        found.append((texts_recorder.ROOM_FOR.format(time=room_words(state.free_seconds)), ""))
    pieces: Pieces = []
    left = width - 2
    for text, style in found:
        joint = " " if not pieces else " · "
        if cell_len(joint + text) > left:
            break
        left -= cell_len(joint + text)
        pieces += [(joint, "muted"), (text, style)]
    return pieces


def markers(marks: list[float], width: int) -> Pieces:
    """Return the markers, the newest ones where not all fit."""
    if not marks:
        return [(f" {fit(texts_recorder.MARKERS_NONE, width - 2)}", "muted")]
    count = plural(len(marks), texts_recorder.MARKERS)
    times = [clock(at) for at in marks]
    room = width - cell_len(count) - 6
    shown = ""
    while times and len(shown) + len(times[-1]) + 1 <= room:
        shown = f" {times.pop()}{shown}"
    return [(f" ◆ {count}", "busy"), ((" …" if times else " ") + shown, "time")]
