"""How a child process of the engine ends with its parent, however the parent ends.

The parent holds one end of a pipe and never writes to it; the child watches the other end.
"""

from __future__ import annotations

import os
import select
import threading


def end_with_parent(lifeline: int) -> None:
    """Watch the descriptor `lifeline` in a thread; end this process when the parent is gone."""
    threading.Thread(target=_watch, args=(lifeline, os.getppid()), daemon=True).start()


def _watch(lifeline: int, parent: int) -> None:
    while True:
        # A copy of the pipe may live on in a fork of the parent: look at the parent too.
        ready, _, _ = select.select([lifeline], [], [], 1.0)
        if ready or os.getppid() != parent:
            os._exit(0)
