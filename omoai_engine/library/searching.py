"""Full-text search over every transcript, newest first, with and without Vietnamese marks."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Any

from omoai_engine.library.folding import highlights, index_query
from omoai_engine.library.records import Hit, SearchPage
from omoai_engine.library.schema import KEY_BITS

_SELECT_ANY = """
SELECT segment.id, segment.start, segment.stop, segment.text, segment.speaker,
       entry.title, entry.created
FROM segment_index
CROSS JOIN segment ON segment.id = segment_index.rowid
CROSS JOIN entry ON entry.id = segment.id >> {bits}
WHERE segment_index MATCH ? AND segment_index.rowid < ? AND segment_index.rowid >= ?
      AND {among}
ORDER BY segment_index.rowid {order}
"""
_END = (1 << 62) - 1
# What is not deleted needs no list of entries.
_ANY = "deleted IS NULL"


def search(
    connection: sqlite3.Connection,
    query: str,
    *,
    limit: int,
    per_entry: int,
    entry: int | None,
    before: Hit | None,
    among: tuple[str, list[object]] = (_ANY, []),
) -> SearchPage:
    """Return a page of hits: at most `per_entry` of one entry, `limit` in all.

    `entry` searches one transcript; `before` is the last hit of the page before; `among` is a
    condition on entries, and its values.
    """
    strict = index_query(query)
    if strict is None:
        return SearchPage(())
    low, high = (0, _END) if entry is None else (entry << KEY_BITS, (entry + 1) << KEY_BITS)
    if before is not None:
        high = before.entry << KEY_BITS
    hits, more = _hits(connection, query, strict, limit, per_entry, low, high, among)
    if hits or before is not None:
        return SearchPage(tuple(hits), more)
    loose = index_query(query, marks_count=False)
    if loose is None or loose == strict:
        return SearchPage(())
    hits, more = _hits(connection, query, loose, limit, per_entry, low, high, among)
    return SearchPage(tuple(hits), more, loosened=bool(hits))


def _hits(
    connection: sqlite3.Connection,
    query: str,
    expression: str,
    limit: int,
    per_entry: int,
    low: int,
    high: int,
    among: tuple[str, list[object]],
) -> tuple[list[Hit], bool]:
    condition, values = among
    among_entries = (
        "entry.deleted IS NULL"
        if condition == _ANY
        else f"entry.id IN (SELECT id FROM entry WHERE {condition})"  # noqa: S608
    )
    newest_first, in_order = (
        _SELECT_ANY.format(bits=KEY_BITS, among=among_entries, order=order)
        for order in ("DESC", "ASC LIMIT ?")
    )
    hits: list[Hit] = []
    seen: Counter[int] = Counter()
    while True:
        skipped = False
        for row in connection.execute(newest_first, (expression, high, low, *values)):
            entry = row[0] >> KEY_BITS
            if entry not in seen and len(hits) >= limit:
                return _by_time(hits), True
            if seen[entry] == per_entry:
                # Too many in one transcript: its first ones, then on with the next transcript.
                del hits[-per_entry:]
                high, skipped = entry << KEY_BITS, True
                bounds = (expression, (entry + 1) << KEY_BITS, high, *values, per_entry)
                hits += [_hit(first, query) for first in connection.execute(in_order, bounds)]
                break
            seen[entry] += 1
            hits.append(_hit(row, query))
        if not skipped:
            return _by_time(hits), False


def _hit(row: Sequence[Any], query: str) -> Hit:
    return Hit(
        entry=row[0] >> KEY_BITS,
        title=row[5],
        created=row[6],
        key=row[0] & ((1 << KEY_BITS) - 1),
        start=row[1],
        end=row[2],
        text=row[3],
        speaker=row[4],
        spans=tuple(highlights(row[3], query)),
    )


def _by_time(hits: list[Hit]) -> list[Hit]:
    """Put the hits of each entry in the order of the recording."""
    hits.sort(key=lambda hit: (-hit.entry, hit.start))
    return hits
