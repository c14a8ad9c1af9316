"""A result of the command on its way into the library, once, however often its job was begun.

The number of the transcript is noted beside what was recognised before anything is stored under
it: whoever goes on with the job finishes that transcript and makes no second one.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from omoai_engine.errors import LibraryError, NotInLibraryError
from omoai_engine.library.running import RunningEntry, take_over_abandoned

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig
    from omoai_engine.library import Library
    from omoai_engine.library.records import State
    from omoai_engine.results import PipelineResult
    from omoai_engine.unfinished import Unfinished


def keep(
    config: OmoAIConfig,
    result: PipelineResult,
    source: str,
    audio: Path | None,
    unfinished: Unfinished | None,
    *,
    failed: bool,
) -> int:
    """Store the result; return the number of the transcript. Raises `LibraryError`."""
    from omoai_engine.library import Library

    state: State | None = "failed" if failed else None
    copy = config.library.audio == "copy"
    with Library.open(config) as library:
        take_over_abandoned(library)
        known = unfinished.earlier.entry if unfinished and unfinished.earlier else None
        if known is not None and _taken_up(library, known, result, state):
            return known
        if unfinished is None:
            return library.store(result, source=source, audio=audio, keep_audio=copy, state=state)
        running = RunningEntry(library, lambda: library.begin(source, audio=audio, keep_audio=copy))
        try:
            unfinished.note_entry(running.entry)
            library.finish(running.entry, result, state=state)
        except LibraryError:
            # Nothing stands under this number.
            with contextlib.suppress(LibraryError):
                library.delete(running.entry)
                library.remove(running.entry)
            raise
        finally:
            running.close()
    return running.entry


def _taken_up(library: Library, entry: int, result: PipelineResult, state: State | None) -> bool:
    """Finish the transcript that an earlier run left; say whether it is there."""

    def resumed() -> int:
        library.resume(entry)
        return entry

    try:
        found = library.entry(entry)
        if found.state == "finished" and found.deleted is None:
            return True  # The earlier run died when it had stored the whole of it.
        running = RunningEntry(library, resumed)
    except (NotInLibraryError, LibraryError):
        return False
    try:
        library.finish(entry, result, state=state)
    finally:
        running.close()
    return True
