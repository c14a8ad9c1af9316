"""What the import dialog asks of threads: the sound beside a transcript, and the import itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.message import Message

from omoai_tui.tasks import Post, Task


@dataclass(eq=False)
class Guessed(Message, bubble=False):
    """The sound that probably belongs to the transcript at `path`; "" for none."""

    path: str
    sound: str


@dataclass(eq=False)
class Imported(Message, bubble=False):
    """A transcript is in the library. `mended`: times that were mended; `guessed`: it had none."""

    entry: int
    title: str
    segments: int
    mended: int
    guessed: bool


def guess_task(path: str, post: Post) -> Task:
    """Return the task that posts `Guessed`."""

    def guess() -> None:
        from omoai_engine.library.companions import sound_beside

        found = sound_beside(Path(path).expanduser()) if path else None
        post(Guessed(path, str(found) if found else ""))

    return guess


def import_task(path: str, sound: str, overrides: dict[str, Any], post: Post) -> Task:
    """Return the task that puts a transcript into the library; raises one clear sentence."""

    def bring() -> None:
        from omoai_engine.config import load_config
        from omoai_engine.library import Library
        from omoai_engine.library.companions import import_file

        audio = Path(sound).expanduser().absolute() if sound else None
        config = load_config(**overrides)
        with Library.open(config) as library:
            entry, result = import_file(
                library,
                Path(path).expanduser().absolute(),
                audio,
                keep_audio=config.library.audio == "copy",
            )
            title = library.entry(entry).title
        post(
            Imported(
                entry,
                title,
                len(result.segments),
                int(result.metadata.get("mended", 0)),
                bool(result.metadata.get("times_guessed")),
            )
        )

    return bring
