"""What the threads of the recorder tell the app: facts, as Textual messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from omoai_engine.recording.devices import Device
    from omoai_engine.recording.files import Recording
    from omoai_engine.recording.state import RecorderState


@dataclass(eq=False)
class DevicesFound(Message, bubble=False):
    """The inputs that are there now, or `error`, a sentence; `configured` is the name that the
    configuration asks for."""

    devices: tuple[Device, ...]
    configured: str | None
    error: str


@dataclass(eq=False)
class RecordingOver(Message, bubble=False):
    """A recording ended as `state` says; what was recorded is in `state.path`."""

    state: RecorderState
    kept_out: bool
    """The library is switched off, so that a transcript alone settles the recording."""


@dataclass(eq=False)
class UnfinishedFound(Message, bubble=False):
    """Recordings that nobody has taken over; `asked`: the person wanted to see them."""

    recordings: tuple[Recording, ...]
    asked: bool


@dataclass(eq=False)
class RecordingMended(Message, bubble=False):
    """These files are whole and can be transcribed."""

    paths: tuple[str, ...]
