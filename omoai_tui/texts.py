"""Every sentence and label of the app, in one place, in the language in use.

Written here in English; `omoai_tui.language` puts the translations of a catalogue in their place
when another language is chosen. So read a text when it is drawn (`texts.QUIT`), never keep one.
Places for values are named, so that a translation may put them in another order.
"""

from __future__ import annotations

from typing import NamedTuple


class Plural(NamedTuple):
    """A text that depends on a number; `language.plural` chooses the form."""

    one: str
    many: str


def _(text: str) -> str:
    """Mark a text for the catalogues."""
    return text


def _n(one: str, many: str) -> Plural:
    """Mark a text that depends on a number."""
    return Plural(one, many)


APP = "OmoAI"

# Panes, in the order of their number keys.
FILES = _("Files")
SEGMENTS = _("Segments")
TRANSCRIPT = _("Transcript")
SUMMARY = _("Summary")
TIMING = _("Timing")
QUEUE = _("Queue")

# Empty states: what will be here, and what to do.
EMPTY_SEGMENTS = (
    _("What is said appears here, sentence by sentence."),
    "",
    _("Choose a recording under Files and press Enter, or paste the path of one."),
)
EMPTY_SEGMENTS_RUNNING = (_("Listening…"), "", _("The first words appear in a few seconds."))
EMPTY_SEGMENTS_WAITING = (_("Waiting for its turn."),)
EMPTY_SEGMENTS_NONE = (_("No speech was found in this recording."),)
EMPTY_TRANSCRIPT = (_("The readable text grows here, paragraph by paragraph."),)
EMPTY_TRANSCRIPT_RUNNING = (_("The first paragraph is not finished yet."),)
EMPTY_SUMMARY = (_("Title, abstract and main points come here when a recording is through."),)
EMPTY_SUMMARY_RUNNING = (_("Comes when the whole recording is heard."),)
EMPTY_SUMMARY_NONE = (_("There is no summary for this recording."),)
# Who wrote it, beside the title of the pane.
SUMMARY_BY_RULES = _("sentences picked out by rules")
SUMMARY_BY_MODEL = _("written by {model}")
MARKS = {
    "kept": _("marks as recognised"),
    "rewritten": _("marks by rules"),
    "model": _("marks by a language model"),
}
MARKS_WORDS = _n("{count} word changed", "{count} words changed")
EMPTY_TIMING = (_("How long each stage takes is shown here while a recording is worked on."),)
EMPTY_QUEUE = (_("No recording yet."), "", _("Enter on a file adds it here."))
EMPTY_FOLDER = _("nothing here that can be played (a shows all files)")
EMPTY_FOLDER_ALL = _("empty folder")
READING_FOLDER = _("reading…")
FOLDER_CUT = _("only {count} entries are shown: paste the path of what is missing")
LEGEND = _("~ unsure  ? doubtful")
FOLLOW_HINT = _("End: follow again")

# States of a job.
STATUS = {
    "waiting": _("waiting"),
    "running": _("running"),
    "paused": _("paused"),
    "stopping": _("stopping…"),
    "done": _("done"),
    "stopped": _("stopped early"),
    "failed": _("failed"),
}
STATUS_MARK = {
    "waiting": "·",
    "running": "▶",
    "paused": "‖",
    "stopping": "■",
    "done": "✓",
    "stopped": "■",
    "failed": "✗",
}
IDLE = _("no recording open")
SEGMENT_COUNT = _n("{count} segment", "{count} segments")
WAITING_COUNT = _n("{count} waiting", "{count} waiting")

# Timing.
STAGE = {
    "preprocessing": _("Sound"),
    "model_loading": _("Model"),
    "asr": _("Speech"),
    "postprocessing": _("Text"),
}
STAGE_VERB = {
    "preprocessing": _("reading the sound"),
    "model_loading": _("loading the model"),
    "asr": _("recognising speech"),
    "postprocessing": _("punctuation and summary"),
}
STAGE_WAITING = _("waiting")
STAGE_LOADING = _("loading…")
STAGE_LOADED = _("loaded")
ELAPSED = _("Time")
ELAPSED_OF = _("{elapsed} for {audio} of sound")
REMAINING = _("Left")
REMAINING_GUESS = _("about {time} (earlier runs)")
REAL_TIME = _("Speed")
FACTOR = _("RTF {value:.2f}")
FASTER = _("{times} faster, {factor}")
SLOWER = _("{times} slower, {factor}")
FIRST_SEGMENT = _("First words")
AFTER = _("after {time}")
MEMORY = _("Memory")
SLOWEST = _("Bottleneck")
SLOWEST_WAS = _("{stage}, {share} %")
TEXT_BY = _("Text by")
TOKENS = _("Tokens")
TOKENS_RATE = _("{rate} a second, {count} written")
GPU_MEMORY = _("GPU memory")
RUNS = _("Last runs")
RUNS_NOTE = _("usually {times}")
ENGINE = _("Engine")
CUT = _("Cut")
CUT_PIECES = _n("{count} piece without speech", "{count} pieces without speech")

