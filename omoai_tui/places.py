"""Paths that a person typed, pasted or opened before: looked up in a thread, never on the screen's.

A mount that does not answer would hold whoever asks, so a child process asks; the person is told
after `SLOW_AFTER_SECONDS`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from textual.message import Message

from omoai_tui.media import pasted_path

SLOW_AFTER_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Place:
    """What a text names: an absolute path, or None when there is no such thing."""

    text: str
    path: str | None
    folder: bool


class PlaceFound(Message, bubble=False):
    """A place was looked up; `request` is the number that `look_up` was given."""

    def __init__(self, request: int, place: Place) -> None:
        super().__init__()
        self.request = request
        self.place = place


def look_up(request: int, text: str, folder: str, post: Callable[[Message], object]) -> None:
    """Find out what `text` names and post `PlaceFound`; returns at once."""

    def find() -> None:
        path, inside = pasted_path(text, folder) or (None, False)
        post(PlaceFound(request, Place(text, path, inside)))

    threading.Thread(target=find, name="omoai-place", daemon=True).start()
