"""The transcript to the clipboard of the person's own machine.

Over SSH only the terminal can do it: OSC 52. Inside tmux that reaches nothing; tmux itself
passes it on with `load-buffer -w`.
"""

from __future__ import annotations

import os
import subprocess


def inside_tmux() -> bool:
    """Say whether a tmux server holds this terminal."""
    return bool(os.environ.get("TMUX"))


def copy_through_tmux(text: str) -> str:
    """Hand `text` to tmux and from there to the terminal; return what went wrong, else "".

    Blocks up to 5 s: call it from a thread.
    """
    try:
        done = subprocess.run(
            ["tmux", "load-buffer", "-w", "-"],
            input=text.encode("utf-8", "replace"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__
    return "" if done.returncode == 0 else f"tmux ended with {done.returncode}"
