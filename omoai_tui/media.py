"""Which files the picker shows: names that FFmpeg's common containers end in, and folders.

Reading a folder happens in a thread of its own, because a mount may be stalled.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from omoai_engine.text import one_line, shown_path

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
    """Return the entries of a folder, folders first, and why it cannot be read (else "")."""
    entries = []
    try:
        with os.scandir(path) as scan:
            for item in scan:
                if item.name.startswith("."):
                    continue
                try:
                    folder = item.is_dir()
                    size = 0 if folder else item.stat().st_size
                except OSError:
                    folder, size = False, 0
                media = not folder and is_media(item.name)
                entries.append(Entry(item.path, shown_path(item.name), folder, media, size))
                if len(entries) >= MOST_ENTRIES:
                    break
    except OSError as error:
        return [], one_line(error.strerror or type(error).__name__)
    entries.sort(key=lambda entry: (not entry.folder, entry.name.lower()))
    return entries, ""


def pasted_path(text: str, folder: str = "") -> str | None:
    """Return the existing file or folder that pasted text names, or `None`.

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
            if path.exists():
                return str(path)
        except (OSError, ValueError, RuntimeError):
            continue
    return None
