"""What flows through the engine and what comes out: frozen dataclasses.

Times are seconds as `float`, counted from the first real sample of the recording.
Confidences are probabilities in [0, 1]; `None` means that the recogniser gives none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a hypothesis; `start` and `end` in seconds."""

    start: float
    end: float
    text: str
    confidence: float | None = None
    alternatives: tuple[tuple[str, float], ...] = ()
    """Other hypotheses for this word with their probabilities, best first."""


@dataclass(frozen=True, slots=True)
class ASRSegment:
    """One segment of recognised speech; `start` and `end` in seconds."""

    start: float
    end: float
    text: str
    confidence: float | None = None
    words: tuple[Word, ...] = ()
    speaker: str | None = None
    """Who speaks, as a person or a diarisation named them; `None`: nobody said."""


@dataclass(frozen=True, slots=True)
class ASRResult:
    """What a recogniser made of one recording."""

    segments: tuple[ASRSegment, ...]
    transcript: str
    audio_duration_seconds: float
    sample_rate: int = 16_000
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A run of segments `first..last` (indices, both included) as one punctuated paragraph."""

    start: float
    end: float
    text: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class SummaryResult:
    """Title, abstract and bullets. `bullet_segments[i]` are the indices of the segments that
    support `bullets[i]`; `metadata["method"]` says how it was made (`extractive`, a model)."""

    title: str
    bullets: tuple[str, ...]
    abstract: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    bullet_segments: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the language model would have written instead of the words `first..last` (indices,
    both included) of segment `segment`: likely a misrecognition. Never applied by itself."""

    segment: int
    first: int
    last: int
    text: str


@dataclass(frozen=True, slots=True)
class PostprocessResult:
    """The punctuated segments (same times, same words), the transcript and the summary."""

    segments: tuple[ASRSegment, ...]
    transcript_punctuated: str
    summary: SummaryResult
    metadata: Mapping[str, Any] = field(default_factory=dict)
    paragraphs: tuple[Paragraph, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()


@dataclass(frozen=True, slots=True)
class PipelineResult:
    """Everything one recording gave.

    `segments` carry the punctuated text, `asr.segments` the recogniser's own.
    `timing` is in seconds: `preprocessing`, `asr`, `postprocessing`, `total`, `model_loading`,
    `first_segment`. The stages overlap, so `total` is less than their sum. `performance` holds
    `audio_duration` (s), `processing_time` (s), `real_time_factor` (processing / audio) and
    `peak_memory_mib`. `metadata["cancelled"]` is true when the job was stopped early.
    """

    segments: tuple[ASRSegment, ...]
    transcript: str
    transcript_punctuated: str
    summary: SummaryResult
    timing: Mapping[str, float]
    performance: Mapping[str, float]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    paragraphs: tuple[Paragraph, ...] = ()
    asr: ASRResult | None = None
    suggestions: tuple[Suggestion, ...] = ()


@dataclass(frozen=True, slots=True)
class PipelineFailure:
    """One input of a batch that gave no result; `partial` is what was finished, if anything."""

    source: str
    error: Exception
    partial: PipelineResult | None = None
