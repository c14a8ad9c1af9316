"""The exit codes of `omoai`: an interface that scripts build on."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """What the exit code of a command means."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    HUNG_UP = 129
    INTERRUPTED = 130
    PIPE_CLOSED = 141
    TERMINATED = 143


EXIT_CODES = """\
exit codes:
  0    every file gave its transcript
  1    something failed here: a model is missing, a stage failed, a result could not be written
  2    wrong usage or configuration, or an input that cannot be used: missing, not sound,
       empty, without speech
  129  the terminal was closed     \\  what was recognised until then
  130  interrupted by Ctrl-C        }  is written or printed first; a second
  143  ended by SIGTERM            /   Ctrl-C ends at once
  141  the reader of standard output went away
With several files: a signal decides first, then 1, then 2; 0 only when all are done. One file
that cannot be used never stops the others."""


def combined(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the exit code of a batch whose files ended with `codes`."""
    found = set(codes)
    order = (
        ExitCode.PIPE_CLOSED,
        ExitCode.TERMINATED,
        ExitCode.HUNG_UP,
        ExitCode.INTERRUPTED,
        ExitCode.FAILED,
        ExitCode.USAGE,
    )
    return next((code for code in order if code in found), ExitCode.DONE)