# Actions, as they stand in the hints and in the key table.
OPEN = _("Open")
OPEN_PATH = _("Open a path")
TRANSCRIBE = _("Transcribe")
PAUSE = _("Pause")
RESUME = _("Resume")
CANCEL = _("Stop job")
EXPORT = _("Export")
COPY = _("Copy")
THEME = _("Theme")
HELP = _("Keys")
BACK = _("Back")
QUIT = _("Quit")
ZOOM = _("Zoom")
UNZOOM = _("Unzoom")
MARK = _("Mark")
PARENT = _("Folder up")
RETRY = _("Again")
MOVE = _("Move")
GO_TO = _("Go to")
SHOW = _("Show")
FILTER = _("Filter")
COMMANDS = _("Commands")
MODELS = _("Models")

# Actions, as they stand in the key table and in the command palette.
DO_OPEN = _("Open the path of a recording or folder")
DO_RECENT = _("Open a recent place or recording")
DO_PAUSE = _("Pause the job, or go on")
DO_CANCEL = _("Stop the job; what is done is kept")
DO_EXPORT = _("Export: text, subtitles, tables, Word, web page")
DO_COPY = _("Copy the transcript")
DO_THEME = _("Choose a theme")
DO_LANGUAGE = _("Change the language of the interface")
DO_MODELS = _("Models: installed ones, and how to get more")
DO_COMMANDS = _("Find any command by its name")
DO_KEYS = _("This table")
DO_BACK = _("Back to the screen before")
DO_HELP = _("Help for the pane in focus")
DO_SUSPEND = _("Suspend; fg brings it back")
DO_QUIT = _("Quit")
DO_ZOOM = _("Zoom the pane, or back")
DO_HIDE = _("Hide the pane")
DO_SHOW_ALL_PANES = _("Show every pane, in its first size")
DO_WIDER = _("Make the pane wider")
DO_NARROWER = _("Make the pane narrower")
DO_TALLER = _("Make the upper panes taller")
DO_SHORTER = _("Make the upper panes shorter")
DO_NEXT_PANE = _("Next pane")
DO_PANE_BEFORE = _("Pane before")
DO_UP = _("Up")
DO_DOWN = _("Down")
DO_PAGE_UP = _("Page up")
DO_PAGE_DOWN = _("Page down")
DO_FIRST = _("First")
DO_LAST = _("Last, and follow")
DO_CHOOSE = _("Choose")
DO_UNFOLD = _("Open the folder")
DO_FOLD = _("Close the folder")
DO_MOVE_UP = _("Move the recording up in the queue")
DO_MOVE_DOWN = _("Move the recording down in the queue")
DO_RETRY = _("Transcribe the recording once more")
DO_FILTER = _("Show only names with these letters")
DO_MARK = _("Mark the file, to queue several")
DO_SHOW_ALL = _("Show every file, or only sound and video")

