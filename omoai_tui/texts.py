"""Every sentence and label of the app, in one place. English; others follow by catalogue.

Places for values are named, so that a translation may put them in another order.
"""

from __future__ import annotations

APP = "OmoAI"

# Panes, in the order of their number keys.
FILES = "Files"
SEGMENTS = "Segments"
TRANSCRIPT = "Transcript"
SUMMARY = "Summary"
TIMING = "Timing"
QUEUE = "Queue"

# Empty states: what will be here, and what to do.
EMPTY_SEGMENTS = (
    "What is said appears here, sentence by sentence.",
    "",
    "Choose a recording under Files and press Enter, or paste the path of one.",
)
EMPTY_SEGMENTS_RUNNING = ("Listening…", "", "The first words appear in a few seconds.")
EMPTY_SEGMENTS_WAITING = ("Waiting for its turn.",)
EMPTY_SEGMENTS_NONE = ("No speech was found in this recording.",)
EMPTY_TRANSCRIPT = ("The readable text grows here, paragraph by paragraph.",)
EMPTY_TRANSCRIPT_RUNNING = ("The first paragraph is not finished yet.",)
EMPTY_SUMMARY = ("Title, abstract and main points come here when a recording is through.",)
EMPTY_SUMMARY_RUNNING = ("Comes when the whole recording is heard.",)
EMPTY_SUMMARY_NONE = ("There is no summary for this recording.",)
EMPTY_TIMING = ("How long each stage takes is shown here while a recording is worked on.",)
EMPTY_QUEUE = ("No recording yet.", "", "Enter on a file adds it here.")
EMPTY_FOLDER = "nothing here that can be played (a shows all files)"
EMPTY_FOLDER_ALL = "empty folder"
READING_FOLDER = "reading…"
LEGEND = "~ unsure  ? doubtful"
FOLLOW_HINT = "End: follow again"

# States of a job.
STATUS = {
    "waiting": "waiting",
    "running": "running",
    "paused": "paused",
    "stopping": "stopping…",
    "done": "done",
    "stopped": "stopped early",
    "failed": "failed",
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
IDLE = "no recording open"
SEGMENT_COUNT = ("segment", "segments")
WAITING_COUNT = ("waiting", "waiting")

# Timing.
STAGE = {
    "preprocessing": "Sound",
    "model_loading": "Model",
    "asr": "Speech",
    "postprocessing": "Text",
}
STAGE_VERB = {
    "preprocessing": "reading the sound",
    "model_loading": "loading the model",
    "asr": "recognising speech",
    "postprocessing": "punctuation and summary",
}
STAGE_WAITING = "waiting"
STAGE_LOADING = "loading…"
STAGE_LOADED = "loaded"
ELAPSED = "Time"
ELAPSED_OF = "{elapsed} for a recording of {audio}"
REMAINING_ABOUT = ", {time} left"
REAL_TIME = "Speed"
FACTOR = "RTF {value:.2f}"
FASTER = "{times} faster, {factor}"
SLOWER = "{times} slower, {factor}"
FIRST_SEGMENT = "First words"
AFTER = "after {time}"
MEMORY = "Memory"
SLOWEST = "Slowest"
ENGINE = "Engine"
CUT = "Cut"
CUT_PIECES = ("{count} piece without speech", "{count} pieces without speech")

# Actions, as they stand in the hints and in the key table.
OPEN = "Open"
OPEN_PATH = "Open a path"
TRANSCRIBE = "Transcribe"
PAUSE = "Pause"
RESUME = "Resume"
CANCEL = "Stop job"
EXPORT = "Export"
COPY = "Copy"
THEME = "Theme"
HELP = "Keys"
QUIT = "Quit"
ZOOM = "Zoom"
UNZOOM = "Unzoom"
SHOW_ALL = "All files"
MARK = "Mark"
PARENT = "Folder up"
RETRY = "Again"
GO_TO = "Go to"
SHOW = "Show"

# Dialogs.
QUIT_TITLE = "Leave OmoAI?"
QUIT_RUNNING = "A recording is still being worked on; what it gave so far is lost."
QUIT_WAITING = "{count} more in the queue will not be started."
QUIT_UNSAVED = "{names}: not exported or copied yet."
QUIT_KEYS = "y leave · n stay"
QUIT_KEYS_EXPORT = "y leave · n stay · e export first"
OPEN_TITLE = "Open a recording or a folder"
OPEN_PLACEHOLDER = "/path/to/recording.mp3"
OPEN_KEYS = "Enter open · Esc back"
NO_SUCH_PATH = "{path}: there is no such file or folder."
EXPORT_TITLE = "Export {name}"
EXPORT_KEYS = "Space choose · Enter write · Esc back"
EXPORT_EXISTS = "{path} is there already. Enter once more writes over it."
EXPORT_NOTHING = "Choose at least one format."
EXPORT_TO = "File name without its ending"
EXPORTED = "Written: {paths}"
FORMATS = {
    "txt": "Plain text, the transcript in paragraphs",
    "json": "Everything: words, times, confidence, summary",
    "srt": "Subtitles (SubRip)",
    "vtt": "Subtitles for the web (WebVTT)",
}
THEME_TITLE = "Theme"
THEME_KEYS = "↑↓ look · Enter keep · Esc back"
HELP_TITLE = "Keys"
HELP_KEYS = "Esc back"
HELP_EVERYWHERE = "Everywhere"
HELP_LISTS = "In every list"
HELP_MOUSE = "The mouse works too: click, double-click, wheel. Shift + drag selects text."
HELP_MARKS = "Confidence: ~ unsure, ? doubtful, underlined words are the doubtful ones."

# Notices.
TOO_SMALL = "OmoAI needs a window of at least 60 × 15; this one is {width} × {height}."
COPIED = "Transcript copied ({size})."
COPIED_TMUX = "Transcript copied through tmux ({size})."
NOTHING_TO_COPY = "There is no text to copy yet."
NOTHING_TO_EXPORT = "There is no text to export yet."
EXPORT_LATER = "Export is possible when the job is over; x stops it and keeps what is done."
NOTHING_RUNNING = "No job is running."
CANCEL_AGAIN = "Press x once more to stop {name}; what is recognised is kept."
NOT_A_PATH = "The pasted text is not the path of a file or folder."
QUEUED = "Queued: {name}"
QUEUED_MANY = "Queued: {count} recordings"
JOB_DONE = "{name}: done in {time}."
JOB_STOPPED = "{name}: stopped; what was recognised is kept."
UNFORESEEN = "Something unforeseen went wrong ({kind}); where it happened is in the log."
LOG_AT = "Log: {path}"
THEME_UNKNOWN = "There is no theme named {name}; using {used}."
THEME_BROKEN = "The theme file {file} cannot be used: {why}."
KEYS_UNKNOWN = "The key map names bindings that do not exist: {names}."

# Before and after the app, on the plain terminal.
NOT_A_TERMINAL = (
    "omoai-tui needs a terminal on its standard input and output. "
    "Without one, use: omoai transcribe FILE"
)
DUMB_TERMINAL = (
    "omoai-tui needs a terminal that can place its cursor, and TERM is {term}. "
    "Set TERM to your terminal's name, or use: omoai transcribe FILE"
)
CRASHED = "omoai-tui stopped because of an internal error ({kind}). Where it happened is in {log}"
