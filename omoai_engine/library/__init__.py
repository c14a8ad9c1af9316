"""The library of transcripts: kept, searched, edited with undo, imported.

`Library.open(config)` gives it; `omoai_engine.library.edits` holds the edits as values,
`imports` reads what other programs wrote, `editor` goes through a text file and back.
"""

from __future__ import annotations

from omoai_engine.library.differences import Difference, diff
from omoai_engine.library.edits import (
    Confirm,
    Delete,
    Edit,
    EditText,
    Merge,
    Recognize,
    RenameSpeaker,
    Replace,
    SetSpeaker,
    SetTimes,
    Split,
)
from omoai_engine.library.library import Library, library_folder
from omoai_engine.library.records import (
    EditOutcome,
    Entry,
    HistoryItem,
    Hit,
    SearchPage,
    Segment,
    Step,
    StoredSuggestion,
    Transcript,
)
from omoai_engine.library.verifying import Problem

__all__ = [
    "Confirm",
    "Delete",
    "Difference",
    "Edit",
    "EditOutcome",
    "EditText",
    "Entry",
    "HistoryItem",
    "Hit",
    "Library",
    "Merge",
    "Problem",
    "Recognize",
    "RenameSpeaker",
    "Replace",
    "SearchPage",
    "Segment",
    "SetSpeaker",
    "SetTimes",
    "Split",
    "Step",
    "StoredSuggestion",
    "Transcript",
    "diff",
    "library_folder",
]
