"""Edits in the database: made, logged, taken back, made again; each on the disk when it returns.

The log keeps every edit with what it took away and what it brought, so that undo and redo have
no limit and outlive the program. An edit after an undo leaves the undone ones in the history,
marked as left.
"""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from collections.abc import Sequence

from omoai_engine.errors import EditError, NotInLibraryError
from omoai_engine.library import edits, rows
from omoai_engine.library.edits import (
    Edit,
    Merge,
    Recognize,
    RenameSpeaker,
    Replace,
    SetTimes,
    Split,
)
from omoai_engine.library.records import (
    EditOutcome,
    HistoryItem,
    Segment,
    Step,
    step_from_data,
    step_to_data,
)
from omoai_engine.library.schema import KEY_BITS, KEYS


def make(
    connection: sqlite3.Connection, entry: int, wanted: Sequence[Edit], label: str | None
) -> EditOutcome:
    """Make edits as one line of the history. Raises `EditError`, `NotInLibraryError`."""
    revision = _editable(connection, entry)
    steps = []
    for edit in wanted:
        step = _step(connection, entry, edit)
        if step.removed or step.added:
            _apply(connection, entry, step)
            steps.append(step)
    name = label or (edits.label(wanted[0]) if len(wanted) == 1 else "Edit")
    if not steps:
        return EditOutcome(name, (), revision)
    return log(connection, entry, name, steps)


def log(
    connection: sqlite3.Connection, entry: int, label: str, steps: Sequence[Step]
) -> EditOutcome:
    """Write steps that were made into the history."""
    connection.execute(
        "UPDATE operation SET state = 'left' WHERE entry = ? AND state = 'undone'", (entry,)
    )
    data = json.dumps([step_to_data(step) for step in steps], ensure_ascii=False)
    connection.execute(
        "INSERT INTO operation (entry, created, label, steps, state) VALUES (?, ?, ?, ?, 'done')",
        (entry, time.time(), label, zlib.compress(data.encode(), 1)),
    )
    return EditOutcome(label, tuple(steps), _counted(connection, entry, steps))


def undo(connection: sqlite3.Connection, entry: int) -> EditOutcome | None:
    """Take the last edit back; `None` where there is none."""
    return _travel(connection, entry, "done", "undone", "DESC")


def redo(connection: sqlite3.Connection, entry: int) -> EditOutcome | None:
    """Make the edit that was taken back last again; `None` where there is none."""
    return _travel(connection, entry, "undone", "done", "ASC")


def history(connection: sqlite3.Connection, entry: int) -> list[HistoryItem]:
    """Return the edits of an entry, oldest first, without those that were left."""
    return [
        HistoryItem(created, label, state == "undone")
        for created, label, state in connection.execute(
            "SELECT created, label, state FROM operation WHERE entry = ? AND state != 'left' "
            "ORDER BY id",
            (entry,),
        )
    ]


def removed_originals(connection: sqlite3.Connection, entry: int) -> list[Segment]:
    """Return the segments that stood there before a person changed them."""
    found: dict[int, Segment] = {}
    for (data,) in connection.execute(
        "SELECT steps FROM operation WHERE entry = ? AND state = 'done' ORDER BY id", (entry,)
    ):
        for step in _steps(data):
            for segment in step.removed:
                if not segment.edited:
                    found.setdefault(segment.key, segment)
    return list(found.values())


def _travel(
    connection: sqlite3.Connection, entry: int, state: str, to: str, order: str
) -> EditOutcome | None:
    _editable(connection, entry)
    row = connection.execute(
        "SELECT id, label, steps FROM operation WHERE entry = ? AND state = ? "  # noqa: S608
        f"ORDER BY id {order} LIMIT 1",
        (entry, state),
    ).fetchone()
    if row is None:
        return None
    number, label, data = row
    steps = _steps(data)
    if to == "undone":
        steps = [step.inverse() for step in reversed(steps)]
    for step in steps:
        _apply(connection, entry, step)
    connection.execute("UPDATE operation SET state = ? WHERE id = ?", (to, number))
    return EditOutcome(label, tuple(steps), _counted(connection, entry, steps))


