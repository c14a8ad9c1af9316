"""How many processor threads a recogniser uses."""

from __future__ import annotations

import os

_MAX_AUTOMATIC_THREADS = 4
"""More help little on speech models of this size and take the machine from its owner."""


def thread_count(wanted: int) -> int:
    """Return `wanted`, else `OMP_NUM_THREADS`, else the cores of this process, at most four."""
    if wanted:
        return wanted
    limit = os.environ.get("OMP_NUM_THREADS", "")
    if limit.isdigit() and int(limit) > 0:
        return int(limit)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(_MAX_AUTOMATIC_THREADS, cores or 1)
