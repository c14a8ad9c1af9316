"""A job's result on its way into the library; called inside a transaction of the caller.

In: a `PipelineResult` and an entry that may hold segments already, edited ones among them. Out:
rows; nothing that a person wrote is replaced.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from omoai_engine.errors import LibraryError
from omoai_engine.export.json_format import to_document
from omoai_engine.library import editing, rows
from omoai_engine.library.rebasing import rebase
from omoai_engine.library.records import Segment, State, sound_time
from omoai_engine.results import ASRResult, ASRSegment, PipelineResult, SummaryResult
from omoai_engine.text import one_line


def finish(
    connection: sqlite3.Connection,
    entry: int,
    result: PipelineResult,
    state: State | None,
) -> None:
    """Put the result of a job into its entry; what a person edited meanwhile stays.

    Raises `LibraryError` where the entry is finished already.
    """
    if rows.read_entry(connection, entry).state != "recording":
        raise LibraryError(
            f"transcript {entry} is finished already", hint="Store the result as a new one"
        )
    current = rows.read_segments(connection, entry)
    base = _base(connection, entry)
    next_key = editing.take_keys(connection, entry, 0)
    final = [sound_segment(segment) for segment in result.segments]
    rebased = rebase(base, current, final, next_key=next_key)
    used = max((segment.key for segment in rebased.segments), default=-1) + 1
    editing.take_keys(connection, entry, max(used - next_key, 0))
    known = {segment.key: segment for segment in current}
    fresh = [s for s in rebased.segments if known.get(s.key) != s]
    stay = {s.key for s in rebased.segments} - {s.key for s in fresh}
    rows.drop_segments(connection, entry, [key for key in known if key not in stay])
    rows.add_segments(connection, entry, fresh)
    document = json.dumps(to_document(result), ensure_ascii=False, separators=(",", ":"))
    packed = zlib.compress(document.encode("utf-8", "backslashreplace"), 1)
    connection.execute(
        "INSERT INTO original VALUES (?, ?, ?)",
        (entry, packed, hashlib.sha256(packed).hexdigest()),
    )
    _report(connection, entry, result, rebased.keys)
    texts = {segment.key: segment for segment in rebased.segments}
    for one in result.suggestions:
        key = rebased.keys[one.segment] if one.segment < len(rebased.keys) else None
        if key is None or (segment := texts[key]).edited:
            continue
        words = " ".join(segment.text.split()[one.first : one.last + 1])
        connection.execute(
            "INSERT INTO suggestion (entry, key, first, last, words, text, state) "
            "VALUES (?, ?, ?, ?, ?, ?, 'open')",
            (entry, key, one.first, one.last, words, one_line(one.text)),
        )
    info = {**(result.asr.metadata if result.asr else {}), **result.metadata}
    end = max((segment.end for segment in rebased.segments), default=0.0)
    cancelled = bool(result.metadata.get("cancelled"))
    connection.execute(
        "UPDATE entry SET state = ?, duration = ?, language = ?, engine = ?, model = ?, "
        "words = ?, metadata = ?, revision = revision + 1 WHERE id = ?",
        (
            state or ("interrupted" if cancelled else "finished"),
            sound_time(result.performance.get("audio_duration", 0.0)) or end,
            _named(info, "language"),
            _named(info, "engine", "recognizer"),
            _named(info, "model"),
            rows.count_words(rebased.segments),
            json.dumps(to_document(_bare(result))["metadata"], ensure_ascii=False),
            entry,
        ),
    )


def interrupt(connection: sqlite3.Connection, entry: int) -> None:
    """Let an entry whose job will give no result be an interrupted one: what was recognised is
    its original, what a person made of it stays."""
    found = rows.read_entry(connection, entry)
    heard = [segment.asr() for segment in _base(connection, entry)]
    spoken = " ".join(segment.text for segment in heard)
    duration = max((segment.end for segment in heard), default=0.0)
    result = PipelineResult(
        tuple(heard),
        spoken,
        spoken,
        SummaryResult("", (), "", metadata={"method": "none"}),
        {},
        {"audio_duration": duration},
        {"source": found.source, "cancelled": True},
        asr=ASRResult(tuple(heard), spoken, duration),
    )
    finish(connection, entry, result, "interrupted")


def resume(connection: sqlite3.Connection, entry: int) -> None:
    """Let an entry wait for a result again; what its job had given until then makes room for it.

    Raises `LibraryError` where it is finished, running or deleted.
    """
    found = rows.read_entry(connection, entry)
    if found.state not in ("interrupted", "failed") or found.deleted is not None:
        raise LibraryError(f"transcript {entry} waits for nothing", hint="Begin a new one")
    for table in ("original", "report", "suggestion"):
        connection.execute(f"DELETE FROM {table} WHERE entry = ?", (entry,))  # noqa: S608
    connection.execute(
        "UPDATE entry SET state = 'recording', revision = revision + 1 WHERE id = ?", (entry,)
    )


def _base(connection: sqlite3.Connection, entry: int) -> list[Segment]:
    """Return the segments as they came, whatever a person did to them since."""
    current = rows.read_segments(connection, entry)
    removed = editing.removed_originals(connection, entry)
    there = {segment.key for segment in current if not segment.edited}
    base = [s for s in current if not s.edited] + [s for s in removed if s.key not in there]
    return sorted(base, key=lambda segment: segment.position)


def _report(
    connection: sqlite3.Connection,
    entry: int,
    result: PipelineResult,
    keys: Sequence[int | None],
) -> None:
    def kept(indices: Iterable[int]) -> list[int]:
        return [k for i in indices if 0 <= i < len(keys) and (k := keys[i]) is not None]

    document = to_document(_bare(result))["summary"]
    connection.execute(
        "INSERT INTO report VALUES (?, ?, ?, ?)",
        (
            entry,
            json.dumps(document, ensure_ascii=False),
            json.dumps(kept(paragraph.first for paragraph in result.paragraphs)),
            json.dumps([kept(support) for support in result.summary.bullet_segments]),
        ),
    )


def sound_segment(segment: ASRSegment) -> ASRSegment:
    """Return a segment whose times are finite, in order and not negative, its text clean."""
    start = sound_time(segment.start)
    end = sound_time(segment.end, start)
    words = []
    for word in segment.words:
        begins = sound_time(word.start, start)
        words.append(replace(word, start=begins, end=sound_time(word.end, begins)))
    return replace(
        segment,
        start=start,
        end=end,
        text=one_line(segment.text),
        words=tuple(words),
        speaker=one_line(segment.speaker) if segment.speaker else None,
    )


def _named(info: Mapping[str, Any], *names: str) -> str | None:
    for name in names:
        if isinstance(value := info.get(name), str) and value:
            return one_line(value)
    return None


def _bare(result: PipelineResult) -> PipelineResult:
    return replace(result, segments=(), paragraphs=(), asr=None, suggestions=())
