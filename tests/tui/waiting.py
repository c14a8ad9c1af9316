"""Waiting for what the app shows or says."""

from __future__ import annotations

import contextlib
from typing import cast

import pytest
from samples import screen_text
from textual.pilot import Pilot

from omoai_tui.app import OmoaiApp

SECONDS = 120.0
_STEP = 0.05


async def shows(pilot: Pilot[None], *words: str) -> str:
    """Wait until the screen has all of these words; return it on one line, without frames."""
    text = ""
    for _ in range(int(SECONDS / _STEP)):
        await pilot.pause(_STEP)
        app = cast(OmoaiApp, pilot.app)
        # A screen that has just come is not laid out yet.
        if app.screen.size == app.size and app.screen.is_mounted:
            with contextlib.suppress(AssertionError):  # nor is all of it drawn
                text = " ".join(screen_text(app).replace("│", " ").split())
            if all(word in text for word in words):
                return text
    raise AssertionError(f"never showed {words}; shows: {text}")


async def says(pilot: Pilot[None], words: str) -> None:
    """Wait until the app has told the person a sentence with these words."""
    for _ in range(int(SECONDS / _STEP)):
        if any(words in note.message for note in pilot.app._notifications):
            return
        await pilot.pause(_STEP)
    raise AssertionError(f"never said {words!r}")


def notices(app: OmoaiApp, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list in which everything stands that the app tells the person from now on."""
    said: list[str] = []
    notify = app.notify

    def note(message: str, **options: object) -> None:
        said.append(message)
        notify(message, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(app, "notify", note)
    return said
