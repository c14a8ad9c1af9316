"""One models folder for the whole session, a home for every test."""

from __future__ import annotations

from pathlib import Path

import pytest
from omoai_command import Home


@pytest.fixture(scope="session")
def shared_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture
def omoai(tmp_path: Path, shared_models: Path) -> Home:
    home = tmp_path / "home"
    home.mkdir()
    return Home(home, shared_models)
