"""What the numerical libraries take as soon as they are imported, kept small and looked at before.

OpenBLAS, which NumPy brings, starts a thread for every core and takes memory for each; where that
is refused it writes to the terminal by itself and ends or interrupts the process. The command and
the app compute nothing with it: their children do, and get their own environment. Standard
library only.
"""

from __future__ import annotations

import mmap
import os
import resource

from omoai_engine.errors import ShortageError
from omoai_engine.shortage import MEMORY

BLAS_THREADS = "OPENBLAS_NUM_THREADS"
_MIB = 1 << 20
_set_here: set[str] = set()


def take_one_thread() -> None:
    """Let this process have one thread of OpenBLAS, unless the person said how many."""
    if BLAS_THREADS not in os.environ:
        os.environ[BLAS_THREADS] = "1"
        _set_here.add(BLAS_THREADS)


def ours_alone() -> frozenset[str]:
    """Return the variables that were set for this process and not for its children."""
    return frozenset(_set_here)


def ask_for_room(mib: int = 160) -> None:
    """Raise `ShortageError` where this account's limit on memory leaves less than `mib` MiB."""
    if resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        return
    try:
        mmap.mmap(-1, mib * _MIB).close()
    except OSError:
        what, hint = MEMORY
        raise ShortageError(
            what, hint=f"{hint}; `ulimit -v` shows what this account may take"
        ) from None
