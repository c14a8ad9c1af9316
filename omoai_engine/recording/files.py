"""The recordings in the folder: which are live, cut, waiting or settled; and their repair.

What a recording is follows from its state alone, never from its age: a part file under a lock
is being made, one without is cut; a finished file without a `settled` note waits to be taken
over (transcribed, or dismissed by the person), or is under the lock of who is at it (`claims`).
Repair never loses a sample: it mends the head.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omoai_engine.errors import RecordingError
from omoai_engine.far_files import read_file
from omoai_engine.recording.spool import (
    NOTES,
    PART,
    WAV,
    append_note,
    finish_name,
    folder_lock,
    notes_of,
)
from omoai_engine.recording.wav import HEAD_BYTES, PcmFormat, head, read_format
from omoai_engine.silent_places import ask_for_place
from omoai_engine.text import one_line, shown_path

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig

_MOST_NOTES_BYTES = 1 << 20


class RecordingState(StrEnum):
    """What a recording is."""

    LIVE = "live"
    """Being made by a capture process."""
    CUT = "cut"
    """Its capture process died: `recover` gives the file."""
    WAITING = "waiting"
    """Complete, and nobody has taken it over yet."""
    TAKEN = "taken"
    """Complete, and a program works on it just now."""
    SETTLED = "settled"
    """Taken over."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place the person marked: seconds into the recording, and a word to it."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording in the folder. `began`: seconds since 1970, None where unknown; `seconds`:
    its length; `how`: why it ended (`stopped`, `orphaned`, `disk_full`, ...), None: not known."""

    path: Path
    state: RecordingState
    seconds: float
    began: float | None
    how: str | None
    device: str
    marks: tuple[Mark, ...]


def recordings_folder(config: OmoAIConfig) -> Path:
    """Return the folder recordings are kept in; it need not exist yet.

    Raises `ConfigError` where it lies on a disk that does not answer.
    """
    import platformdirs

    if config.recording.folder is not None:
        folder = config.recording.folder.expanduser().absolute()
    else:
        folder = platformdirs.user_data_path("omoai").absolute() / "recordings"
    ask_for_place(folder)  # the usual one may be a link to another disk
    return folder


def list_recordings(folder: Path) -> list[Recording]:
    """Return every recording of the folder, oldest first. Raises `RecordingError`."""
    try:
        if not folder.is_dir():
            return []
        with _held(folder):
            names = sorted(entry.name for entry in folder.iterdir())
            stems = {
                name.removesuffix(ending)
                for name in names
                for ending in (PART, WAV)
                if name.endswith(ending) and name.removesuffix(ending) + NOTES in names
            } | {name.removesuffix(PART) for name in names if name.endswith(PART)}
            found = [_describe(folder, stem) for stem in sorted(stems)]
    except OSError as error:
        raise RecordingError(
            f"the recordings cannot be looked at: {error.strerror or error}",
            where=shown_path(folder),
            hint="Check the folder's permissions",
        ) from None
    return [recording for recording in found if recording is not None]


def find_unfinished(folder: Path) -> list[Recording]:
    """Return what was recorded and not taken over: cut and waiting recordings, oldest first.

    Raises `RecordingError`.
    """
    unfinished = (RecordingState.CUT, RecordingState.WAITING)
    return [found for found in list_recordings(folder) if found.state in unfinished]


def recover(part: Path) -> Path:
    """Make a cut recording whole: mend its head from the size of the file, name it `.wav`.

    A finished recording is returned as it is. Raises `RecordingError`: it is still being made,
    holds no sound, or cannot be written.
    """
    if part.suffix == WAV:
        return part
    where = shown_path(part)
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        # Another instance was faster.
        finished = part.with_name(part.name.removesuffix(".part"))
        if finished.exists():
            return finished
        raise RecordingError("there is no such recording", where=where) from None
    except OSError as error:
        raise _unmendable(error, where) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RecordingError(
                "this recording is still being made", where=where, hint="Stop it first"
            ) from None
        pcm = read_format(os.pread(descriptor, HEAD_BYTES, 0)) or _noted_format(part)
        size = os.fstat(descriptor).st_size
        if pcm is None:
            raise RecordingError(
                "this is no recording of ours: its head and its notes are missing",
                where=where,
                hint="Remove it, or rename it and open it as a file",
            )
        data_bytes = pcm.whole(max(0, size - HEAD_BYTES))
        os.pwrite(descriptor, head(pcm, data_bytes), 0)
        os.ftruncate(descriptor, HEAD_BYTES + data_bytes)
        os.fsync(descriptor)
        _append(part, "recovered", at=round(pcm.seconds(data_bytes), 3))
        return finish_name(part)
    except OSError as error:
        raise _unmendable(error, where) from None
    finally:
        os.close(descriptor)


def settle(path: Path, how: str = "transcribed") -> None:
    """Note that a recording was taken over: it is not offered again. Raises `RecordingError`."""
    try:
        _append(path, "settled", how=how)
    except OSError as error:
        raise _unmendable(error, shown_path(path)) from None


def remove(path: Path) -> None:
    """Delete a recording and its notes for good. Raises `RecordingError`: it is being made."""
    where = shown_path(path)
    try:
        with folder_lock(path.parent):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if is_locked(descriptor):
                    made = path.name.endswith(PART)
                    what = "still being made" if made else "being transcribed by another program"
                    raise RecordingError(
                        f"this recording is {what}", where=where, hint="Stop that first"
                    )
                path.unlink()
                notes_of(path).unlink(missing_ok=True)
            finally:
                os.close(descriptor)
    except FileNotFoundError:
        return  # another instance was faster
    except OSError as error:
        raise _unmendable(error, where) from None


def marks_of(path: Path) -> tuple[Mark, ...]:
    """Return the marks of a recording, as its notes tell; none for any other file."""
    try:
        content = read_file(notes_of(path), _MOST_NOTES_BYTES)
    except OSError:
        return ()
    notes = _notes_in(content)
    return tuple(_marks(notes)) if _format_of(notes) else ()


def _unmendable(error: OSError, where: str) -> RecordingError:
    return RecordingError(
        f"the recording cannot be changed: {error.strerror or error}",
        where=where,
        hint="Check the folder's permissions and the room on the disk",
    )


@contextlib.contextmanager
def _held(folder: Path) -> Any:
    try:
        lock = folder_lock(folder)
        lock.__enter__()
    except OSError:  # a folder that can only be read has no writers either
        yield
        return
    try:
        yield
    finally:
        lock.__exit__(None, None, None)


def _append(path: Path, event: str, **fields: Any) -> None:
    descriptor = os.open(notes_of(path), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        append_note(descriptor, event, **fields)
    finally:
        os.close(descriptor)


def _describe(folder: Path, stem: str) -> Recording | None:
    notes = read_notes(folder / (stem + NOTES))
    path, live = folder / (stem + PART), False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        path = folder / (stem + WAV)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
    try:
        live = is_locked(descriptor)
        content = os.pread(descriptor, HEAD_BYTES, 0)
        size = os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)
    if not size and not live and path.name.endswith(PART):
        return None  # its process died before the head was written: nothing was recorded
    pcm = read_format(content) or _format_of(notes)
    events = {note.get("event"): note for note in notes}
    if path.name.endswith(PART):
        state = RecordingState.LIVE if live else RecordingState.CUT
    elif "settled" in events:
        state = RecordingState.SETTLED
    else:
        state = RecordingState.TAKEN if live else RecordingState.WAITING
    began = events.get("begin", {}).get("time")
    how = events.get("end", {}).get("how")
    return Recording(
        path=path,
        state=state,
        seconds=pcm.seconds(max(0, size - HEAD_BYTES)) if pcm else 0.0,
        began=float(began) if isinstance(began, int | float) else None,
        how=one_line(str(how)) if how else None,
        device=one_line(str(events.get("begin", {}).get("device", ""))),
        marks=tuple(_marks(notes)),
    )


def is_locked(descriptor: int) -> bool:
    """Say whether a capture process holds the file, or a program that works on it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def read_notes(path: Path) -> list[dict[str, Any]]:
    """Return the notes of a recording; a torn or strange line is left out."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_NOTES_BYTES)
    except OSError:
        return []
    return _notes_in(content)


def _notes_in(content: bytes) -> list[dict[str, Any]]:
    found = []
    for line in content.splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            note = json.loads(line)
            if isinstance(note, dict):
                found.append(note)
    return found


def _marks(notes: list[dict[str, Any]]) -> list[Mark]:
    return [
        Mark(float(note["at"]), one_line(str(note.get("label", ""))))
        for note in notes
        if note.get("event") == "mark" and isinstance(note.get("at"), int | float)
    ]


def _noted_format(part: Path) -> PcmFormat | None:
    return _format_of(read_notes(notes_of(part)))


def _format_of(notes: list[dict[str, Any]]) -> PcmFormat | None:
    for note in notes:
        rate, channels = note.get("rate"), note.get("channels")
        if note.get("event") == "begin" and isinstance(rate, int) and isinstance(channels, int):
            return PcmFormat(rate, channels) if rate > 0 and channels > 0 else None
    return None
