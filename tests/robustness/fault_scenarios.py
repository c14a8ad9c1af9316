"""What is done while a call fails; each runs in a child process with a home of its own."""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
from collections.abc import Callable
from pathlib import Path

ACK = "acknowledged"
SOUND_BYTES = 40 * 1600
STRIDE = 251
"""Sample bytes repeat after a prime number: what is shifted is seen."""


def sound() -> bytes:
    """What `record` writes."""
    return bytes(range(STRIDE)) * (SOUND_BYTES // STRIDE + 1)


def _acknowledger() -> Callable[[int], None]:
    """Give a function that says how much is safe, without a call that could fail."""
    with Path(ACK).open("r+b") as file:
        shared = mmap.mmap(file.fileno(), 8)

    def tell(done: int) -> None:
        shared[:8] = struct.pack("<q", done)

    return tell


def acknowledged(home: Path) -> int:
    """Return what the scenario last knew to be on the disk."""
    try:
        return int(struct.unpack("<q", (home / ACK).read_bytes())[0])
    except (OSError, struct.error):
        return 0


def record() -> int:
    """Write 2 s of sound as the capture process does; end at the first failure, as it does."""
    from omoai_engine.errors import RecordingError
    from omoai_engine.recording.spool import Spool
    from omoai_engine.recording.wav import PcmFormat

    tell = _acknowledger()
    try:
        spool = Spool(Path("recordings").absolute(), PcmFormat(16_000, 1))
    except RecordingError as error:
        os.write(2, f"omoai: {error}\n".encode())
        return 1
    data = sound()
    how = "stopped"
    try:
        for step in range(40):
            spool.append(data[step * 1600 : step * 1600 + 1600])
            if step % 5 == 4:
                spool.sync()
                tell((step + 1) * 1600)
    except OSError:
        how = "disk_full"
    named = spool.finish(how)
    if not named.stat().st_size:
        os.write(2, b"omoai: a fault of omoai: the file that was named is empty\n")
    return 0


def remember() -> int:
    """Change what the app remembers, and its list of runs; neither may ever raise."""
    from omoai_tui import state
    from omoai_tui.late_writer import late

    state.remember(theme="paper")
    late.flush()
    state.remember_place("/somewhere/talk.mp3")
    return 0 if late.flush() else 1


def keep() -> int:
    """Begin an entry with a copy of its sound, finish it, tag it, edit it."""
    from omoai_engine.errors import OmoAIError
    from omoai_engine.library import EditText, Library

    tell = _acknowledger()
    try:
        with Library(Path("shelf").absolute()) as library:
            entry = library.begin("talk.wav", audio=Path("talk.wav").absolute(), keep_audio=True)
            tell(1)
            library.rename(entry, "Board meeting")
            tell(2)
            library.tag(entry, "board")
            tell(3)
            first = library.transcript(1).segments[0]
            library.edit(1, EditText(first.key, "đã sửa bằng tay"), label="test")
            tell(4)
    except OmoAIError as error:
        os.write(2, f"omoai: {error}\n".encode())
        return 1
    with contextlib.suppress(OSError):
        os.write(1, b"done\n")
    return 0
