"""Whole transcripts out of the database; called inside a transaction of the caller."""

from __future__ import annotations

import json
import sqlite3
import zlib

from omoai_engine.export.json_format import from_document
from omoai_engine.library import rows
from omoai_engine.library.records import StoredSuggestion, Transcript
from omoai_engine.results import PipelineResult, SummaryResult


def read_transcript(connection: sqlite3.Connection, entry: int) -> Transcript:
    """Return an entry with its text as it stands. Raises `NotInLibraryError`."""
    found = rows.read_entry(connection, entry)
    segments = tuple(rows.read_segments(connection, entry))
    row = connection.execute(
        "SELECT summary, paragraph_starts, bullet_keys FROM report WHERE entry = ?", (entry,)
    ).fetchone()
    if row is None:
        return Transcript(found, segments, SummaryResult("", (), ""))
    summary = json.loads(row[0])
    return Transcript(
        found,
        segments,
        SummaryResult(
            summary["title"],
            tuple(bullet["text"] for bullet in summary["bullets"]),
            summary["abstract"],
            summary["metadata"],
        ),
        frozenset(json.loads(row[1])),
        tuple(tuple(keys) for keys in json.loads(row[2])),
    )


def read_original(
    connection: sqlite3.Connection, entry: int, *, segments: bool = True
) -> PipelineResult | None:
    """Return what the job gave, `None` for nothing yet; without its `segments` where nobody
    looks at them: half of the work for a long one."""
    row = connection.execute("SELECT result FROM original WHERE entry = ?", (entry,)).fetchone()
    if row is None:
        return None
    document = json.loads(zlib.decompress(row[0]))
    if not segments:
        document |= {"segments": [], "paragraphs": [], "suggestions": []}
    return from_document(document)


def read_suggestions(connection: sqlite3.Connection, entry: int) -> list[StoredSuggestion]:
    """Return what the language model would have written, in the order it came."""
    return [
        StoredSuggestion(*row)
        for row in connection.execute(
            "SELECT id, key, first, last, words, text, state FROM suggestion "
            "WHERE entry = ? ORDER BY id",
            (entry,),
        )
    ]
