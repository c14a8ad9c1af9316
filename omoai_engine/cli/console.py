"""The two streams of the command: data out as UTF-8 bytes, narration to people beside it.

Works with streams that are closed, full, or in another encoding; never fails because nobody
reads the narration.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from typing import NoReturn

from omoai_engine.cli.exits import ExitCode
from omoai_engine.errors import ExportError
from omoai_engine.text import clean_text, one_line


def prepare_streams() -> None:
    """Let narration never fail on a letter that the terminal's encoding lacks."""
    if isinstance(sys.stderr, io.TextIOWrapper):
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.reconfigure(errors="backslashreplace")


def write_text(text: str) -> None:
    """Write `text` to standard output as UTF-8, whatever the locale says, and flush it.

    Raises `BrokenPipeError` when the reader went away, `ExportError` when it cannot be written.
    """
    if sys.stdout is None:
        raise ExportError("standard output is closed", hint="Send it to a file: > FILE")
    data = text.encode("utf-8", "backslashreplace")
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ExportError(f"standard output cannot be written: {reason}") from None


def say(text: str) -> None:
    """Write one line of narration to standard error."""
    if sys.stderr is None:
        return
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(clean_text(text) + "\n")
        sys.stderr.flush()


def error_line(text: str) -> None:
    """Write one line about something wrong to standard error."""
    say(f"omoai: {one_line(text)}")


def end_quietly() -> ExitCode:
    """Give up standard output without a word: its reader went away."""
    # The interpreter flushes standard output at exit; let that go nowhere.
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    return ExitCode.PIPE_CLOSED


class Parser(argparse.ArgumentParser):
    """An argument parser whose help goes out as UTF-8 and whose errors are one clean line."""

    def __init__(self, prog: str, description: str, epilog: str | None = None) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def print_help(self, file: object = None) -> None:
        """Write the help to standard output."""
        write_text(self.format_help())

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line and end with the code for wrong usage."""
        shown = message.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        error_line(f"{shown}. See: {self.prog} --help")
        raise SystemExit(ExitCode.USAGE)
