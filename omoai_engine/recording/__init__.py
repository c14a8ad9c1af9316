"""Recording: a capture process that writes sound to disk first, and what follows the file.

Names are imported at their first use; the capture process imports this package too and stays
lean.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omoai_engine.recording.claims import Claims
    from omoai_engine.recording.devices import (
        Device,
        DeviceKind,
        DeviceMeters,
        Level,
        list_devices,
    )
    from omoai_engine.recording.files import (
        Recording,
        RecordingState,
        find_unfinished,
        list_recordings,
        recordings_folder,
        recover,
        settle,
    )
    from omoai_engine.recording.following import follow
    from omoai_engine.recording.live import LiveTranscriber
    from omoai_engine.recording.playback import Playback, clip, play, play_command
    from omoai_engine.recording.recorder import Recorder
    from omoai_engine.recording.remote import help_text, socket_path
    from omoai_engine.recording.state import Phase, RecorderState, Warned

_HOMES = {
    "Claims": "claims",
    "Device": "devices",
    "DeviceKind": "devices",
    "DeviceMeters": "devices",
    "Level": "devices",
    "LiveTranscriber": "live",
    "Phase": "state",
    "Playback": "playback",
    "Recorder": "recorder",
    "RecorderState": "state",
    "Recording": "files",
    "RecordingState": "files",
    "Warned": "state",
    "clip": "playback",
    "find_unfinished": "files",
    "follow": "following",
    "help_text": "remote",
    "list_devices": "devices",
    "list_recordings": "files",
    "play": "playback",
    "play_command": "playback",
    "recordings_folder": "files",
    "recover": "files",
    "settle": "files",
    "socket_path": "remote",
}

__all__ = [
    "Claims",
    "Device",
    "DeviceKind",
    "DeviceMeters",
    "Level",
    "LiveTranscriber",
    "Phase",
    "Playback",
    "Recorder",
    "RecorderState",
    "Recording",
    "RecordingState",
    "Warned",
    "clip",
    "find_unfinished",
    "follow",
    "help_text",
    "list_devices",
    "list_recordings",
    "play",
    "play_command",
    "recordings_folder",
    "recover",
    "settle",
    "socket_path",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
