"""A home of its own for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import Hub, serving

from omoai_engine.config import OmoAIConfig, load_config


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test its own folders; nothing of the person's is read or written."""
    for name in list(os.environ):
        if name.upper().startswith(("OMOAI_", "HF_", "HUGGINGFACE_")):
            monkeypatch.delenv(name)
    for name in ("DATA", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path


@pytest.fixture
def config(home: Path) -> OmoAIConfig:
    return load_config()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving() as state:
        monkeypatch.setenv("HF_ENDPOINT", state.address)
        yield state
