"""Every sentence and label of the library, the export dialog and the import dialog."""

from __future__ import annotations

import sys

from omoai_tui import language
from omoai_tui.texts import _, _n

LIBRARY = _("Library")
DO_LIBRARY = _("The library: every transcript, and words in all of them")
BIN = _("Deleted")
ABOUT = _(
    "Every transcript on this machine, its recording and its edits. / finds words in all of them, "
    "with or without tones; Enter opens one for review. Interrupted ones can be transcribed again. "
    "Nothing is lost at once: deleted ones wait under b."
)
COUNT = _n("{count} transcript", "{count} transcripts")
COUNT_OF = _("{count} of {total}")
HITS = _n("{count} place", "{count} places")
HITS_MORE = _("{count} places and more")
LOOSENED = _("found without tones")
OPENING = _("opening the library…")
EMPTY = (
    _("No transcript yet."),
    "",
    _("Finished recordings are kept here; i brings in subtitles and JSON of other programs."),
)
EMPTY_FILTER = (_("No transcript is of this kind."), "", _("f chooses another filter."))
EMPTY_BIN = (_("Nothing is deleted."), "", _("b goes back to the library."))
EMPTY_SEARCH = (
    _("No transcript has these words."),
    "",
    _("Words without tones find every tone; “two words” stand together; begin* finds beginnings."),
)
PLACEHOLDER = _("words in any transcript, with or without tones")

SORTED = {
    ("created", True): _("newest first"),
    ("created", False): _("oldest first"),
    ("title", False): _("by title"),
    ("title", True): _("by title, from the end"),
    ("duration", True): _("longest first"),
    ("duration", False): _("shortest first"),
    ("state", False): _("by state"),
    ("state", True): _("by state, from the end"),
}
STATE = {
    "finished": _("finished"),
    "interrupted": _("interrupted"),
    "failed": _("failed"),
    "recording": _("in work"),
}
STATE_MARK = {"finished": "✓", "interrupted": "■", "failed": "✗", "recording": "▶"}

# Details.
WORDS = _n("{count} word", "{count} words")
EDITS = _n("{count} edit", "{count} edits")
UNEDITED = _("not edited")
SOUND_KEPT = _("Sound: kept in the library")
SOUND_AT = _("Sound: {path}")
SOUND_MISSING = _("The sound is not there any more: {path}")
SOUND_NONE = _("No sound belongs to it.")
TAGS = _("Tags: {names}")
INTERRUPTED = _("It stopped before its end. R transcribes the recording again.")
INTERRUPTED_LOST = _("It stopped before its end.")
IN_WORK = _("It is still being worked on.")
DELETED_ON = _("Deleted on {date}")
FROM = _("From: {source}")
FIRST_WORDS = _("It begins:")

# Keys.
SEARCH = _("Search")
REVIEW = _("Review")
SORT = _("Sort")
FILTER = _("Filter")
RENAME = _("Rename")
TAG = _("Tags")
DELETE = _("Delete")
RESTORE = _("Bring back")
REMOVE = _("Remove for good")
SEE_BIN = _("Deleted ones")
LEAVE_BIN = _("Library")
AGAIN = _("Transcribe again")
IMPORT = _("Import")
CHECK = _("Check")
EXPORT = _("Export")
COPY = _("Copy")
DO_SEARCH = _("Find words in every transcript")
DO_SORT = _("Sort by date, title, length or state")
DO_REVERSE = _("Turn the order round")
DO_FILTER = _("Show only a tag or a state")
DO_RENAME = _("Give the transcript another title")
DO_TAG = _("Change the tags")
DO_DELETE = _("Delete; among the deleted ones: remove for good")
DO_UNDO = _("Bring back what was deleted")
DO_BIN = _("Deleted transcripts, and back")
DO_AGAIN = _("Transcribe the recording again")
DO_IMPORT = _("Bring in SRT, WebVTT, JSON or text beside its sound")
DO_CHECK = _("Read everything and say what is damaged or missing")
DO_EXPORT = _("Export the transcript")
DO_COPY = _("Copy the whole transcript")
DO_COPY_PLACE = _("Copy the sentence under the cursor")

# What happened.
RENAMED = _("Renamed: {title}")
TAGGED = _("{title}: {names}")
TAGGED_NONE = _("{title} has no tags now.")
DELETED = _("Deleted: {title}. u brings it back, for {days} days.")
RESTORED = _("Back in the library: {title}")
REMOVED = _("Removed for good: {title}")
NOTHING_TO_UNDO = _("Nothing was deleted in this sitting; b shows what was deleted before.")
NO_SOUND = _("{title}: there is no sound to transcribe.")
CHECKING = _("Everything is being read and compared; this can take a while.")
CHECK_TITLE = _("Check of the library")
CHECK_GOOD = _n(
    "Everything is as it should be: {count} transcript.",
    "Everything is as it should be: {count} transcripts.",
)
CHECK_ROW = _("{title}: {what}. {hint}")

# Dialogs.
DELETE_TITLE = _("Delete this transcript?")
DELETE_NOTE = _("It can be brought back for a while. The recording itself is not touched.")
DELETE_NOTE_KEPT = _("It can be brought back for a while, with its sound.")
DELETE_KEYS = _("y delete · n keep")
REMOVE_TITLE = _("Remove this transcript for good?")
REMOVE_NOTE = _("Text, edits and kept sound are gone then. Nothing brings them back.")
REMOVE_KEYS = _("y remove · n keep")
RENAME_TITLE = _("Title of the transcript")
TAG_TITLE = _("Tags, with commas between them")
TAG_KNOWN = _("In use: {names}")
NAME_KEYS = _("Enter keep · Esc back")
FILTER_TITLE = _("Show")
FILTER_ALL = _("everything")
FILTER_STATE = _("state: {state}")
FILTER_TAG = _("tag: {tag} ({count})")
FILTERED_TAG = _("tag {tag}")

# The export dialog.
EXPORT_MORE_KEYS = _("Tab next · ←→ change")
PREVIEW = _("How it begins: {format}")
PREVIEW_COMES = _("fetching the transcript…")
NO_FOLDER = _("There is no folder {folder}.")
OPTION_TIMES = _("txt: times of paragraphs")
OPTION_WRAP = _("txt: wrap lines at")
OPTION_COLUMNS = _("subtitles: letters a line")
OPTION_LINES = _("subtitles: lines")
OPTION_SPEED = _("subtitles: letters a second")
OPTION_SHORTEST = _("subtitles: at least")
OPTION_LONGEST = _("subtitles: at most")
OPTION_GAP = _("subtitles: gap between two")
OPTION_SOUND = _("html: put the sound into it")
YES = _("yes")
NO = _("no")
SECONDS = _("{value} s")
NO_SOUND_HERE = _("no sound")

# The import dialog.
IMPORT_TITLE = _("Bring in a transcript")
IMPORT_FILE = _("SRT, WebVTT, JSON (OmoAI, Whisper, WhisperX) or text")
IMPORT_SOUND = _("Its sound; none is fine")
IMPORT_KEYS = _("Tab complete, next · Enter open · Esc back")
IMPORT_READING = _("reading…")
IMPORTED = _("{title} is in the library: {segments}.")
IMPORTED_MENDED = _("Times that could not be right were mended: {count}.")
IMPORTED_GUESSED = _("The text has no times of its own: they are guessed from its length.")

language.learn(sys.modules[__name__])
