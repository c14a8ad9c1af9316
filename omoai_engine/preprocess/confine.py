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


def confine(request: Request) -> None:
    """Give everything up; the sound comes from `INPUT`, frames go to `OUTPUT`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _place_descriptors(request)
    end_with_parent(_LIFELINE)
    _set_limits(request)


def _place_descriptors(request: Request) -> None:
    """Move the pipes to where the rest of the module expects them; 1 becomes standard error."""
    # Through high numbers, because any of the low ones may be in use by another of them.
    output = fcntl.fcntl(1, fcntl.F_DUPFD, 16)
    lifeline = fcntl.fcntl(request.lifeline_fd, fcntl.F_DUPFD, 16)
    os.dup2(output, OUTPUT)
    os.dup2(lifeline, _LIFELINE)
    os.dup2(2, 1)
    os.closerange(_LIFELINE + 1, max(output, lifeline, request.lifeline_fd) + 1)


def _set_limits(request: Request) -> None:
    """Take from this process what a decoder does not need; systems without a limit go without."""
    spool = request.max_stream_bytes if request.spool else 0
    memory = _own_memory() + request.memory_mib * _MIB + spool
    processor = 60 + int(request.max_duration / 10)
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CPU, processor),
        (resource.RLIMIT_AS, memory),
        # No number is left for another file or socket.
        (resource.RLIMIT_NOFILE, _LIFELINE + 1),
    ):
        _, hard = resource.getrlimit(limit)
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        try:
            resource.setrlimit(limit, (value, value))
        except (OSError, ValueError):
            continue


def _own_memory() -> int:
    """Return the address space this program takes before any sound, in bytes."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - lean imports
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 512 * _MIB
