"""What the decoder child and its parent say to each other: frames on a pipe.

A frame is one byte of kind, four bytes of length (little endian), then the content: float32
samples (`SOUND`) or UTF-8 JSON (the rest). The request goes the other way, as one JSON argument.
This module is imported by the child and stays free of everything but the standard library.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from enum import IntEnum

BLOCK_SAMPLES = 8_000
"""Samples in a block of sound: half a second."""

HEAD = struct.Struct("<BI")
MAX_CONTENT_BYTES = 1 << 20
"""Longest content of a frame; a longer one means that the child is not to be trusted."""


class Kind(IntEnum):
    """What a frame holds."""

    INFO = 1
    """The header of the file: the fields of `AudioInfo` but its name. Always the first frame."""
    SOUND = 2
    """(n,) float32 at 16 kHz."""
    NOTICE = 3
    """A sentence for the person."""
    END = 4
    """The sound is complete."""
    ERROR = 5
    """`{"reason", "what", "hint"}`: nothing follows."""


class Refused(Exception):  # noqa: N818 - a fact about the file, told to the parent as it is
    """The file cannot be used. `what` is a sentence without full stop; `reason`: `input`,
    `missing` or `too_long`."""

    def __init__(self, what: str, hint: str = "", reason: str = "input") -> None:
        super().__init__(what)
        self.what, self.hint, self.reason = what, hint, reason


@dataclass(frozen=True, slots=True)
class Request:
    """What the child shall do.

    `named`: standard input is a pipe that gives the name of a regular file, to be opened first.
    `spool`: standard input is a pipe, to be read to its end into memory first, at most
    `max_stream_bytes`; else it is a regular file that is read from byte `offset` on.
    `max_duration`: seconds. `memory_mib`: memory beyond the program itself and the spool.
    `probe`: end after the header. `begin`: send what is heard from so many seconds on.
    """

    spool: bool
    offset: int
    max_stream_bytes: int
    max_duration: float
    memory_mib: int
    probe: bool
    lifeline_fd: int
    begin: float = 0.0
    named: bool = False

    def to_json(self) -> str:
        """Return the request as the child's argument."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Request:
        """Read what `to_json` wrote."""
        return cls(**json.loads(text))
