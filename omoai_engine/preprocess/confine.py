"""What the decoder child gives up before it looks at a file that may be hostile.

Afterwards it can open no file and no connection, write no file, take only so much memory and
processor time, leaves no core dump, and ends when its parent does.
"""

from __future__ import annotations

import fcntl
import os
import resource
import signal

from omoai_engine.lifeline import end_with_parent
from omoai_engine.preprocess.wire import Request

INPUT, OUTPUT, _LIFELINE = 0, 3, 4
_MIB = 1 << 20


def stand_alone(request: Request) -> None:
    """Leave the terminal's signals to the parent and end with it; frames go to `OUTPUT`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _place_descriptors(request)
    end_with_parent(_LIFELINE)


def _place_descriptors(request: Request) -> None:
    """Move the pipes to where the rest of the module expects them; 1 becomes standard error."""
    # Through higher numbers, because either of the two may be in use by the other.
    output = fcntl.fcntl(1, fcntl.F_DUPFD, _LIFELINE + 1)
    lifeline = fcntl.fcntl(request.lifeline_fd, fcntl.F_DUPFD, _LIFELINE + 1)
    os.dup2(output, OUTPUT)
    os.dup2(lifeline, _LIFELINE)
    os.dup2(2, 1)
    os.closerange(_LIFELINE + 1, max(output, lifeline, request.lifeline_fd) + 1)


def confine(request: Request) -> bool:
    """Give up what a decoder does not need; the sound comes from `INPUT`, which is open already.

    Systems without a limit go without. Returns whether there is as much memory as `request`
    allows: this account may get less.
    """
    spool = request.max_stream_bytes if request.spool else 0
    memory = _own_memory() + request.memory_mib * _MIB + spool
    processor = 60 + int(request.max_duration / 10)
    enough = True
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CPU, processor),
        (resource.RLIMIT_AS, memory),
        # No number is left for another file or socket.
        (resource.RLIMIT_NOFILE, _LIFELINE + 1),
    ):
        least = min(
            (bound for bound in resource.getrlimit(limit) if bound != resource.RLIM_INFINITY),
            default=value,
        )
        if limit == resource.RLIMIT_AS and least < value:
            enough = False
        value = min(value, least)
        try:
            resource.setrlimit(limit, (value, value))
        except (OSError, ValueError):
            continue
    return enough


def _own_memory() -> int:
    """Return the address space this program takes before any sound, in bytes."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - lean imports
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 512 * _MIB
