"""A transcript of another program and the sound beside it, brought into the library together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from omoai_engine.errors import DiskSilentError, LibraryError, OmoAIError
from omoai_engine.far_files import is_file, list_folder
from omoai_engine.preprocess.media import MEDIA_SUFFIXES
from omoai_engine.results import PipelineResult
from omoai_engine.text import shown_path

if TYPE_CHECKING:
    from omoai_engine.library.library import Library

TRANSCRIPT_SUFFIXES = frozenset({".srt", ".vtt", ".json", ".txt"})
"""What a transcript of another program ends in."""
_MOST_NAMES = 20_000


def is_transcript_name(name: str) -> bool:
    """Say whether a file of this name is probably a transcript, by its suffix alone."""
    return Path(name).suffix.lower() in TRANSCRIPT_SUFFIXES


def sound_beside(transcript: Path) -> Path | None:
    """Return the sound or video that `transcript` was probably made of: `talk.mp3` for
    `talk.srt`, `talk.vi.srt`, `talk.mp3.json`; the longest name that fits. `None` for none.
    Raises `DiskSilentError`."""
    stem = transcript.stem.casefold()
    found: list[Path] = []
    try:
        beside = list_folder(transcript.parent, _MOST_NAMES, sizes=False)
    except DiskSilentError:
        raise
    except OSError:
        return None
    for entry in beside:
        other = transcript.parent / entry.name
        if entry.is_folder or other.suffix.lower() not in MEDIA_SUFFIXES:
            continue
        own = other.stem.casefold()
        if stem in (own, other.name.casefold()) or stem.startswith(f"{own}."):
            found.append(other)
    found.sort(key=lambda path: (-len(path.stem), path.name))
    return next((path for path in found if is_file(path)), None)


def import_file(
    library: Library, transcript: Path, sound: Path | None, *, keep_audio: bool = False
) -> tuple[int, PipelineResult]:
    """Read a transcript and put it into the library with its sound; return its number and itself.

    Raises `TranscriptFormatError` where it cannot be read, `LibraryError` where the sound is not
    there or the library cannot be written, `DiskSilentError`.
    """
    from omoai_engine.library.imports import read_transcript

    if sound is not None and not is_file(sound):
        raise LibraryError(
            "there is no such recording",
            where=shown_path(sound),
            hint="Check its name, or give none",
        )
    result = read_transcript(transcript, duration=_length(sound))
    entry = library.store(result, source=str(transcript), audio=sound, keep_audio=keep_audio)
    return entry, result


def _length(sound: Path | None) -> float | None:
    if sound is None:
        return None
    from omoai_engine.native_start import ask_for_room

    try:
        ask_for_room()
        from omoai_engine.preprocess import get_audio_info

        found = get_audio_info(sound)["duration"]
    except OmoAIError:
        # The transcript can be read without; playing will say what is wrong with the sound.
        return None
    return float(found) if found else None