# Dialogs.
QUIT_TITLE = _("Leave OmoAI?")
QUIT_RUNNING = _("A recording is still being worked on; opened again, it goes on from there.")
QUIT_WAITING = _("{count} more in the queue will not be started.")
QUIT_UNSAVED = _("{names}: not exported or copied yet.")
QUIT_DISK = _("A disk has not answered for {seconds} s; not written yet: {what}.")
QUIT_KEYS = _("y leave · n stay")
QUIT_KEYS_EXPORT = _("y leave · n stay · e export first")
OPEN_TITLE = _("Open a recording or a folder")
OPEN_PLACEHOLDER = _("/path/to/recording.mp3")
OPEN_KEYS = _("Enter open · Esc back")
NO_SUCH_PATH = _("{path}: there is no such file or folder.")
EXPORT_TITLE = _("Export {name}")
EXPORT_KEYS = _("Space choose · Enter write · Esc back")
EXPORT_EXISTS = _("{path} is there already. Enter once more writes over it.")
EXPORT_NOTHING = _("Choose at least one format.")
EXPORT_TO = _("File name without its ending")
EXPORTED = _("Written: {paths}")
# What the engine says of its formats, in the words of its registry.
FORMATS = (
    _("the punctuated transcript by paragraphs"),
    _("summary and transcript as Markdown"),
    _("everything, for programs; can be read back"),
    _("SubRip subtitles"),
    _("WebVTT subtitles"),
    _("Advanced SubStation subtitles"),
    _("lyrics with times, for players"),
    _("a table of segments"),
    _("a table of segments, with tabs"),
    _("a Word document"),
    _("one page with a search box, and the audio"),
    _("oTranscribe"),
    _("Praat TextGrid: words and segments"),
)
THEME_TITLE = _("Theme")
THEME_KEYS = _("↑↓ look · Enter keep · Esc back")
LANGUAGE_TITLE = _("Language")
RECENT_TITLE = _("Recent places and recordings")
RECENT_NONE = _("Nothing yet. Folders and recordings that you open are kept here.")
CHOICE_KEYS = _("Enter choose · Esc back")
COMMANDS_TITLE = _("Commands")
COMMANDS_PLACEHOLDER = _("what do you want to do?")
COMMANDS_KEYS = _("↑↓ choose · Enter do it · Esc back")
COMMANDS_NONE = _("No command has these letters.")
COMMAND_GO = _("Go to: {pane}")
COMMAND_THEME = _("Theme: {name}")
COMMAND_LANGUAGE = _("Language: {name}")
FILTERED = _("filter: {text}")
FILTERED_NONE = _("no name here has “{text}” (Esc shows all again)")

# Models.
MODELS_TITLE = _("Models")
MODELS_READING = _("looking…")
MODELS_INSTALLED = _("Installed")
MODELS_AVAILABLE = _("To be had")
MODELS_NONE = _("No model is installed.")
MODELS_KEYS = _("Enter get or use · o a folder on disk · v verify · Esc back")
MODELS_USED = _("in use")
MODELS_ANY = _("any language")
MODELS_SIZE_UNKNOWN = _("size not known yet")
MODELS_LICENCE_UNKNOWN = _("licence not known yet")
MODELS_LICENCE_NONE = _("not stated by its makers")
MODELS_ASKING = _("Asking the hub about {name}…")
MODELS_CONFIRM = _("Download {name}?")
MODELS_CONFIRM_FACTS = _("{size} in {files} files · licence: {licence}")
MODELS_CONFIRM_FROM = _("from {source}")
MODELS_CONFIRM_TO = _("into {folder}")
MODELS_CONFIRM_KEYS = _("y download · n leave it")
MODELS_GETTING = _("{name}: {done} of {total} · Esc stops; what is here stays")
MODELS_GOT = _("{name} is installed and its hashes are right.")
MODELS_STOPPED = _("Stopped; the next try goes on from here.")
MODELS_VERIFYING = _("{name}: comparing every file with its hash…")
MODELS_VERIFIED = _("{name}: every file is as published.")
MODELS_UNPUBLISHED = _("{name}: nobody published hashes to compare with.")
MODELS_USE = _("Recordings are transcribed with {name} from now on.")
MODELS_LATER = _("Recordings are transcribed with {name} from the next one on.")
MODELS_LLM = _("{name} writes punctuation and summaries from the next recording on.")
MODELS_FOLDER_TITLE = _("A folder that holds a model")
MODELS_FOLDER_PLACEHOLDER = _("/path/to/model")
MODELS_BETTER = _(
    "{name} is made for Vietnamese and makes far fewer mistakes there, by its makers' figures "
    "(licence {licence}). M shows the models."
)

# Details of the file under the cursor.
FILE_READING = _("reading…")
FILE_LENGTH_ABOUT = _("about {time}")
FILE_MONO = _("mono")
FILE_STEREO = _("stereo")
FILE_CHANNELS = _n("{count} channel", "{count} channels")
FILE_VIDEO = _("video")

