"""Every sentence and label of the recorder, as `omoai_tui.texts` has those of the workbench."""

from __future__ import annotations

import sys

from omoai_tui import language
from omoai_tui.texts import _, _n

RECORD = _("Record")
RECORDER = _("Recorder")
DO_RECORDER = _("Record a microphone here, or yours over SSH")

# What the recorder says of itself in the title and in the first line.
PHASE = {
    "idle": _("ready"),
    "starting": _("starting…"),
    "waiting": _("waiting for a sender"),
    "recording": _("REC"),
    "paused": _("paused"),
    "saving": _("saving…"),
}
IN_TITLE = _("REC {time}")
IN_TITLE_PAUSED = _("paused {time}")
IN_TITLE_WAITING = _("waiting for a sender")

# Sources.
REMOTE = _("The microphone of your own machine, over SSH")
SYSTEM_DEFAULT = _("system default")
CHANNELS_MONO = _("mono")
CHANNELS_STEREO = _("stereo")
CHANNELS = _n("{count} channel", "{count} channels")
ONLY_ZEROS = _("only zeros: muted, or not allowed?")
LOOKING = _("Looking for microphones…")
NO_DEVICE = _("There is no microphone on this machine.")
NOT_THERE = _("{name} is not there any more; {other} is chosen.")
READY = _("r or Enter records from the microphone under the cursor, at once.")
READY_REMOTE = _(
    "r or Enter listens for the sound of your own machine and shows the line to run there."
)

# While it runs.
FROM = _("{name} · {rate} kHz · {channels}")
ON_DISK = _("{size} on disk")
ROOM_FOR = _("room for {time}")
HOURS = _("{count} h")
MINUTES = _("{count} min")
SECONDS = _("{count} s")
LOST = _n("{count} sample lost", "{count} samples lost")
LOST_NONE = _("nothing lost")
BEHIND = _("text {time} behind")
NO_TEXT_YET = _("the text is being prepared")
NO_TEXT = _("no live text")
MARKERS_NONE = _("No markers yet; m sets one at this moment.")
MARKERS = _n("{count} marker", "{count} markers")
NOT_YET = _("Nothing is recorded yet.")
EMPTY_LIVE = (
    _("Speak: every sample is on the disk already."),
    "",
    _("Words appear here while you speak; the slanted ones may still change."),
)
EMPTY_LIVE_NONE = (
    _("The recording goes on without live text."),
    "",
    _("It is transcribed when you stop."),
)

# What the person should act on.
WARNING = {
    "silent": _(
        "The microphone gives only zeros. Check that it is not muted and that this program may "
        "use it."
    ),
    "clipping": _("The sound is clipping. Turn the input down or move away from the microphone."),
    "disk": _("The disk is nearly full: room for {time}. Free some space."),
    "lost": _("{count} samples did not come from the device. Close programs that keep it busy."),
    "sender": _("Waiting for the sender to come back; what has come is kept."),
    "held": _(
        "The disk has not answered for {held} s. The sound is kept in memory until it does; it "
        "would be lost if this machine went off now."
    ),
    "stalled": _(
        "Nothing comes from the capture process: the disk or the sound system keeps it waiting. "
        "What was written is kept."
    ),
}

# Your own machine's microphone.
SENDERS_TITLE = _(
    "Run one of these lines on the machine with the microphone; c copies the one under the cursor. "
    "The name after “ssh” is this machine's own: put what you usually type there."
)
SENDERS_BROKEN = _(
    "When the line breaks, what has come is kept: run it again, and the recording goes on."
)
LINE_COPIED = _("The line is copied: paste it on your own machine.")
# As the engine names the systems.
SYSTEMS = {
    "Linux (PulseAudio or PipeWire)": _("Linux (PulseAudio or PipeWire)"),
    "Linux (ALSA alone)": _("Linux (ALSA alone)"),
    "Windows (cmd; not PowerShell, which changes bytes in pipes)": _(
        "Windows (cmd; not PowerShell, which changes bytes in pipes)"
    ),
    "With OmoAI there, too": _("With OmoAI there, too"),
}

# How it ended.
SAVED = _("Saved: {time}. The final text is made now; Esc shows it.")
SAVED_ELSEWHERE = _("The recording is saved: {time}. Its final text is made now.")
SAVED_CUT = _("Saved up to there: {time}. {why}")
NOTHING_CAME = _("Nothing was recorded: no sound came before you stopped.")

# Recordings that nobody has taken over yet.
UNFINISHED_TITLE = _n(
    "{count} recording is not transcribed yet", "{count} recordings are not transcribed yet"
)
UNFINISHED_KEYS = _("Enter transcribe · a all · d delete · r record · Esc later")
UNFINISHED_NONE = _("Every recording is transcribed.")
UNFINISHED_SURE = _("Delete {name} ({time}) for good? d once more deletes it, Esc keeps it.")
UNFINISHED_LATER = _n(
    "{count} recording waits to be transcribed: r and then u shows it.",
    "{count} recordings wait to be transcribed: r and then u shows them.",
)
UNFINISHED_QUEUED = _n("{count} recording is transcribed now.", "{count} recordings are queued.")
TAKEN_ELSEWHERE = _("{name}: another OmoAI is transcribing it already.")
UNFINISHED_UNKNOWN = _("time unknown")
UNFINISHED_CUT = _("cut short")

# Leaving.
QUIT_RECORDING = _(
    "A recording is running ({time}). Leaving stops it; it is kept and offered at the next start."
)

# Keys.
HOLD = _("Pause")
GO_ON = _("Go on")
MARK_NOW = _("Marker")
STOP = _("Stop")
COPY_LINE = _("Copy the line")
SENDERS = _("Lines for your machine")
BACK_TO_TEXT = _("Text")
UNFINISHED = _("Unfinished")
LOOK_AGAIN = _("Look again")
DO_RECORD = _("Record from the microphone under the cursor, at once")
DO_HOLD = _("Record; while recording: pause, or go on")
DO_MARK = _("Set a marker at this moment")
DO_STOP = _("Stop the recording; it is kept and transcribed")
DO_COPY_LINE = _("Copy the line to run on your own machine")
DO_SENDERS = _("Show the lines that send your own machine's microphone")
DO_UNFINISHED = _("Recordings that are not transcribed yet")
DO_LOOK_AGAIN = _("Look for microphones again")
ABOUT = _(
    "Records a microphone. From the first moment every sample is on the disk, whatever happens to "
    "OmoAI, the terminal or the line; the text appears while you speak and is made anew, as for "
    "any file, when you stop. Leaving this screen does not stop the recording. The last row "
    "takes the sound of the computer you sit at, over SSH."
)

language.learn(sys.modules[__name__])
