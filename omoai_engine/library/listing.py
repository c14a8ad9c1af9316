"""Entries by order and filter, tags, and what was deleted; called inside a transaction.

In: what is wanted. Out: entries without their text. `purge` alone writes: it removes for good.
"""

from __future__ import annotations

import sqlite3
from typing import Literal

from omoai_engine.library import rows
from omoai_engine.library.folding import fold
from omoai_engine.library.records import Entry, State
from omoai_engine.text import one_line

Order = Literal["created", "title", "duration", "state"]
_ORDERS = {
    "created": "created {0}, id {0}",
    "title": "title_folded {0}, id {0}",
    "duration": "duration {0}, id {0}",
    "state": "state {0}, id {0}",
}
_BEGINNING = 5


def clause(
    tag: str | None = None,
    state: State | None = None,
    title: str | None = None,
    *,
    deleted: bool = False,
) -> tuple[str, list[object]]:
    """Return the condition on rows of `entry`, and its values."""
    parts = ["deleted IS NOT NULL" if deleted else "deleted IS NULL"]
    values: list[object] = []
    if tag is not None:
        parts.append("id IN (SELECT entry FROM tag WHERE name = ?)")
        values.append(one_line(tag))
    if state is not None:
        parts.append("state = ?")
        values.append(state)
    if title:
        parts.append("instr(title_folded, ?)")
        values.append(fold(one_line(title)))
    return " AND ".join(parts), values


def entries(
    connection: sqlite3.Connection,
    condition: tuple[str, list[object]],
    order: Order,
    *,
    descending: bool,
    limit: int | None,
    offset: int,
) -> list[Entry]:
    """Return the entries of a `clause`."""
    where, values = condition
    by = _ORDERS[order].format("DESC" if descending else "ASC")
    query = f"SELECT {rows.ENTRY_COLUMNS} FROM entry WHERE {where} ORDER BY {by}"  # noqa: S608
    found = connection.execute(
        f"{query} LIMIT ? OFFSET ?", (*values, -1 if limit is None else limit, offset)
    )
    return [rows.entry_of(row) for row in found]


def count(connection: sqlite3.Connection, condition: tuple[str, list[object]]) -> int:
    """Return how many entries a `clause` has."""
    where, values = condition
    query = f"SELECT count(*) FROM entry WHERE {where}"  # noqa: S608
    return int(connection.execute(query, values).fetchone()[0])


def tags(connection: sqlite3.Connection) -> dict[str, int]:
    """Return every tag with the number of its entries, by name."""
    return dict(
        connection.execute(
            "SELECT name, count(*) FROM tag JOIN entry ON entry.id = tag.entry "
            "WHERE deleted IS NULL GROUP BY name ORDER BY name"
        ).fetchall()
    )


def beginning(connection: sqlite3.Connection, entry: int) -> str:
    """Return the text of the first segments of an entry."""
    found = connection.execute(
        "SELECT text FROM segment WHERE id BETWEEN ? AND ? ORDER BY position LIMIT ?",
        (*rows.span(entry), _BEGINNING),
    )
    return " ".join(text for (text,) in found)


def purge(connection: sqlite3.Connection, condition: str, value: float) -> list[tuple[int, str]]:
    """Remove deleted entries for good, with their text; return their numbers and, of those whose
    audio was kept, its name (else "")."""
    gone = connection.execute(
        f"SELECT id, audio, audio_path FROM entry WHERE deleted IS NOT NULL AND {condition}",  # noqa: S608
        (value,),
    ).fetchall()
    for entry, _, _ in gone:
        keys = connection.execute(
            "SELECT id FROM segment WHERE id BETWEEN ? AND ?", rows.span(entry)
        ).fetchall()
        base = rows.span(entry)[0]
        rows.drop_segments(connection, entry, [row - base for (row,) in keys])
        connection.execute("DELETE FROM entry WHERE id = ?", (entry,))
    return [(entry, name if kind == "kept" and name else "") for entry, kind, name in gone]
