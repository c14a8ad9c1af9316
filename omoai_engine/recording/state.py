"""What a recording that is being made is like at one moment: a snapshot, as the capture process
writes it (one JSON line) and the app reads it. Standard library only."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

from omoai_engine.text import one_line


class Phase(StrEnum):
    """Where a recording is."""

    STARTING = "starting"
    """The device is being opened."""
    WAITING = "waiting"
    """A sender is waited for; before the first one there is no file yet."""
    RECORDING = "recording"
    PAUSED = "paused"
    SAVED = "saved"
    """Over; the file is complete."""
    FAILED = "failed"
    """Over before any sound came; `error` says why."""


@dataclass(frozen=True, slots=True)
class Warned:
    """What the person should act on; `code`: `silent`, `clipping`, `disk`, `lost`, `sender`,
    `held` or `stalled`."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class RecorderState:
    """A snapshot of a recording.

    `path`: the file (a part file while it is made), empty before there is one. `seconds`: sound
    written. `peak`, `loudness`: since the last snapshot, 1.0 is full scale. `lost`: frames that
    the device did not deliver. `free_seconds`: how long the disk has room. `held`: for how many
    seconds the disk has not answered (0: it does). `how`: why it ended.
    `error`: a clear sentence; with `SAVED` it says what cut the recording short.
    """

    phase: Phase = Phase.STARTING
    path: str = ""
    device: str = ""
    rate_hz: int = 0
    channels: int = 0
    seconds: float = 0.0
    peak: float = 0.0
    loudness: float = 0.0
    clipped: int = 0
    lost: int = 0
    marks: int = 0
    free_seconds: float | None = None
    held: float = 0.0
    warnings: tuple[Warned, ...] = field(default=())
    how: str | None = None
    error: str | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.phase in (Phase.SAVED, Phase.FAILED)

    def to_line(self) -> bytes:
        """Return the snapshot as one line."""
        return json.dumps(asdict(self), separators=(",", ":")).encode() + b"\n"


def from_line(line: bytes) -> RecorderState:
    """Read what `to_line` wrote. Raises `ValueError`."""
    content: dict[str, Any] = json.loads(line)
    known = {name.name for name in fields(RecorderState)}
    content = {name: value for name, value in content.items() if name in known}
    content["phase"] = Phase(content["phase"])
    content["warnings"] = tuple(
        Warned(one_line(w["code"]), one_line(w["text"])) for w in content["warnings"]
    )
    content["device"] = one_line(content["device"])
    return RecorderState(**content)
