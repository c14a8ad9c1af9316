"""Rows of the database to records and back; called inside a transaction of the caller."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from omoai_engine.errors import NotInLibraryError
from omoai_engine.library.folding import exact, fold
from omoai_engine.library.records import (
    Entry,
    Segment,
    StoredMapping,
    words_from_json,
    words_to_json,
)
from omoai_engine.library.schema import KEY_BITS, KEYS

ENTRY_COLUMNS = (
    "id, created, title, source, state, duration, language, engine, model, words, audio, "
    "audio_path, metadata, deleted, revision, "
    "(SELECT group_concat(name, char(10)) FROM tag WHERE tag.entry = entry.id)"
)
# In the order of the table.
_SEGMENT_COLUMNS = "id, position, start, stop, text, confidence, speaker, edited, words"
_ADD_SEGMENT = "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ADD_INDEX = "INSERT INTO segment_index (rowid, exact, folded) VALUES (?, ?, ?)"
# Without a copy of the text, the index must be told what it forgets.
_FORGET = (
    "INSERT INTO segment_index (segment_index, rowid, exact, folded) VALUES ('delete', ?, ?, ?)"
)


def entry_of(row: Sequence[Any]) -> Entry:
    """Return the entry of a row of `ENTRY_COLUMNS`."""
    tags = tuple(sorted(row[15].split("\n"))) if row[15] else ()
    values = [*row[:12], tags, StoredMapping(row[12]), *row[13:15]]
    return Entry(*values)


def read_entry(connection: sqlite3.Connection, entry: int) -> Entry:
    """Return an entry, deleted ones too. Raises `NotInLibraryError`."""
    query = f"SELECT {ENTRY_COLUMNS} FROM entry WHERE id = ?"  # noqa: S608
    row = connection.execute(query, (entry,)).fetchone()
    if row is None:
        raise NotInLibraryError(
            f"there is no transcript {entry} in the library", hint="See: omoai library list"
        )
    return entry_of(row)


def span(entry: int) -> tuple[int, int]:
    """Return the first and the last row number that segments of `entry` can have."""
    return entry << KEY_BITS, (entry << KEY_BITS) + KEYS - 1


def read_segments(
    connection: sqlite3.Connection, entry: int, keys: Sequence[int] | None = None
) -> list[Segment]:
    """Return the segments of an entry in order: all, or those of `keys` that are there."""
    base = entry << KEY_BITS
    select = f"SELECT {_SEGMENT_COLUMNS} FROM segment WHERE id"  # noqa: S608
    if keys is None:
        rows: Iterable[Any] = connection.execute(f"{select} BETWEEN ? AND ?", span(entry))
    else:
        rows = (
            row
            for key in dict.fromkeys(keys)
            if 0 <= key < KEYS
            for row in connection.execute(f"{select} = ?", (base + key,))
        )
    found = [
        Segment(
            row[0] - base,
            row[1],
            row[2],
            row[3],
            row[4],
            row[5],
            row[6],
            words_from_json(row[8]),
            bool(row[7]),
        )
        for row in rows
    ]
    found.sort(key=lambda segment: segment.position)
    return found


def segments_since(connection: sqlite3.Connection, entry: int, key: int) -> list[Segment]:
    """Return the segments whose keys are above `key`, in order."""
    base, (_, last) = entry << KEY_BITS, span(entry)
    keys = connection.execute(
        "SELECT id - ? FROM segment WHERE id > ? AND id <= ?", (base, base + key, last)
    )
    return read_segments(connection, entry, [row[0] for row in keys])


def neighbour(
    connection: sqlite3.Connection, entry: int, position: str, *, before: bool
) -> Segment | None:
    """Return the segment next to a position."""
    sign, order = ("<", "DESC") if before else (">", "ASC")
    row = connection.execute(
        f"SELECT id FROM segment WHERE id BETWEEN ? AND ? AND position {sign} ? "  # noqa: S608
        f"ORDER BY position {order} LIMIT 1",
        (*span(entry), position),
    ).fetchone()
    if row is None:
        return None
    return read_segments(connection, entry, [row[0] - (entry << KEY_BITS)])[0]


def add_segments(connection: sqlite3.Connection, entry: int, segments: Iterable[Segment]) -> None:
    """Write segments and their words for searching."""
    base = entry << KEY_BITS
    new = list(segments)
    connection.executemany(
        _ADD_SEGMENT,
        [
            (
                base + s.key,
                s.position,
                s.start,
                s.end,
                s.text,
                s.confidence,
                s.speaker,
                int(s.edited),
                words_to_json(s.words),
            )
            for s in new
        ],
    )
    connection.executemany(_ADD_INDEX, [(base + s.key, exact(s.text), fold(s.text)) for s in new])


def drop_segments(connection: sqlite3.Connection, entry: int, keys: Iterable[int]) -> int:
    """Take segments out; return how many there were."""
    base = entry << KEY_BITS
    gone = 0
    for key in keys:
        row = connection.execute("SELECT text FROM segment WHERE id = ?", (base + key,)).fetchone()
        if row is not None:
            connection.execute(_FORGET, (base + key, exact(row[0]), fold(row[0])))
            connection.execute("DELETE FROM segment WHERE id = ?", (base + key,))
            gone += 1
    return gone


def touch(connection: sqlite3.Connection, entry: int, words: int) -> int:
    """Count one more change of an entry, `words` more or fewer; return its revision."""
    connection.execute(
        "UPDATE entry SET revision = revision + 1, words = max(words + ?, 0) WHERE id = ?",
        (words, entry),
    )
    row = connection.execute("SELECT revision FROM entry WHERE id = ?", (entry,)).fetchone()
    return int(row[0])


def count_words(segments: Iterable[Segment]) -> int:
    """Return how many words there are."""
    return sum(len(segment.text.split()) for segment in segments)
