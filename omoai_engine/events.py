"""What a running job says. Each event is a fact, frozen, and safe to hand to another thread.

`on_event` callbacks are called from the engine's threads: return quickly, do not raise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from omoai_engine.results import ASRSegment, Paragraph, SummaryResult

Stage = Literal["preprocessing", "model_loading", "asr", "postprocessing"]
STAGES: tuple[Stage, ...] = ("preprocessing", "model_loading", "asr", "postprocessing")


@dataclass(frozen=True, slots=True)
class JobStarted:
    """A recording is about to be read; `duration` in seconds where the file tells it.

    `file`: the bytes and the time of the last change (ns) of what is read, where it is a file.
    """

    source: str
    duration: float | None
    file: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage began its work."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class StageProgress:
    """How far a stage is: `done` of `total` seconds of audio, after `elapsed` seconds."""

    stage: Stage
    done: float
    total: float | None
    elapsed: float


@dataclass(frozen=True, slots=True)
class StageFinished:
    """A stage is through: `elapsed` seconds of wall time for `audio` seconds of sound.

    `busy` is the part of `elapsed` that the stage itself worked, without waiting for the
    stages beside it."""

    stage: Stage
    elapsed: float
    audio: float
    busy: float


@dataclass(frozen=True, slots=True)
class RecognizerChosen:
    """Which engine and model transcribe, and why."""

    name: str
    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class LanguageDetected:
    """The language of the recording (ISO 639-1) and how sure the recogniser is."""

    language: str
    probability: float


@dataclass(frozen=True, slots=True)
class SegmentRecognized:
    """Segment number `index` (from 0, in order) is firm. `first_latency` (seconds since the
    job's start) is set on the first one only."""

    index: int
    segment: ASRSegment
    first_latency: float | None = None


@dataclass(frozen=True, slots=True)
class ProvisionalText:
    """What was heard from `start` to `end` (seconds) but may still change. It takes the place of
    every earlier provisional text; firm segments take away what they cover."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class SpeechDiscarded:
    """Text between `start` and `end` (seconds) was cut as not spoken; `reason` says why."""

    start: float
    end: float
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class TextPunctuated:
    """Paragraph number `index` (from 0, in order) is punctuated; `segments` are its segments
    with punctuated text, same times and words as recognised."""

    index: int
    paragraph: Paragraph
    segments: tuple[ASRSegment, ...]


@dataclass(frozen=True, slots=True)
class TextBackendChosen:
    """What punctuates and summarises (`rules`, `vllm`, `server`), its model and why."""

    backend: str
    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class TokensGenerated:
    """The language model has written `count` tokens in this job, in `elapsed` seconds of work."""

    count: int
    elapsed: float


@dataclass(frozen=True, slots=True)
class SummaryDelta:
    """More text of a summary that is being written."""

    text: str


@dataclass(frozen=True, slots=True)
class SummaryReady:
    """The summary is complete."""

    summary: SummaryResult


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the person should know; the job goes on. One clear sentence."""

    text: str


Event = (
    JobStarted
    | StageStarted
    | StageProgress
    | StageFinished
    | RecognizerChosen
    | LanguageDetected
    | SegmentRecognized
    | ProvisionalText
    | SpeechDiscarded
    | TextBackendChosen
    | TokensGenerated
    | TextPunctuated
    | SummaryDelta
    | SummaryReady
    | Notice
)
OnEvent = Callable[[Event], None]
