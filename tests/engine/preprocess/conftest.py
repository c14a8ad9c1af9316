"""Every test here must leave the process as it found it: no child, no open descriptor."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

sys.path.insert(0, str(Path(__file__).parent))


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def _descriptors() -> int:
    return psutil.Process().num_fds()


@pytest.fixture(autouse=True)
def _nothing_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    children, descriptors = _children(), _descriptors()
    yield
    deadline = time.monotonic() + 120
    while (_children() - children or _descriptors() > descriptors) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.02)  # A feeder thread may be about to close its end.
    assert not _children() - children, "a child process is left"
    assert _descriptors() <= descriptors, "an open descriptor is left"
