"""What the tests of the app share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from samples import DATA

from omoai_tui import language, state


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same colours and the same language wherever the tests run."""
    for name in ("NO_COLOR", "TMUX", "TEXTUAL_ANIMATIONS", "LC_ALL", "LANGUAGE", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    # What one test makes the app remember is not another's.
    shutil.rmtree(state.folder(), ignore_errors=True)
    yield
    language.use("en")


@pytest.fixture
def english() -> Path:
    """Return 11 s of English."""
    return DATA / "en-jfk.mp3"
