"""The library's tables, version by version.

A migration brings the database from one version to the next inside one transaction; it never
drops what a person wrote. `PRAGMA user_version` counts them, `application_id` says whose it is.
A segment's row number is `entry * 2**24 + key`, so that a transcript is one run of rows and the
newest entry comes last in the index.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from omoai_engine.library.folding import exact, fold

APPLICATION_ID = 0x4F6D6F41  # "OmoA"
KEY_BITS = 24
KEYS = 1 << KEY_BITS

_TABLES = """
CREATE TABLE entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created REAL NOT NULL,
    title TEXT NOT NULL,
    title_folded TEXT NOT NULL,
    source TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('finished', 'interrupted', 'failed', 'recording')),
    duration REAL NOT NULL,
    language TEXT,
    engine TEXT,
    model TEXT,
    words INTEGER NOT NULL DEFAULT 0,
    audio TEXT NOT NULL DEFAULT 'none' CHECK (audio IN ('none', 'kept', 'referenced')),
    audio_path TEXT,
    audio_print TEXT,
    metadata TEXT NOT NULL DEFAULT '{}',
    deleted REAL,
    revision INTEGER NOT NULL DEFAULT 0,
    next_key INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX entry_by_date ON entry (deleted, created DESC, id DESC);
CREATE TABLE tag (
    name TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
    PRIMARY KEY (name, entry)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_by_entry ON tag (entry);
CREATE TABLE original (
    entry INTEGER PRIMARY KEY REFERENCES entry (id) ON DELETE CASCADE,
    result BLOB NOT NULL,
    sha256 TEXT NOT NULL
) STRICT;
CREATE TRIGGER original_stays BEFORE UPDATE ON original
BEGIN SELECT raise(ABORT, 'the original recognition never changes'); END;
CREATE TABLE report (
    entry INTEGER PRIMARY KEY REFERENCES entry (id) ON DELETE CASCADE,
    summary TEXT NOT NULL,
    paragraph_starts TEXT NOT NULL,
    bullet_keys TEXT NOT NULL
) STRICT;
CREATE TABLE segment (
    id INTEGER PRIMARY KEY,
    position TEXT NOT NULL,
    start REAL NOT NULL,
    stop REAL NOT NULL,
    text TEXT NOT NULL,
    confidence REAL,
    speaker TEXT,
    edited INTEGER NOT NULL DEFAULT 0,
    words TEXT NOT NULL
) STRICT;
CREATE TABLE operation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entry INTEGER NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
    created REAL NOT NULL,
    label TEXT NOT NULL,
    steps BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('done', 'undone', 'left'))
) STRICT;
CREATE INDEX operation_by_entry ON operation (entry, state, id);
CREATE TABLE suggestion (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entry INTEGER NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
    key INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    words TEXT NOT NULL,
    text TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'refused'))
) STRICT;
CREATE INDEX suggestion_by_entry ON suggestion (entry, key);
"""

# Without a copy of the text: the rows of `segment` are the only one.
_SEARCH = """
CREATE VIRTUAL TABLE segment_index USING fts5 (
    exact, folded, content='', tokenize="unicode61 remove_diacritics 0"
);
"""


def _tables(connection: sqlite3.Connection) -> None:
    _run(connection, _TABLES)


def _search(connection: sqlite3.Connection) -> None:
    _run(connection, _SEARCH)
    fill_index(connection)


def fill_index(connection: sqlite3.Connection) -> None:
    """Write the full-text index anew from the segments, inside the caller's transaction."""
    connection.execute("INSERT INTO segment_index (segment_index) VALUES ('delete-all')")
    connection.executemany(
        "INSERT INTO segment_index (rowid, exact, folded) VALUES (?, ?, ?)",
        (
            (row, exact(text), fold(text))
            for row, text in connection.execute("SELECT id, text FROM segment")
        ),
    )


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Run a script without the commit that `executescript` begins with."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""


Migration = Callable[[sqlite3.Connection], None]
MIGRATIONS: tuple[Migration, ...] = (_tables, _search)
"""`MIGRATIONS[n]` brings version n to n + 1."""
