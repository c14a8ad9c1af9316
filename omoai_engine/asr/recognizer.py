"""The contract between the pipeline and every recogniser.

A recogniser takes 16 kHz mono float32 blocks in [-1, 1] with their start in seconds, in order,
and yields segments as soon as they are firm. It knows nothing of files, of punctuation by a
language model, or of the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from omoai_engine.audio import AudioBlock
from omoai_engine.control import JobControl
from omoai_engine.events import LanguageDetected, Notice, ProvisionalText, SpeechDiscarded
from omoai_engine.results import ASRSegment


@dataclass(frozen=True, slots=True)
class RecognizerInfo:
    """What a recogniser can do. `languages` empty means any; `live` means that it gives
    provisional text block by block."""

    name: str
    model: str
    languages: tuple[str, ...]
    writes_punctuation: bool
    live: bool


@dataclass(frozen=True, slots=True)
class AudioProgress:
    """Recognition is firm up to `seconds` of audio."""

    seconds: float


RecognizerEvent = AudioProgress | LanguageDetected | SpeechDiscarded | ProvisionalText | Notice
Report = Callable[[RecognizerEvent], None]


def ignore(_event: RecognizerEvent) -> None:
    """Report to nobody."""


class Recognizer(Protocol):
    """A recogniser. Not thread-safe: one recording at a time."""

    @property
    def info(self) -> RecognizerInfo:
        """What it can do; available before `load`."""
        ...

    def load(self) -> None:
        """Load the model. Idempotent. Raises `ModelError`."""
        ...

    def recognize(
        self,
        blocks: Iterable[AudioBlock],
        *,
        control: JobControl,
        report: Report = ignore,
    ) -> Iterator[ASRSegment]:
        """Yield segments in time order as they become firm; loads the model if need be.

        Looks at `control` at least every 0.5 s and raises `CancelledError` when it is set.
        """
        ...

    def close(self) -> None:
        """Free everything. Idempotent."""
        ...


@runtime_checkable
class LiveRecognizer(Recognizer, Protocol):
    """A recogniser whose `info.live` is true: it also follows a recording that is being made."""

    def recognize_live(
        self,
        blocks: Iterable[AudioBlock],
        *,
        control: JobControl,
        report: Report = ignore,
    ) -> Iterator[ASRSegment]:
        """Yield segments as `recognize` does, a few seconds after the pause that ends them.

        Reports `ProvisionalText` for what is not firm yet; an empty one takes back the last. Ends
        with `blocks`, which may wait for sound; give them at least twice a second.
        """
        ...
