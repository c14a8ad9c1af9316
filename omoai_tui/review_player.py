"""Playing stretches of a recording beside the screen: the newest wish counts, the last is stopped.

Sound is cut out and played by the engine's own child process; here a thread waits for it. What
happens comes back as messages.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from omoai_engine.errors import RecordingError
from omoai_tui.pipeline_worker import sentence_for

if TYPE_CHECKING:
    from omoai_engine.recording.playback import Playback


@dataclass(frozen=True, slots=True)
class Stretch:
    """What shall be heard: a file from `start` to `end` seconds, once or `again` and again."""

    path: Path
    start: float
    end: float
    again: bool = False


@dataclass(eq=False)
class Sounds(Message, bubble=False):
    """The stretch is to be heard, since `since` (monotonic seconds)."""

    stretch: Stretch
    since: float


@dataclass(eq=False)
class Silent(Message, bubble=False):
    """Nothing is to be heard any more; `why` where it could not be, `no_output` where there is no
    device at all."""

    why: str = ""
    no_output: bool = False


class ReviewPlayer:
    """Plays one stretch at a time."""

    def __init__(self, post: Callable[[Message], object], device: str | None = None) -> None:
        self._post = post
        self._device = device
        self._wishes: queue.SimpleQueue[tuple[int, Stretch | None] | None] = queue.SimpleQueue()
        self._newest = 0
        self._playing: Playback | None = None
        self._thread: threading.Thread | None = None

    def play(self, stretch: Stretch | None) -> None:
        """Let this be heard instead of what is; `None`: nothing."""
        self._newest += 1
        self._wishes.put((self._newest, stretch))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="omoai-play", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Be silent."""
        self._newest += 1
        self._wishes.put(None)
        if self._thread is not None:
            self._thread.join(1.0)

    def _run(self) -> None:
        while (wish := self._wishes.get()) is not None:
            number, stretch = wish
            if number != self._newest:
                continue
            self._stop()
            if stretch is None:
                self._post(Silent())
            else:
                self._start(number, stretch)
        self._stop()

    def _stop(self) -> None:
        playing, self._playing = self._playing, None
        if playing is not None:
            playing.stop()

    def _start(self, number: int, stretch: Stretch) -> None:
        from omoai_engine.recording.playback import Playback, clip

        def ended() -> None:
            if number == self._newest:
                if stretch.again:
                    self.play(stretch)
                else:
                    self._post(Silent())

        try:
            content = clip(stretch.path, stretch.start, stretch.end)
        except Exception as error:
            self._post(Silent(sentence_for(error)))
            return
        if number != self._newest:
            return
        try:
            self._playing = Playback(content, self._device, ended)
        except RecordingError as error:
            self._post(Silent(error.what, no_output=True))
        except Exception as error:
            self._post(Silent(sentence_for(error)))
        else:
            # One that nobody wants any more is stopped by the next turn of the thread.
            if number == self._newest:
                self._post(Sounds(stretch, time.monotonic()))