def _steps(data: bytes) -> list[Step]:
    return [step_from_data(step) for step in json.loads(zlib.decompress(data))]


def _counted(connection: sqlite3.Connection, entry: int, steps: Sequence[Step]) -> int:
    words = sum(rows.count_words(step.added) - rows.count_words(step.removed) for step in steps)
    return rows.touch(connection, entry, words)


def _editable(connection: sqlite3.Connection, entry: int) -> int:
    found = rows.read_entry(connection, entry)
    if found.deleted is not None:
        raise EditError(
            f"transcript {entry} is deleted", hint=f"First: omoai library restore {entry}"
        )
    return found.revision


def _apply(connection: sqlite3.Connection, entry: int, step: Step) -> None:
    gone = rows.drop_segments(connection, entry, [segment.key for segment in step.removed])
    if gone != len(step.removed):
        raise NotInLibraryError(
            "a segment is no longer there", hint="It was changed meanwhile; look again"
        )
    rows.add_segments(connection, entry, step.added)


def _step(connection: sqlite3.Connection, entry: int, edit: Edit) -> Step:
    chosen = edits.pick(*_chosen(connection, entry, edit))
    before = after = None
    if isinstance(edit, Split | Merge | SetTimes | Recognize) and chosen:
        before = rows.neighbour(connection, entry, chosen[0].position, before=True)
        after = rows.neighbour(connection, entry, chosen[-1].position, before=False)
    if isinstance(edit, Merge | Recognize):
        _follow_each_other(connection, entry, chosen)
    new_key = take_keys(connection, entry, edits.new_keys(edit))
    return edits.apply(edit, chosen, before=before, after=after, new_key=new_key)


def _chosen(
    connection: sqlite3.Connection, entry: int, edit: Edit
) -> tuple[list[Segment], list[int]]:
    """Return the segments an edit speaks of, and their keys: no more than need be read."""
    keys = edits.keys_of(edit)
    base = entry << KEY_BITS
    wanted: list[int]
    if keys is not None:
        wanted = list(keys)
    else:
        texts = connection.execute(
            "SELECT id - ?, text, speaker FROM segment WHERE id BETWEEN ? AND ?",
            (base, *rows.span(entry)),
        )
        if isinstance(edit, Replace):
            wanted = [key for key, text, _ in texts if edits.found_in(edit, text)]
        elif isinstance(edit, RenameSpeaker):
            wanted = [key for key, _, speaker in texts if speaker == edit.old]
        else:
            wanted = []
    return rows.read_segments(connection, entry, wanted), wanted


def _follow_each_other(
    connection: sqlite3.Connection, entry: int, chosen: Sequence[Segment]
) -> None:
    if not chosen:
        return
    between = connection.execute(
        "SELECT count(*) FROM segment WHERE id BETWEEN ? AND ? AND position BETWEEN ? AND ?",
        (*rows.span(entry), chosen[0].position, chosen[-1].position),
    ).fetchone()[0]
    if between != len(chosen):
        raise EditError(
            "only segments that follow each other can be taken together",
            hint="Choose those between them too",
        )


def take_keys(connection: sqlite3.Connection, entry: int, count: int) -> int:
    """Return the first of `count` keys that no segment of the entry has or had."""
    row = connection.execute("SELECT next_key FROM entry WHERE id = ?", (entry,)).fetchone()
    first = int(row[0])
    if first + count > KEYS:
        raise EditError(
            "the transcript has had 16 million segments, more than one can hold",
            hint="Export it and import it again",
        )
    connection.execute("UPDATE entry SET next_key = ? WHERE id = ?", (first + count, entry))
    return first
