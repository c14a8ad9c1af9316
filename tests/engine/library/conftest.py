"""A library of its own for every test; property tests have no time limit an example."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from omoai_engine.library import Library

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library") as opened:
        yield opened
