"""The remote microphone's words: the socket's place, the line before raw sound, the help.

Sound of another machine comes through a private Unix socket. A sender either begins with one
line, `OMOAI-PCM rate=48000 channels=1 format=s16le`, and goes on with raw samples, or sends any
stream that FFmpeg reads. Standard library only.
"""

from __future__ import annotations

import os
import re
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

RAW_FORMATS = ("s16le", "s16be", "s24le", "s32le", "f32le", "f64le", "u8", "mulaw", "alaw")
MAGIC = b"OMOAI-PCM "
_LONGEST_LINE = 200
_LINE = re.compile(rb"OMOAI-PCM rate=(\d{4,6}) channels=(\d) format=([a-z0-9]{2,8})\n")
_LONGEST_SOCKET_PATH = 100


@dataclass(frozen=True, slots=True)
class RawSound:
    """What a sender of raw samples says of them."""

    rate_hz: int
    channels: int
    format: str

    def to_line(self) -> bytes:
        """Return the line that goes before the samples."""
        fields = f"rate={self.rate_hz} channels={self.channels} format={self.format}\n"
        return MAGIC + fields.encode()


def read_line(content: bytes) -> RawSound | None:
    """Return what a whole first line says, or None where it makes no sense."""
    match = _LINE.fullmatch(content)
    if match is None:
        return None
    rate_hz, channels, name = int(match[1]), int(match[2]), match[3].decode()
    if not (4_000 <= rate_hz <= 768_000 and 1 <= channels <= 8 and name in RAW_FORMATS):
        return None
    return RawSound(rate_hz, channels, name)


def socket_path() -> Path:
    """Return where a recording listens for senders: a private folder of this user."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(runtime) / "omoai" if runtime else None
    if folder is None or len(os.fsencode(folder)) > _LONGEST_SOCKET_PATH - 10:
        folder = Path(tempfile.gettempdir()) / f"omoai-{os.getuid()}"
    return folder / "mic.sock"


_LINES = (
    (
        "Linux (PulseAudio or PipeWire)",
        "ffmpeg -v error -f pulse -i default -ac 1 -ar 48000 -f wav - | ssh {host} omoai mic-in",
    ),
    (
        "Linux (ALSA alone)",
        "arecord -q -f S16_LE -r 48000 -c 1 -t raw | ssh {host} omoai mic-in --raw 48000",
    ),
    (
        "macOS",
        "ffmpeg -v error -f avfoundation -i :default -ac 1 -ar 48000 -f wav - "
        "| ssh {host} omoai mic-in",
    ),
    (
        "Windows (cmd; not PowerShell, which changes bytes in pipes)",
        "ffmpeg -hide_banner -list_devices true -f dshow -i dummy     (shows the microphones)",
    ),
    (
        "Windows (cmd; not PowerShell, which changes bytes in pipes)",
        'ffmpeg -v error -f dshow -i audio="NAME" -ac 1 -ar 48000 -f wav - '
        "| ssh {host} omoai mic-in",
    ),
    ("With OmoAI there, too", "omoai mic-send | ssh {host} omoai mic-in"),
)
_HELP = """\
The microphone is on your own machine, OmoAI on another one ({host}).

1. On {host}:            omoai record --listen
2. On your own machine, one of these lines (they end with Ctrl-C):

{lines}

On a slow line put  -c:a libopus -b:a 32k -f ogg -page_duration 200000 -  in place of  -f wav -
When the connection breaks, what has come is kept: run the line again, and the same recording
goes on. It ends where it was started."""


def default_host() -> str:
    """Return how this machine is most likely reached by SSH."""
    user = os.environ.get("USER") or os.environ.get("LOGNAME")
    return f"{user}@{socket.gethostname()}" if user else socket.gethostname()


def sender_lines(host: str) -> tuple[tuple[str, str], ...]:
    """Return (system, line to paste there); a system may have several. `host` as in `help_text`."""
    return tuple((system, line.format(host=host)) for system, line in _LINES)


def help_text(host: str) -> str:
    """Return the lines to paste on the person's own machine; `host` is how it reaches this one."""
    lines: list[str] = []
    before = ""
    for system, line in sender_lines(host):
        lines += [f"  {line}"] if system == before else [system, f"  {line}"]
        before = system
    return _HELP.format(host=host, lines="\n".join(lines))
