"""How a child process of the engine ends with its parent, however the parent ends.

The parent holds one end of a pipe and never writes to it; the child watches the other end.
"""

from __future__ import annotations

import os
import select
import signal
import threading


def end_with_parent(lifeline: int) -> None:
    """Watch the descriptor `lifeline` in a thread; end this process when the parent is gone.

    A process that leads a group takes the whole group with it: what it started goes, too.
    """
    threading.Thread(target=_watch, args=(lifeline, os.getppid()), daemon=True).start()


def _watch(lifeline: int, parent: int) -> None:
    while True:
        # A copy of the pipe may live on in a fork of the parent: look at the parent too.
        ready, _, _ = select.select([lifeline], [], [], 1.0)
        if ready or os.getppid() != parent:
            if os.getpgrp() == os.getpid():
                os.killpg(0, signal.SIGKILL)
            os._exit(0)
