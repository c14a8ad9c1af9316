"""Every sentence and label of the review."""

from __future__ import annotations

import sys

from omoai_tui import language
from omoai_tui.texts import _, _n

REVIEW = _("Review")
ABOUT = _(
    "Here a transcript becomes one that people trust. n goes to the next uncertain place: Space "
    "plays it, a says that it is right, a number takes an alternative, f corrects it. Enter edits "
    "the segment under the cursor. Every change is on the disk at once, and u takes it back, also "
    "after a restart."
)
WHILE_EDITING = _("While editing")
SEGMENT_COUNT = _n("{count} segment", "{count} segments")
READING = (_("Reading the transcript…"),)
EMPTY = (_("This transcript has no text yet."),)
NOTHING = (
    _("There is nothing to review here yet."),
    "",
    _("Transcribe a recording, or choose a transcript in the library (l)."),
)
NOT_KEPT = (
    _("This transcript is not in the library, where corrections are kept."),
    "",
    _("If it could not be written there, run it again (4, R): nothing is recognised twice."),
    _("It can be exported (e) as it is."),
)
NOT_YET = (
    _("The first words of this recording are not heard yet."),
    "",
    _("Come back in a moment: what is recognised can be corrected while the rest is."),
)
STATES = {
    "finished": _("finished"),
    "interrupted": _("stopped early"),
    "failed": _("failed"),
    "recording": _("being recognised"),
}
THROUGH = _("Recognition is through; your edits are kept.")
GONE = _("These segments are no longer there.")

# Editing.
EDIT = _("edit")
KEEP = _("keep")
KEEP_NEXT = _("keep, next")
SPLIT = _("split")
SPLIT_HERE = _("split here")
SPLIT_HOW = _("Move the cursor to where the second part begins, then press Ctrl+S.")
MERGE = _("merge")
UNDO = _("undo")
REPLACE = _("replace")
AGAIN = _("recognise again")
EDITOR = _("editor")
EXPORT = _("export")
PLAY = _("play")
RIGHT = _("is right")
NEXT_DOUBT = _("next doubt")
UNDONE = _("Taken back: {what}")
REDONE = _("Made again: {what}")
NO_UNDO = _("There is no edit to take back.")
NO_REDO = _("There is no edit to make again.")
DRAFT_KEPT = _("Not saved, but what you typed is kept: Enter brings it back, Ctrl+D forgets it.")
DRAFT_GONE = _("What was typed there is forgotten.")
DRAFT_HERE = _("Typed, not saved yet (Enter; Ctrl+D forgets it)")
MARKED = _("{count} chosen")
DELETED = _("{count} deleted; u brings them back.")
NOTHING_TO_MERGE = _("There is no segment on that side.")
TIMES_TITLE = _("When does it begin and end?")
NO_TIMES = _("Write two times, as 1:02.5 - 1:05.")
SPEAKER = _("Speaker")
SPEAKER_TITLE = _("Who speaks? (segments: {count})")
SPEAKER_KEYS = _("Enter keeps (empty: nobody) · ↓ names that occur · Esc back")
RENAME_TITLE = _("Another name for {name}, everywhere")
NO_SPEAKER = _("Nobody is named here; S says who speaks.")
LINE_KEYS = _("Enter keeps · ↓ choices · Esc back")
COPIED = _("Copied ({count}).")

# Replacing.
REPLACE_TITLE = _("Find and replace")
REPLACE_FIND = _("find")
REPLACE_BY = _("replace by")
REPLACE_MARKS = _("tones count")
REPLACE_CASE = _("capitals count")
REPLACE_WORDS = _("whole words")
REPLACE_COUNT = _("found: {count}")
REPLACED_ONE = _("replaced at {time}")
REPLACE_KEYS = _("Enter replaces all · F6 the next one · F7 only finds · Esc back")
FIXED_ALL = _("“{find}” is “{by}” now, in {count} segments; u takes it back.")
FIX_ALL_TITLE = _("Write instead of “{words}”, everywhere:")

