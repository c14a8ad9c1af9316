"""The library: every transcript of a person, in one SQLite file, with the audio beside it.

Every call is safe from any thread and beside other processes. A call that changes something has
it on the disk when it returns, or raises and changed nothing. Nothing here is shown or asked:
deleting can be taken back until `purge`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from omoai_engine.errors import LibraryError, NotInLibraryError
from omoai_engine.library import editing, finishing, listing, reading, rows, searching, sound
from omoai_engine.library.collecting import no_collecting
from omoai_engine.library.database import Database
from omoai_engine.library.differences import Difference, diff
from omoai_engine.library.edits import Edit, EditText
from omoai_engine.library.folding import fold
from omoai_engine.library.listing import Order
from omoai_engine.library.rebasing import from_asr
from omoai_engine.library.records import (
    STATES,
    AudioKind,
    EditOutcome,
    Entry,
    HistoryItem,
    Hit,
    SearchPage,
    Segment,
    State,
    Step,
    StoredSuggestion,
    Transcript,
    first_position,
    sound_time,
)
from omoai_engine.library.results import current_result
from omoai_engine.library.verifying import Problem, problems
from omoai_engine.results import ASRSegment, PipelineResult
from omoai_engine.silent_places import ask_for_place
from omoai_engine.text import clean_text, one_line
from omoai_engine.trusted_clock import trusted_before

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig

FILE_NAME = "library.sqlite3"
_LONGEST_TITLE = 500
_LONGEST_TAG = 100


def library_folder(config: OmoAIConfig) -> Path:
    """Return the folder of the library; it need not exist yet.

    Raises `ConfigError` where it lies on a disk that does not answer.
    """
    if config.library.folder is not None:
        folder = config.library.folder.expanduser().absolute()
    else:
        folder = platformdirs.user_data_path("omoai").absolute() / "library"
    ask_for_place(folder)  # the usual one may be a link to another disk
    return folder


class Library:
    """The library in `folder`, which is made where it is missing. Raises `LibraryError`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._database = Database(folder / FILE_NAME)

    @classmethod
    def open(cls, config: OmoAIConfig) -> Library:
        """Return the library that the configuration names."""
        return cls(library_folder(config))

    def close(self) -> None:
        """Close the file, for every thread."""
        self._database.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Coming in

    def store(
        self,
        result: PipelineResult,
        *,
        source: str | None = None,
        title: str | None = None,
        audio: Path | None = None,
        keep_audio: bool = False,
        state: State | None = None,
        tags: Iterable[str] = (),
        created: float | None = None,
    ) -> int:
        """Put a finished (or stopped) job into the library; return its number.

        `audio` is referred to where it lies, or copied with `keep_audio`. Raises `LibraryError`.
        """
        entry = self.begin(
            source or str(result.metadata.get("source", "")),
            title=title,
            audio=audio,
            keep_audio=keep_audio,
            created=created,
            result=result,
            state=state,
        )
        for tag in tags:
            self.tag(entry, tag)
        return entry

    def begin(
        self,
        source: str,
        *,
        title: str | None = None,
        audio: Path | None = None,
        keep_audio: bool = False,
        created: float | None = None,
        result: PipelineResult | None = None,
        state: State | None = None,
    ) -> int:
        """Make an entry for a job or a recording that runs; return its number.

        It is `recording` until `finish`, or finished at once with `result`.
        """
        shown = one_line(title or _stem(source))[:_LONGEST_TITLE] or "Untitled"
        kind, name, mark = self._take_sound(audio, keep_copy=keep_audio)
        try:
            with self._database.writing() as connection:
                cursor = connection.execute(
                    "INSERT INTO entry (created, title, title_folded, source, state, duration, "
                    "audio, audio_path, audio_print) VALUES (?, ?, ?, ?, 'recording', 0, ?, ?, ?)",
                    (
                        time.time() if created is None else sound_time(created),
                        shown,
                        fold(shown),
                        clean_text(source),
                        kind,
                        name,
                        mark,
                    ),
                )
                entry = int(cursor.lastrowid or 0)
                if result is not None:
                    finishing.finish(connection, entry, result, state)
        except BaseException:
            if kind == "kept" and name is not None:
                (self._sound_folder() / name).unlink(missing_ok=True)
            raise
        return entry

    def append(self, entry: int, segments: Sequence[ASRSegment]) -> tuple[Segment, ...]:
        """Add segments that a running job has recognised; return them with their keys."""
        with self._database.writing() as connection:
            first = editing.take_keys(connection, entry, len(segments))
            low, high = rows.span(entry)
            last = connection.execute(
                "SELECT max(position) FROM segment WHERE id BETWEEN ? AND ?", (low, high)
            ).fetchone()[0]
            index = max(first, int((last or "")[:8].ljust(8, "0")))
            new = [
                from_asr(finishing.sound_segment(segment), first + at, first_position(index + at))
                for at, segment in enumerate(segments)
            ]
            rows.add_segments(connection, entry, new)
            rows.touch(connection, entry, rows.count_words(new))
            connection.execute(
                "UPDATE entry SET duration = max(duration, ?) WHERE id = ?",
                (max((segment.end for segment in new), default=0.0), entry),
            )
        return tuple(new)

    def finish(self, entry: int, result: PipelineResult, *, state: State | None = None) -> None:
        """Put the result of a job into its entry; what a person edited meanwhile stays."""
        with self._database.writing() as connection:
            finishing.finish(connection, entry, result, state)

    def interrupt(self, entry: int) -> None:
        """Let an entry whose job gives no result be interrupted, with what was recognised."""
        with self._database.writing() as connection:
            finishing.interrupt(connection, entry)

    def resume(self, entry: int) -> None:
        """Let an interrupted or failed entry be one that is recorded again: its job goes on.

        Segments and edits stay; `finish` brings the result. Raises `LibraryError` for others.
        """
        with self._database.writing() as connection:
            finishing.resume(connection, entry)

    def set_state(self, entry: int, state: State) -> None:
        """Say how a job ended that gave no result."""
        if state not in STATES:
            raise LibraryError(f"there is no state {state!r}", hint=f"One of {', '.join(STATES)}")
        self._change(entry, "state = ?", state)

    # Looking

    def entries(
        self,
        *,
        limit: int | None = None,
        offset: int = 0,
        order: Order = "created",
        descending: bool = True,
        tag: str | None = None,
        state: State | None = None,
        title: str | None = None,
        deleted: bool = False,
    ) -> list[Entry]:
        """Return entries without their text, newest first; `title` is a part of it, with or
        without marks; `deleted` gives the deleted ones instead."""
        with self._database.reading() as connection, no_collecting():
            return listing.entries(
                connection,
                listing.clause(tag, state, title, deleted=deleted),
                order,
                descending=descending,
                limit=limit,
                offset=offset,
            )

    def count(
        self,
        *,
        tag: str | None = None,
        state: State | None = None,
        title: str | None = None,
        deleted: bool = False,
    ) -> int:
        """Return how many entries there are."""
        with self._database.reading() as connection:
            return listing.count(connection, listing.clause(tag, state, title, deleted=deleted))

    def entry(self, entry: int) -> Entry:
        """Return one entry. Raises `NotInLibraryError`."""
        with self._database.reading() as connection:
            return rows.read_entry(connection, entry)

    def transcript(self, entry: int) -> Transcript:
        """Return an entry with its text as it stands. Raises `NotInLibraryError`."""
        with self._database.reading() as connection, no_collecting():
            return reading.read_transcript(connection, entry)

    def segments_since(self, entry: int, key: int) -> list[Segment]:
        """Return the segments that came after the one with this key: those of a running job."""
        with self._database.reading() as connection:
            return rows.segments_since(connection, entry, key)

    def result(self, entry: int) -> PipelineResult:
        """Return the transcript as it stands as a result, for export: paragraphs and the
        supports of the summary follow the edits; `asr` is the recogniser's own."""
        with self._database.reading() as connection, no_collecting():
            transcript = reading.read_transcript(connection, entry)
            original = reading.read_original(connection, entry, segments=False)
            suggestions = reading.read_suggestions(connection, entry)
            return current_result(transcript, original, suggestions)

    def original(self, entry: int) -> PipelineResult | None:
        """Return what the job gave, untouched; `None` where it gave nothing yet."""
        with self._database.reading() as connection, no_collecting():
            rows.read_entry(connection, entry)
            return reading.read_original(connection, entry)

    def diff(self, entry: int) -> tuple[Difference, ...]:
        """Return what differs between the job's result and the text as it stands."""
        with self._database.reading() as connection:
            transcript = reading.read_transcript(connection, entry)
            original = reading.read_original(connection, entry)
        before = original.segments if original else ()
        return diff(before, [segment.asr() for segment in transcript.segments])

    def search(
        self,
        query: str,
        *,
        limit: int = 50,
        per_entry: int = 5,
        entry: int | None = None,
        before: Hit | None = None,
        tag: str | None = None,
        state: State | None = None,
    ) -> SearchPage:
        """Return segments that hold every word of `query`, newest transcript first.

        A word with marks finds that word alone; without any, every word that reads so; where a
        query with marks finds nothing, its marks are left out and the page says `loosened`.
        `"two words"` stand together, `begin*` finds beginnings. The next page is asked for with
        `before`, the last hit of this one; `tag` and `state` are as for `entries`.
        """
        with self._database.reading() as connection:
            return searching.search(
                connection,
                clean_text(query),
                limit=limit,
                per_entry=per_entry if entry is None else limit,
                entry=entry,
                before=before,
                among=listing.clause(tag, state),
            )

    def audio_file(self, entry: int) -> Path | None:
        """Return where the audio lies, whether or not it is still there; `None` for none."""
        found = self.entry(entry)
        if found.audio_path is None:
            return None
        return (
            self._sound_folder() / found.audio_path
            if found.audio == "kept"
            else Path(found.audio_path)
        )

    # Tags, titles, deleting

    def rename(self, entry: int, title: str) -> None:
        """Give an entry another title."""
        shown = one_line(title)[:_LONGEST_TITLE]
        if not shown:
            raise LibraryError("a title cannot be empty", hint="Give it some letters")
        self._change(entry, "title = ?, title_folded = ?", shown, fold(shown))

    def tag(self, entry: int, name: str) -> None:
        """Add a tag."""
        tag = one_line(name)[:_LONGEST_TAG]
        if not tag:
            raise LibraryError("a tag cannot be empty", hint="Give it some letters")
        with self._database.writing() as connection:
            rows.read_entry(connection, entry)
            connection.execute("INSERT OR IGNORE INTO tag VALUES (?, ?)", (tag, entry))

    def untag(self, entry: int, name: str) -> None:
        """Take a tag away."""
        with self._database.writing() as connection:
            connection.execute(
                "DELETE FROM tag WHERE name = ? AND entry = ?", (one_line(name), entry)
            )

    def tags(self) -> dict[str, int]:
        """Return every tag with the number of its entries, by name."""
        with self._database.reading() as connection:
            return listing.tags(connection)

    def beginning(self, entry: int) -> str:
        """Return the first sentences of an entry, to know it by."""
        with self._database.reading() as connection:
            return listing.beginning(connection, entry)

    def delete(self, entry: int) -> None:
        """Delete an entry; `restore` brings it back until `purge`."""
        self._change(entry, "deleted = coalesce(deleted, ?)", time.time())

    def restore(self, entry: int) -> None:
        """Bring a deleted entry back."""
        self._change(entry, "deleted = NULL")

    def purge(self, *, older_than_days: float) -> int:
        """Remove for good what was deleted so long ago, its kept audio too; return how many.

        After a jump of the clock nothing goes until it has been steady for so many days.
        """
        before = trusted_before(self._database.path.parent, time.time(), older_than_days)
        return self._purge("deleted <= ?", before) if before is not None else 0

    def remove(self, entry: int) -> None:
        """Remove a deleted entry for good, at once. Raises `NotInLibraryError` for others."""
        if not self._purge("id = ?", entry):
            raise NotInLibraryError(
                f"transcript {entry} is not among the deleted ones", hint="Delete it first"
            )

    def _purge(self, condition: str, value: float) -> int:
        with self._database.writing() as connection:
            gone = listing.purge(connection, condition, value)
        for _, name in gone:
            if name:
                with suppress(OSError):
                    (self._sound_folder() / name).unlink(missing_ok=True)
        return len(gone)

    # Editing

    def edit(self, entry: int, *edits: Edit, label: str | None = None) -> EditOutcome:
        """Make edits as one step of the history: all, or none. Raises `EditError`."""
        with self._database.writing() as connection:
            return editing.make(connection, entry, edits, label)

    def undo(self, entry: int) -> EditOutcome | None:
        """Take the last edit back; `None` where there is none left."""
        with self._database.writing() as connection:
            return editing.undo(connection, entry)

    def redo(self, entry: int) -> EditOutcome | None:
        """Make the edit again that was taken back last; `None` where there is none."""
        with self._database.writing() as connection:
            return editing.redo(connection, entry)

    def history(self, entry: int) -> list[HistoryItem]:
        """Return the edits of an entry, oldest first; the undone ones last."""
        with self._database.reading() as connection:
            return editing.history(connection, entry)

    def restore_original(self, entry: int) -> EditOutcome:
        """Bring the job's own result back as the text; can be undone like any edit."""
        original = self.original(entry)
        if original is None:
            raise NotInLibraryError(f"transcript {entry} has no original yet")
        return self.replace_text(entry, original.segments, label="Restore the original")

    def replace_text(
        self, entry: int, segments: Sequence[ASRSegment], *, label: str
    ) -> EditOutcome:
        """Put other segments in the place of all; can be undone like any edit."""
        with self._database.writing() as connection:
            rows.read_entry(connection, entry)
            old = rows.read_segments(connection, entry)
            first = editing.take_keys(connection, entry, len(segments))
            new = [
                replace(
                    from_asr(finishing.sound_segment(one), first + at, first_position(at)),
                    edited=True,
                )
                for at, one in enumerate(segments)
            ]
            rows.drop_segments(connection, entry, [segment.key for segment in old])
            rows.add_segments(connection, entry, new)
            return editing.log(connection, entry, label, [Step(tuple(old), tuple(new))])

    def suggestions(self, entry: int) -> list[StoredSuggestion]:
        """Return what the language model would have written, in the order it came."""
        with self._database.reading() as connection:
            return reading.read_suggestions(connection, entry)

    def settle(self, entry: int, suggestion: int, *, accept: bool) -> EditOutcome | None:
        """Take a suggestion into the text, or refuse it. Raises `EditError` where the words
        it was made for are no longer there."""
        with self._database.writing() as connection:
            found = next(
                (s for s in reading.read_suggestions(connection, entry) if s.id == suggestion), None
            )
            if found is None:
                raise NotInLibraryError(f"there is no suggestion {suggestion}")
            connection.execute(
                "UPDATE suggestion SET state = ? WHERE id = ?",
                ("accepted" if accept else "refused", suggestion),
            )
            if not accept:
                return None
            here = rows.read_segments(connection, entry, [found.key])
            tokens = here[0].text.split() if here else []
            if " ".join(tokens[found.first : found.last + 1]) != found.words:
                raise NotInLibraryError(
                    "the words of the suggestion are no longer there", hint="Edit the text instead"
                )
            tokens[found.first : found.last + 1] = [found.text]
            edit = EditText(found.key, " ".join(tokens))
            return editing.make(connection, entry, [edit], "Accept a suggestion")

    # Care

    def verify(self) -> list[Problem]:
        """Read everything and compare: the file, the index, the originals, the audio."""
        with self._database.reading() as connection:
            return problems(connection, self._sound_folder())

    def rebuild_index(self) -> None:
        """Write the full-text index anew from the transcripts."""
        from omoai_engine.library.schema import fill_index

        with self._database.writing() as connection:
            fill_index(connection)

    # Inside

    def _sound_folder(self) -> Path:
        return self.folder / "audio"

    def _take_sound(
        self, audio: Path | None, *, keep_copy: bool
    ) -> tuple[AudioKind, str | None, str | None]:
        if audio is None:
            return "none", None, None
        if keep_copy:
            return "kept", *sound.keep_copy(audio, self._sound_folder())
        mark = None
        with suppress(OSError):
            mark = sound.fingerprint(audio)
        return "referenced", clean_text(str(audio.absolute())), mark

    def _change(self, entry: int, assignment: str, *values: object) -> None:
        with self._database.writing() as connection:
            rows.read_entry(connection, entry)
            connection.execute(
                f"UPDATE entry SET {assignment}, revision = revision + 1 WHERE id = ?",  # noqa: S608
                (*values, entry),
            )


def _stem(source: str) -> str:
    return Path(source).stem if source and source != "-" else ""
