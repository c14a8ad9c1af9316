"""The spool: one recording on its way to the disk, readable after any end of the process.

Sound goes straight into `NAME.wav.part` (no buffer of ours), its head is brought up to date and
flushed to the disk by `sync`, and `finish` renames it to `NAME.wav`. Beside it `NAME.jsonl`
holds one JSON line for every thing that happened (begin, marks, pauses, end), flushed at once.
The writer holds a lock (flock) on the part file: a part file that nobody locks is unfinished.
Files are private (0600). Standard library only: the capture process imports this.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from omoai_engine.errors import RecordingError
from omoai_engine.private_folders import make_private_folder
from omoai_engine.recording.wav import HEAD_BYTES, PcmFormat, head
from omoai_engine.shortage import shortage_of
from omoai_engine.synced_folder import sync_folder
from omoai_engine.text import shown_path

PART = ".wav.part"
WAV = ".wav"
NOTES = ".jsonl"
_LOCK = ".lock"
_FOLDER_HINT = "Set recording.folder to a folder that can be written"


class Spool:
    """One recording being written. Raises `RecordingError` when it cannot be begun."""

    def __init__(self, folder: Path, pcm: PcmFormat, **about: Any) -> None:
        self.pcm = pcm
        self.data_bytes = 0
        self._file = self._notes = -1
        try:
            make_private_folder(folder)
            with folder_lock(folder):
                self.part = _free_name(folder, time.localtime())
                self._file = os.open(self.part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._notes = os.open(
                notes_of(self.part), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600
            )
            os.write(self._file, head(pcm, 0))
            self.note("begin", rate=pcm.rate_hz, channels=pcm.channels, **about)
            self.sync()
            sync_folder(folder)
        except OSError as error:
            # Nobody shall be offered a recording that never began.
            self._abandon()
            raise _unwritable(error, folder) from None

    @property
    def seconds(self) -> float:
        """How much sound is written."""
        return self.pcm.seconds(self.data_bytes)

    def append(self, data: bytes) -> None:
        """Write sound. Raises `OSError`; what went before it, also of `data`, is kept."""
        rest = memoryview(data)
        while rest:
            written = os.write(self._file, rest)
            self.data_bytes += written
            rest = rest[written:]

    def sync(self) -> None:
        """Make everything so far readable after a loss of power. Raises `OSError`."""
        # pwrite leaves the place where sound is appended alone.
        os.pwrite(self._file, head(self.pcm, self.pcm.whole(self.data_bytes)), 0)
        os.fdatasync(self._file)

    def note(self, event: str, **fields: Any) -> None:
        """Write one line of what happened, to the disk. Raises `OSError`."""
        append_note(self._notes, event, at=round(self.seconds, 3), **fields)

    def free_bytes(self) -> int:
        """Return how much room the disk has for us. Raises `OSError`."""
        room = os.fstatvfs(self._file)
        return room.f_bavail * room.f_frsize

    def discard(self) -> None:
        """Remove a recording that holds no sound."""
        with contextlib.suppress(OSError):
            self.part.unlink()
            notes_of(self.part).unlink()
        os.close(self._file)
        os.close(self._notes)

    def _abandon(self) -> None:
        for descriptor in (self._file, self._notes):
            if descriptor >= 0:
                os.close(descriptor)
        if self._file >= 0:
            for path in (self.part, notes_of(self.part)):
                with contextlib.suppress(OSError):
                    path.unlink()

    def finish(self, how: str) -> Path:
        """Close the recording: its head is right, its name is final. Returns the file.

        What cannot be done (a full or vanished disk) is left for `recover`: the part file stays.
        """
        with contextlib.suppress(OSError):
            self.note("end", how=how)
        path = self.part
        try:
            os.ftruncate(self._file, HEAD_BYTES + self.pcm.whole(self.data_bytes))
            self.sync()
            path = finish_name(self.part)
        except OSError:
            return self.part
        finally:
            os.close(self._file)  # and with it the lock
            os.close(self._notes)
        return path


def prepare_folder(folder: Path) -> None:
    """Make the folder and see that it can be written, before any sound comes.

    Raises `RecordingError`.
    """
    try:
        make_private_folder(folder)
        with folder_lock(folder):
            descriptor, name = tempfile.mkstemp(dir=folder, prefix=".try-")
            os.close(descriptor)
            Path(name).unlink()
    except OSError as error:
        raise _unwritable(error, folder) from None


def _unwritable(error: OSError, folder: Path) -> RecordingError:
    lack = shortage_of(error)
    what = lack.what if lack is not None else error.strerror or str(error)
    # Another folder helps against none of these.
    ours = error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EFBIG)
    hint = lack.hint if lack is not None and ours else _FOLDER_HINT
    return RecordingError(
        f"the recording cannot be written: {what}", where=shown_path(folder), hint=hint
    )


def notes_of(path: Path) -> Path:
    """Return the file of notes beside a recording, finished or not."""
    name = path.name.removesuffix(".part").removesuffix(WAV)
    return path.with_name(name + NOTES)


def append_note(descriptor: int, event: str, **fields: Any) -> None:
    """Write one line of notes and flush it to the disk. Raises `OSError`."""
    line = {"event": event, "time": round(time.time(), 3), **fields}
    os.write(descriptor, json.dumps(line).encode() + b"\n")
    os.fdatasync(descriptor)


def finish_name(part: Path) -> Path:
    """Give a whole recording its final name; returns it. Raises `OSError`."""
    path = part.with_name(part.name.removesuffix(".part"))
    with folder_lock(part.parent):
        if os.path.lexists(path):  # a person put it there
            raise FileExistsError(17, "the name is taken", str(path))
        part.rename(path)
    sync_folder(part.parent)
    return path


@contextlib.contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold the folder while names are given or looked at: nobody sees a file without its lock."""
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _free_name(folder: Path, now: time.struct_time) -> Path:
    stem = time.strftime("recording-%Y%m%d-%H%M%S", now)
    number = 1
    while True:
        name = stem if number == 1 else f"{stem}-{number}"
        if not any(os.path.lexists(folder / (name + ending)) for ending in (PART, WAV, NOTES)):
            return folder / (name + PART)
        number += 1