# Doubts.
DOUBT_OF = _("doubt {number} of {total}")
DOUBTS_LEFT = _("doubts: {count}")
DOUBTS_HERE = _("doubtful places here: {count}")
TIME_LEFT = _("{time} left at your pace")
NO_DOUBT = _("no doubtful place")
NO_DOUBT_HERE = _("There is no doubtful place here; n goes to the next one.")
ONLY_DOUBT = _("This is the only doubtful place left.")
ROUND_END = _("That was the last one; on from the beginning.")
ROUND_BEGIN = _("That was the first one; on from the end.")
ALL_SETTLED = _("Every doubtful place is settled.")
SURE = _("{percent} % sure")
EDITED = _("edited")
BY_MODEL = _("the language model would change it")
NO_OPTIONS = _("no alternatives")
DOUBT_KEYS = (
    _("Space play · a is right"),
    _("1–9 take · f fix · F fix all"),
    _("w to my vocabulary"),
)
LEARN_TITLE = _("Add a name or word to your vocabulary")
LEARNED = _("“{word}” will be preferred from the next recording on ({path}).")
KNOWN = _("“{word}” is in your vocabulary already.")

# Sound.
LOOP_ON = _("Again and again (l: once).")
LOOP_OFF = _("Once.")
NO_OUTPUT = _(
    "Nothing can be played here: {why}. y copies a command that plays it on your own machine; "
    "Y writes the sound to a file."
)
COMMAND_COPIED = _("Copied: paste it into a terminal on your own machine.")
CLIP_TITLE = _("Write the sound to")
CLIP_WRITTEN = _("Written: {path}")

# Lists.
HISTORY_TITLE = _("History")
HISTORY_KEYS = _("Enter goes back (or on) to that state · Esc close")
AS_RECOGNIZED = _("as recognised")
DIFF_TITLE = _n("{count} place differs from the recognition", "{count} places differ")
DIFF_KEYS = _("Enter goes there · Esc close · O in the review brings the original back")
DIFF_NONE = _("Every word is as it was recognised.")
RESTORED = _("The original recognition is back; u takes that back.")
WORDS_CHANGED = _n(
    "{count} word changed by the language model", "{count} words changed by the language model"
)
NOT_COUNTED = _("words changed by the language model: not counted yet")
PROOF_TITLE = _("{note} · suggested: {count}, accepted: {accepted}")
SUGGESTION = {"open": _("suggested"), "accepted": _("accepted"), "refused": _("refused")}
NO_SUGGESTIONS = _("The language model suggested nothing.")
JUMP_KEYS = _("Enter goes there · Esc close")
CLOSE_KEYS = _("Esc close")
SUMMARY_TITLE = _("Summary")
NO_SUMMARY = _("There is no summary.")
NO_SUPPORT = _("no segment supports this")

# The editor.
EDITOR_NOT = _("{editor} cannot be started: {why}.")
EDITOR_BROKE = _("{editor} ended with {code}; nothing was changed.")
EDITOR_KEPT = _("What was written is in {path}.")
EDITOR_DONE = _("Taken over from the editor; u takes it back.")
EDITOR_SAME = _("Nothing was changed.")
EDITOR_NOTES = _("Could not be taken over (line, text, why); the file is kept: {path}")

# Recognising again.
AGAIN_TITLE = _("Recognise again: {span}")
AGAIN_MODEL = _("model")
AGAIN_LANGUAGE = _("language")
AGAIN_QUALITY = _("quality")
AGAIN_KEYS = _("← → change · Enter begin · Esc back")
AGAIN_GOING = _("Recognising again…")
LOADING = _("loading the model…")
PROGRESS_KEYS = _("Esc stops")
NOTHING_HEARD = _("Nothing was heard there.")
COMPARE_TITLE = _("Which one?")
BEFORE = _("as it stands")
AFTER = _("heard again")
COMPARE_KEYS = _("Enter takes the new one · Esc leaves it as it stands")

