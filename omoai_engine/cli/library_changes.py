"""`omoai library edit|undo|redo|rename|tag|delete|restore`: what changes transcripts."""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from omoai_engine.cli.console import error_line, say
from omoai_engine.cli.exits import ExitCode
from omoai_engine.durations import clock
from omoai_engine.errors import EditError, OmoAIError
from omoai_engine.text import counted, one_line, shown_path

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig
    from omoai_engine.library import Entry, Library


_EDITOR_SAVES_SECONDS = 1.0


def entry_line(entry: Entry) -> str:
    """Return an entry as one line of a list."""
    tags = f"  [{', '.join(entry.tags)}]" if entry.tags else ""
    state = "" if entry.state == "finished" else f"  ({entry.state})"
    day = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.created))
    return f"{entry.id:>6}  {day}  {clock(entry.duration):>8}  {one_line(entry.title)}{tags}{state}"


def edit(library: Library, _config: OmoAIConfig, parsed: argparse.Namespace) -> int:
    """`edit ID`: the transcript in $EDITOR; what cannot be placed is told and kept."""
    from omoai_engine.library.editor import from_text, to_text

    transcript = library.transcript(parsed.id)
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    before = to_text(transcript)
    try:
        path = _draft(before)
    except OSError as error:
        error_line(f"there is no room for the text to edit: {error.strerror}. Nothing was changed")
        return ExitCode.FAILED
    # Said first: then its place is known whatever ends this program.
    say(f"While you edit it, the text is in {shown_path(path)}")
    try:
        ended = _edited([*shlex.split(command), str(path)])
        after = path.read_bytes().decode("utf-8")
    except _AskedToEndError as asked:
        error_line(f"stopped; nothing was changed. What you wrote is kept in {shown_path(path)}")
        return asked.code
    except (OSError, ValueError) as error:
        error_line(f"the editor {one_line(command)} cannot be used: {one_line(str(error))}")
        say(f"The text is kept in {shown_path(path)}")
        return ExitCode.FAILED
    if ended != 0:
        error_line(f"the editor ended with code {ended}; nothing was changed")
        say(f"The text is kept in {shown_path(path)}")
        return ExitCode.FAILED
    came = from_text(transcript, after)
    for note in came.notes:
        say(f"line {note.line}: {note.why}: {note.text}")
    if came.edits:
        try:
            outcome = library.edit(parsed.id, *came.edits, label="Edit in an editor")
        except OmoAIError as error:
            error_line(str(error))
            say(f"What you wrote is kept in {shown_path(path)}")
            return ExitCode.USAGE if isinstance(error, EditError) else ExitCode.FAILED
        say(f"{counted(outcome.changed, 'segment')} changed.")
        say(f"This takes it back: omoai library undo {parsed.id}")
    else:
        say("Nothing was changed.")
    if came.notes:
        say(f"What you wrote is kept in {shown_path(path)}")
    else:
        with contextlib.suppress(OSError):
            path.unlink()
    return ExitCode.DONE


class _AskedToEndError(Exception):
    """A signal asked the program to end while the editor was open."""

    def __init__(self, code: ExitCode) -> None:
        super().__init__(code)
        self.code = code


def _edited(command: list[str]) -> int:
    """Run the editor to its end; return its exit code. Raises `OSError`, `_AskedToEndError`.

    Ctrl-C is the editor's own affair. SIGTERM and SIGHUP go on to it, so that it can save what it
    has, and end this program.
    """
    codes = {signal.SIGTERM: ExitCode.TERMINATED, signal.SIGHUP: ExitCode.HUNG_UP}

    def asked(number: int, _frame: object) -> None:
        raise _AskedToEndError(codes[signal.Signals(number)])

    before = {number: signal.getsignal(number) for number in (*codes, signal.SIGINT)}
    editor = None
    try:
        # A handler, not SIG_IGN: that would be handed on to the editor.
        signal.signal(signal.SIGINT, lambda *_: None)
        for number in codes:
            if before[number] != signal.SIG_IGN:
                signal.signal(number, asked)
        editor = subprocess.Popen(command)
        return editor.wait()
    except _AskedToEndError as error:
        if editor is not None:
            editor.send_signal(signal.SIGHUP)
            with contextlib.suppress(subprocess.TimeoutExpired):
                editor.wait(_EDITOR_SAVES_SECONDS)
        raise error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _draft(text: str) -> Path:
    """Write the text to edit into a file of its own. Raises `OSError`."""
    descriptor, name = tempfile.mkstemp(prefix="omoai-edit-", suffix=".txt")
    path = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise
    return path


def undo(library: Library, _config: OmoAIConfig, parsed: argparse.Namespace) -> int:
    """`undo ID` and `redo ID`: one step of the history back, or forward again."""
    library.entry(parsed.id)
    back = parsed.command == "undo"
    outcome = library.undo(parsed.id) if back else library.redo(parsed.id)
    if outcome is None:
        say("There is nothing to take back." if back else "There is nothing to do again.")
        return ExitCode.FAILED
    say(f"{'Taken back' if back else 'Done again'}: {one_line(outcome.label)}")
    return ExitCode.DONE


def rename(library: Library, _config: OmoAIConfig, parsed: argparse.Namespace) -> int:
    """`rename ID TITLE`."""
    library.rename(parsed.id, parsed.title)
    say(entry_line(library.entry(parsed.id)))
    return ExitCode.DONE


def tag(library: Library, _config: OmoAIConfig, parsed: argparse.Namespace) -> int:
    """`tag ID NAME ...`; with `--remove` they are taken away."""
    library.entry(parsed.id)
    for name in parsed.names:
        if parsed.remove:
            library.untag(parsed.id, name)
        else:
            library.tag(parsed.id, name)
    say(entry_line(library.entry(parsed.id)))
    return ExitCode.DONE


def delete(library: Library, config: OmoAIConfig, parsed: argparse.Namespace) -> int:
    """`delete ID ...`: asks first; `restore` brings them back for a while."""
    entries = [library.entry(number) for number in parsed.id]
    for entry in entries:
        say(entry_line(entry))
    if not parsed.yes:
        if sys.stdin is None or not sys.stdin.isatty():
            error_line("deleting asks first, and nobody can answer. Give --yes")
            return ExitCode.USAGE
        say(f"Delete {len(entries)}? [y/N]")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            say("Nothing was deleted.")
            return ExitCode.FAILED
    for entry in entries:
        library.delete(entry.id)
    library.purge(older_than_days=config.library.deleted_days)
    numbers = " ".join(str(entry.id) for entry in entries)
    say(
        f"Deleted. For {config.library.deleted_days:.0f} days this brings back: "
        f"omoai library restore {numbers}"
    )
    return ExitCode.DONE


def restore(library: Library, _config: OmoAIConfig, parsed: argparse.Namespace) -> int:
    """`restore ID ...`."""
    for number in parsed.id:
        library.restore(number)
        say(entry_line(library.entry(number)))
    return ExitCode.DONE
