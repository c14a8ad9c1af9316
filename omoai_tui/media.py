"""Which files the picker shows: names that FFmpeg's common containers end in, and folders.

Folders are read by a child process, in a thread of its own, because a mount may be stalled.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from omoai_engine.errors import DiskSilentError
from omoai_engine.far_files import list_folder, look
from omoai_engine.text import one_line, shown_path
from omoai_tui import texts

AUDIO = frozenset(
    {"aac", "ac3", "aif", "aifc", "aiff", "amr", "ape", "au", "awb", "caf", "dts", "eac3", "flac"}
    | {"gsm", "m4a", "m4b", "mka", "mp1", "mp2", "mp3", "mpc", "oga", "ogg", "opus", "ra", "snd"}
    | {"spx", "tta", "voc", "w64", "wav", "wma", "wv"}
)
VIDEO = frozenset(
    {"3gp", "asf", "avi", "f4v", "flv", "m2ts", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts"}
    | {"mxf", "ogv", "rm", "rmvb", "ts", "vob", "webm", "wmv"}
)
TRANSCRIPTS = (".srt", ".vtt", ".json", ".txt")
"""What transcripts of other programs end in."""
MOST_ENTRIES = 20_000
"""More entries of one folder are left out, and that is said."""
SILENCE_SECONDS = 10.0
"""So long a disk may take to say what is there under a name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a folder. `size` in bytes, 0 for a folder."""

    path: str
    name: str
    folder: bool
    media: bool
    size: int


def is_media(name: str) -> bool:
    """Say whether a name ends like sound or video."""
    stem, _, ending = name.lower().rpartition(".")
    return bool(stem) and ending in AUDIO | VIDEO


def is_transcript(name: str) -> bool:
    """Say whether a name ends like a transcript."""
    return name.lower().endswith(TRANSCRIPTS)


def read_folder(path: str) -> tuple[list[Entry], str]:
    """Return the entries of a folder, folders first, and why it, or all of it, cannot be shown
    (else "")."""
    try:
        found = list_folder(path, MOST_ENTRIES)
    except OSError as error:
        return [], one_line(error.strerror or type(error).__name__)
    entries = [
        Entry(
            str(Path(path, item.name)),
            shown_path(item.name),
            item.is_folder,
            not item.is_folder and is_media(item.name),
            item.size,
        )
        for item in found
        if not item.name.startswith(".")
    ]
    entries.sort(key=lambda entry: (not entry.folder, entry.name.lower()))
    cut = len(found) >= MOST_ENTRIES
    return entries, texts.FOLDER_CUT.format(count=f"{MOST_ENTRIES:,}") if cut else ""


def pasted_path(text: str, folder: str = "") -> tuple[str, bool] | None:
    """Return the existing file or folder that pasted text names and whether it is a folder, or
    `None`; a file too where its disk does not answer: who opens it will say so.

    A relative path counts from `folder`, or from the working folder. Takes what terminals and
    file managers paste: quoted, shell-escaped, `file://`, with `~`.
    """
    import shlex
    from urllib.parse import unquote, urlsplit

    text = text.strip().strip("\0")
    if not text or len(text) > 8192 or "\0" in text:
        return None
    candidates = [text]
    if text.startswith("file://"):
        candidates.append(unquote(urlsplit(text).path))
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    if len(words) == 1:
        candidates.append(words[0])
    for candidate in filter(None, candidates):
        try:
            path = Path(folder, Path(candidate).expanduser()).absolute()
            return str(path), look(path, seconds=SILENCE_SECONDS).is_folder
        except DiskSilentError:
            return str(path), False
        except (OSError, ValueError, RuntimeError):
            continue
    return None