# What the keys do.
DO_EDIT = _("edit the text in its place")
DO_ROW_UP = _("line above")
DO_ROW_DOWN = _("line below")
DO_LEAVE_EDIT = _("leave; what was typed stays as a draft")
DO_KEEP_NEXT = _("keep and edit the next segment")
DO_KEEP_BEFORE = _("keep and edit the segment before")
DO_SPLIT_HERE = _("keep and split at the cursor")
DO_SPLIT = _("split: choose the place")
DO_UNDO = _("undo")
DO_REDO = _("redo")
DO_MARK = _("choose the segment (for merging, deleting, speaker, recognising again)")
DO_NEXT_DOUBT = _("next doubtful place")
DO_DOUBT_BEFORE = _("doubtful place before")
DO_ACCEPT = _("it is right as it stands")
DO_OPTION = _("take this alternative (1 to 9)")
DO_FIX = _("correct the doubtful words")
DO_FIX_ALL = _("make the same correction everywhere")
DO_LEARN = _("add words to my vocabulary")
DO_PLAY = _("play the place or segment, or stop")
DO_BACK_5 = _("five seconds back")
DO_ON_5 = _("five seconds on")
DO_LOOP = _("play again and again, or once")
DO_COPY_COMMAND = _("copy a command that plays it on my own machine")
DO_SAVE_CLIP = _("write the sound to a file")
DO_MERGE = _("merge with the next segment, or the chosen ones")
DO_MERGE_BEFORE = _("merge with the segment before")
DO_DELETE = _("delete the segment")
DO_START_EARLIER = _("begin 0.1 s earlier")
DO_START_LATER = _("begin 0.1 s later")
DO_START_EARLIER_1 = _("begin 1 s earlier")
DO_START_LATER_1 = _("begin 1 s later")
DO_END_EARLIER = _("end 0.1 s earlier")
DO_END_LATER = _("end 0.1 s later")
DO_END_EARLIER_1 = _("end 1 s earlier")
DO_END_LATER_1 = _("end 1 s later")
DO_TIMES = _("type start and end")
DO_SPEAKER = _("say who speaks")
DO_RENAME = _("rename the speaker everywhere")
DO_REPLACE = _("find and replace")
DO_HISTORY = _("history of edits")
DO_DIFF = _("what differs from the original recognition")
DO_RESTORE = _("bring the original recognition back")
DO_EDITOR = _("edit the whole transcript in $EDITOR")
DO_AGAIN = _("recognise again with other settings")
DO_PROOF = _("what the language model suggested")
DO_BULLETS = _("summary, with the segments of every point")
DO_COPY = _("copy the text")
DO_EXPORT = _("export")
DO_DISCARD = _("forget what was typed and not saved")
DO_REVIEW = _("review the recording that is shown")
HINT_REVIEW = _("review")

# What edits are called in the history; the library keeps them in English.
LABELS = {
    "Edit text": _("Edit text"),
    "Split segment": _("Split segment"),
    "Merge segments": _("Merge segments"),
    "Delete segments": _("Delete segments"),
    "Change times": _("Change times"),
    "Set speaker": _("Set speaker"),
    "Rename speaker": _("Rename speaker"),
    "Confirm words": _("Confirm words"),
    "Recognise again": _("Recognise again"),
    "Restore the original": _("Restore the original"),
    "Accept a suggestion": _("Accept a suggestion"),
    "Edit in an editor": _("Edit in an editor"),
    "Edit": _("Edit"),
}

_english = {name: value for name, value in globals().items() if name[:3] == "DO_"}


def english(text: str) -> str:
    """Return what a key does, in English: bindings keep that, and it is translated when shown."""
    return next((value for name, value in _english.items() if globals()[name] == text), text)


language.learn(sys.modules[__name__])
