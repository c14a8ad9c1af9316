"""What is known of a job while it runs, and the result made of it at the end."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from omoai_engine.asr.choice import RecognizerChoice
from omoai_engine.asr.isolated import IsolatedRecognizer
from omoai_engine.asr.recognizer import Recognizer
from omoai_engine.errors import OmoAIError, StageError
from omoai_engine.events import LanguageDetected, SpeechDiscarded, Stage
from omoai_engine.memory import peak_memory_mib
from omoai_engine.postprocess.stage import TextStage
from omoai_engine.preprocess.source import AudioInfo
from omoai_engine.results import ASRResult, ASRSegment, Paragraph, PipelineResult, SummaryResult
from omoai_engine.shortage import shortage_of
from omoai_engine.unfinished import Earlier

_INAUDIBLE = 1e-4
"""A peak below this (-80 dB) is a switched-off microphone, not quiet speech."""


@dataclass(slots=True)
class Findings:
    """What is known so far of the recording called `name`; each field is written by one thread.

    `chosen_language` is what the configuration says, None for detection."""

    name: str
    chosen_language: str | None

    info: AudioInfo | None = None
    decoded: float = 0.0
    complete: bool = False
    peak: float = 0.0
    notices: list[str] = field(default_factory=list)
    choice: RecognizerChoice | None = None
    recognizer: Recognizer | None = None
    language: LanguageDetected | None = None
    segments: list[ASRSegment] = field(default_factory=list)
    discarded: list[SpeechDiscarded] = field(default_factory=list)
    first_segment: float | None = None
    text: TextStage | None = None
    written: int = 0
    paragraphs: int = 0
    summary: SummaryResult = field(
        default_factory=lambda: SummaryResult("", (), "", metadata={"method": "none"})
    )
    failures: list[tuple[Stage, BaseException]] = field(default_factory=list)
    continued_from: float | None = None

    def go_on_from(self, earlier: Earlier) -> None:
        """Take what an earlier run found of the same recording."""
        self.segments = list(earlier.segments)
        self.discarded = list(earlier.discarded)
        self.language = earlier.language
        self.decoded = earlier.end
        self.continued_from = earlier.recognized or earlier.end

    @property
    def language_code(self) -> str | None:
        """The language of the recording, as far as it is known (ISO 639-1)."""
        if self.language is not None:
            return self.language.language
        if self.chosen_language is not None:
            return self.chosen_language
        languages = self.choice.languages if self.choice else ()
        return languages[0] if len(languages) == 1 else None

    @property
    def why_no_words(self) -> str:
        """One sentence for a recording that was read to its end and gave no words."""
        if self.peak < _INAUDIBLE:
            return f"{self.name}: the recording is silent; check the microphone or the track."
        return f"{self.name}: no speech was found in the recording."

    def result(self, timing: dict[str, float], *, cancelled: bool) -> PipelineResult:
        """Return everything that was found; `timing` in seconds."""
        text = self.text
        transcript = " ".join(segment.text for segment in self.segments)
        if self.first_segment is not None:
            timing["first_segment"] = self.first_segment
        waited = 0.0
        if text is not None and text.loading_seconds:
            timing["language_model_loading"] = text.loading_seconds
            waited = text.waited_seconds
        segments, paragraphs = self._text_so_far()
        processing = max(0.0, timing["total"] - timing["model_loading"] - waited)
        return PipelineResult(
            segments=segments,
            transcript=transcript,
            transcript_punctuated="\n\n".join(paragraph.text for paragraph in paragraphs),
            summary=self.summary,
            timing=timing,
            performance={
                "audio_duration": self.decoded,
                "processing_time": processing,
                "real_time_factor": processing / self.decoded if self.decoded else 0.0,
                "peak_memory_mib": _peak_memory_mib(self.recognizer),
            },
            metadata=self._metadata(cancelled),
            paragraphs=paragraphs,
            asr=ASRResult(tuple(self.segments), transcript, self.decoded),
            suggestions=text.suggestions if text else (),
        )

    def _text_so_far(self) -> tuple[tuple[ASRSegment, ...], tuple[Paragraph, ...]]:
        """Return segments and paragraphs; what the text work did not reach is as recognised."""
        segments = self.text.segments if self.text else ()
        paragraphs = self.text.paragraphs if self.text else ()
        rest = tuple(self.segments[len(segments) :])
        if rest:
            said = " ".join(segment.text for segment in rest)
            first, last = len(segments), len(self.segments) - 1
            paragraphs += (Paragraph(rest[0].start, rest[-1].end, said, first, last),)
        return segments + rest, paragraphs

    def _metadata(self, cancelled: bool) -> dict[str, Any]:
        choice = self.choice
        return {
            "source": self.name,
            "audio": asdict(self.info) if self.info else {},
            "recognizer": choice.engine if choice else None,
            "model": choice.model if choice else None,
            "recognizer_reason": choice.reason if choice else None,
            "language": self.language_code,
            "language_probability": self.language.probability if self.language else None,
            "discarded": [asdict(cut) for cut in self.discarded],
            "notices": list(self.notices),
            "no_speech": self.complete and not self.segments,
            "postprocess": self.text.metadata if self.text else {},
            "cancelled": cancelled,
            **({"continued_from": self.continued_from} if self.continued_from else {}),
        }

    def raise_failure(self, result: PipelineResult) -> None:
        """Raise what made the job fail, if anything: the first failure is the cause.

        An error of the input or the model is raised as it is when nothing was recognised yet;
        everything else becomes a `StageError` that carries `result`.
        """
        if not self.failures:
            return
        stage, error = self.failures[0]
        if not isinstance(error, Exception):
            raise error
        if isinstance(error, OmoAIError):
            if not self.segments and stage != "asr":
                raise error
            what, where, hint = error.what, error.where, error.hint
        elif (lack := shortage_of(error)) is not None:
            what, where, hint = lack.what, lack.where or self.name, lack.hint
        else:
            what, where = f"{type(error).__name__}: {error}", self.name
            hint = "This is a fault in OmoAI; please report it"
        raise StageError(what, stage=stage, partial=result, where=where, hint=hint) from error


def _peak_memory_mib(recognizer: Recognizer | None) -> float:
    """Return the highest resident memory of this process and of the recogniser's, in MiB."""
    child = recognizer.peak_memory_mib if isinstance(recognizer, IsolatedRecognizer) else 0.0
    return peak_memory_mib() + child
