"""The highest resident memory of this process, in MiB."""

from __future__ import annotations

import resource
import sys


def peak_memory_mib() -> float:
    """Return the peak since this program was started.

    On Linux from `VmHWM`: `ru_maxrss` also counts what the parent held when it started us.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as file:  # noqa: PTH123 - a kernel table
            lines = [line for line in file if line.startswith("VmHWM:")]
        return int(lines[0].split()[1]) / 1024
    except (OSError, ValueError, IndexError):
        pass
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
