"""Is everything in the library as it was put there? Reads, never writes."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from omoai_engine.far_files import Disk
from omoai_engine.library import sound
from omoai_engine.library.database import others_may_enter
from omoai_engine.text import shown_path

_MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it was; `entry` where one is concerned."""

    what: str
    hint: str
    entry: int | None = None
    serious: bool = True


def problems(connection: sqlite3.Connection, sound_folder: Path) -> list[Problem]:
    """Return what is wrong: with the file, the index, the originals, the audio."""
    with Disk() as disk:
        return _problems(connection, sound_folder, disk)


def _problems(connection: sqlite3.Connection, sound_folder: Path, disk: Disk) -> list[Problem]:
    found: list[Problem] = []
    for (row,) in connection.execute(f"PRAGMA integrity_check({_MOST_TOLD})"):
        if row != "ok":
            found.append(Problem(f"the file is damaged: {row}", "Export what can be read"))
    if others_may_enter(sound_folder.parent):
        found.append(
            Problem(
                f"others may enter the library's folder: {shown_path(sound_folder.parent)}",
                "Its files are closed to them; close the folder too: chmod 700",
                serious=False,
            )
        )
    for row in connection.execute("PRAGMA foreign_key_check").fetchmany(_MOST_TOLD):
        found.append(Problem(f"a row of {row[0]} belongs to nothing", "Export and import again"))
    segments, indexed = (
        connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
        for table in ("segment", "segment_index_docsize")
    )
    if segments != indexed:
        found.append(
            Problem(
                f"the search index knows {indexed} of {segments} segments",
                "Run: omoai library verify --repair",
            )
        )
    for entry, content, digest in connection.execute("SELECT entry, result, sha256 FROM original"):
        if hashlib.sha256(content).hexdigest() != digest:
            found.append(
                Problem("its original recognition is damaged", "Its text is still there", entry)
            )
    for entry, kind, name, mark in connection.execute(
        "SELECT id, audio, audio_path, audio_print FROM entry WHERE audio != 'none'"
    ):
        path = sound_folder / name if kind == "kept" else Path(name)
        try:
            same = sound.is_same(path, mark, disk)
        except OSError:
            found.append(
                Problem(
                    f"its audio is missing: {shown_path(path)}",
                    "Put the file back; the transcript is not concerned",
                    entry,
                    serious=kind == "kept",
                )
            )
            continue
        if not same:
            found.append(
                Problem(
                    f"its audio is not the same any more: {shown_path(path)}",
                    "The times of the transcript may not fit it",
                    entry,
                    serious=kind == "kept",
                )
            )
    return found
