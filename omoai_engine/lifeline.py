"""How a child process of the engine ends with its parent, however the parent ends.

The parent holds one end of a pipe and never writes to it; the child watches the other end. Where
the line is a socket, the child says once a second over it that it lives, from a thread of its own,
however busy the others are.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading


def end_with_parent(lifeline: int, *, beats: bool = False) -> None:
    """Watch the descriptor `lifeline` in a thread; end this process when the parent is gone.

    `beats`: it is a socket, and a byte goes over it every second.

    A process that leads a group takes the whole group with it: what it started goes, too.
    """
    if beats:
        os.set_blocking(lifeline, False)
    threading.Thread(target=_watch, args=(lifeline, os.getppid(), beats), daemon=True).start()


def _watch(lifeline: int, parent: int, beats: bool) -> None:
    while True:
        # A copy of the pipe may live on in a fork of the parent: look at the parent too.
        ready, _, _ = select.select([lifeline], [], [], 1.0)
        if ready or os.getppid() != parent:
            if os.getpgrp() == os.getpid():
                os.killpg(0, signal.SIGKILL)
            os._exit(0)
        if beats:
            # A parent that does not listen just now has the line full: that is no matter.
            with contextlib.suppress(OSError):
                os.write(lifeline, b".")