HELP_TITLE = _("Keys")
HELP_KEYS = _("Esc back")
HELP_EVERYWHERE = _("Everywhere")
HELP_PANES = _("Panes")
HELP_LISTS = _("In every list")
HELP_MOUSE = _("The mouse works too: click, double-click, wheel. Shift + drag selects text.")
HELP_PANE = _("Help: {pane}")
HELP_FILES = _(
    "Folders and what can be transcribed. Enter opens a folder or transcribes a file; Space marks "
    "several. The line at the bottom tells length, codec, channels and rate. Type / and some "
    "letters to find a name; ^R leads to recent places."
)
HELP_SEGMENTS = _(
    "What was said, with its time, the moment it is recognised. The list follows the newest until "
    "you scroll; End follows again. Text after … is still provisional. Enter goes to the paragraph."
)
HELP_TRANSCRIPT = _(
    "The readable text in paragraphs with the time at which each begins. Underlined words are "
    "doubtful: hear them again. Enter goes to the first segment of the paragraph."
)
HELP_QUEUE = _(
    "Every recording of this sitting. Enter shows one, x stops it, r transcribes it once more, "
    "K and J move one that waits."
)
HELP_TIMING = _(
    "How far each stage is, how long it worked and how many times faster than real time. The "
    "chart shows this machine's last runs; the time left is guessed from them at first."
)
HELP_SUMMARY = _(
    "Title, abstract and main points, written while you wait. Enter on a point goes to the place "
    "in the recording that supports it."
)
HELP_MARKS = _("Confidence: ~ unsure, ? doubtful, underlined words are the doubtful ones.")

# Notices.
TOO_SMALL = _("OmoAI needs a window of at least 60 × 15; this one is {width} × {height}.")
COPIED = _("Transcript copied ({size}).")
COPIED_TMUX = _("Transcript copied through tmux ({size}).")
NOTHING_TO_COPY = _("There is no text to copy yet.")
NOTHING_TO_EXPORT = _("There is no text to export yet.")
EXPORT_LATER = _("Export is possible when the job is over; x stops it and keeps what is done.")
NOTHING_RUNNING = _("No job is running.")
CANCEL_AGAIN = _("Press x once more to stop {name}; what is recognised is kept.")
NOT_A_PATH = _("The pasted text is not the path of a file or folder.")
QUEUED = _("Queued: {name}")
QUEUED_MANY = _n("Queued: {count} recording", "Queued: {count} recordings")
JOB_DONE = _("{name}: done in {time}.")
JOB_STOPPED = _("{name}: stopped; what was recognised is kept.")
NOT_KEPT = _("{name} is not in the library: {why}")
UNFORESEEN = _("Something unforeseen went wrong ({kind}); where it happened is in the log.")
LOG_AT = _("Log: {path}")
THEME_UNKNOWN = _("There is no theme named {name}; using {used}.")
THEME_BROKEN = _("The theme file {file} cannot be used: {why}.")
THEME_CHANGED = _("The theme {name} was read again.")
LANGUAGE_NOW = _("The interface speaks English now.")
PATH_SLOW = _("{path}: the disk or network folder does not answer.")
DISK_SILENT = _(
    "A disk has not answered for {seconds} s. What waits for it: {what}. "
    "You can go on; leaving now would lose what is not written."
)
DISK_BACK = _("The disk answers again.")
DISK_LIBRARY = _("the library")
DISK_CHANGES = _("changes of a transcript")
DISK_TYPED = _("words that you typed")
DISK_SETTINGS = _("choices for the next sitting")
DISK_LOG = _("the log")
DISK_EXPORT = _("the export {path}")
DISK_TRANSCRIPT = _("the transcript of {name}")
KEYS_UNKNOWN = _("The key map names bindings that do not exist: {names}.")

# Before and after the app, on the plain terminal.
NOT_A_TERMINAL = _(
    "omoai-tui needs a terminal on its standard input and output. "
    "Without one, use: omoai transcribe FILE"
)
DUMB_TERMINAL = _(
    "omoai-tui needs a terminal that can place its cursor, and TERM is {term}. "
    "Set TERM to your terminal's name, or use: omoai transcribe FILE"
)
DISK_LEFT = _("omoai-tui left while a disk did not answer. This may not be written: {what}")
CRASHED = _(
    "omoai-tui stopped because of an internal error ({kind}). Where it happened is in {log}"
)
