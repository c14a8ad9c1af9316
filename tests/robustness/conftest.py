"""The helpers of this folder can be imported by its tests; LONG_TESTS=1 adds the slow ones."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

# A disk that does not answer takes half a minute and a kernel with FUSE; days of sound, minutes.
_SLOW = ["test_surroundings_stalled.py", "test_long_sounds.py"]
collect_ignore = [] if os.environ.get("LONG_TESTS") == "1" else _SLOW


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many faults were injected, where some were."""
    from fault_tools import COUNTED

    if COUNTED["runs"]:
        told = ", ".join(f"{number} {what}" for what, number in COUNTED.items())
        terminalreporter.write_line(f"single calls that were failed: {told}")
