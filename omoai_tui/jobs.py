"""One recording on its way through the engine, as the screen knows it.

Events go in (`Job.apply`), facts to draw come out. Lives in the app's own thread; knows
neither widgets nor the pipeline. Times in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, Flag, auto

from omoai_engine.control import JobControl
from omoai_engine.events import (
    STAGES,
    Event,
    JobStarted,
    LanguageDetected,
    Notice,
    ProvisionalText,
    RecognizerChosen,
    SegmentRecognized,
    SpeechDiscarded,
    Stage,
    StageFinished,
    StageProgress,
    StageStarted,
    SummaryDelta,
    SummaryReady,
    TextBackendChosen,
    TextPunctuated,
    TokensGenerated,
)
from omoai_engine.results import ASRSegment, Paragraph, PipelineResult, SummaryResult
from omoai_engine.text import shown_path


class JobStatus(Enum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def active(self) -> bool:
        """Say whether the engine holds the job now."""
        return self in (JobStatus.RUNNING, JobStatus.PAUSED, JobStatus.STOPPING)

    @property
    def over(self) -> bool:
        """Say whether nothing more will come."""
        return self in (JobStatus.DONE, JobStatus.STOPPED, JobStatus.FAILED)


class Changed(Flag):
    """Which parts of a job are different now."""

    NOTHING = 0
    SEGMENTS = auto()
    TRANSCRIPT = auto()
    SUMMARY = auto()
    TIMING = auto()
    STATUS = auto()
    EVERYTHING = SEGMENTS | TRANSCRIPT | SUMMARY | TIMING | STATUS


@dataclass(slots=True)
class StageState:
    """How far one stage is. `started` and `finished` cannot both be false while `done` > 0."""

    started: bool = False
    finished: bool = False
    done: float = 0.0
    total: float | None = None
    elapsed: float = 0.0
    busy: float = 0.0


@dataclass(slots=True)
class Job:
    """One recording: what was asked, and everything that is known of it."""

    number: int
    path: str
    control: JobControl = field(default_factory=JobControl)
    status: JobStatus = JobStatus.WAITING
    reason: str = ""
    opened: bool = False
    duration: float | None = None
    elapsed: float = 0.0
    engine: str = ""
    language: str = ""
    language_probability: float = 0.0
    text_by: str = ""
    tokens: int = 0
    token_seconds: float = 0.0
    usual_speed: float | None = None
    first_latency: float | None = None
    memory_mib: float = 0.0
    graphics_mib: float = 0.0
    provisional: ProvisionalText | None = None
    segments: list[ASRSegment] = field(default_factory=list)
    paragraphs: list[Paragraph] = field(default_factory=list)
    discarded: list[SpeechDiscarded] = field(default_factory=list)
    revised: list[tuple[int, int]] = field(default_factory=list)
    summary: SummaryResult | None = None
    summary_draft: str = ""
    notices: list[str] = field(default_factory=list)
    stages: dict[Stage, StageState] = field(
        default_factory=lambda: {stage: StageState() for stage in STAGES}
    )
    result: PipelineResult | None = None
    saved: bool = False
    entry: int | None = None
    """Its number in the library, once it is kept there."""

    @property
    def shown(self) -> str:
        """The path, harmless to show."""
        return shown_path(self.path)

    @property
    def name(self) -> str:
        """The file's name, harmless to show."""
        return self.shown.rstrip("/").rpartition("/")[2] or self.shown

    @property
    def progress(self) -> float | None:
        """Share of the recording that is recognised, 0 to 1; `None` when unknown."""
        stage = self.stages["asr"]
        if stage.finished:
            return 1.0
        total = stage.total or self.duration
        return min(1.0, stage.done / total) if total else None

    @property
    def remaining(self) -> float | None:
        """Seconds until recognition ends at the speed it had so far; `None` when unknown."""
        stage = self.stages["asr"]
        total = stage.total or self.duration
        if not total or stage.finished or stage.done <= 0 or stage.elapsed < 1:
            return None
        return max(0.0, (total - stage.done) * stage.elapsed / stage.done)

    @property
    def guessed_remaining(self) -> float | None:
        """Seconds until the end as earlier runs on this machine went; `None` without any."""
        total = self.stages["asr"].total or self.duration
        if not total or not self.usual_speed or self.stages["asr"].finished:
            return None
        return max(0.0, total / self.usual_speed - self.elapsed)

    def transcript(self) -> str:
        """Return the text so far: punctuated paragraphs, then what is not yet punctuated."""
        parts = [paragraph.text for paragraph in self.paragraphs]
        after = self.paragraphs[-1].last + 1 if self.paragraphs else 0
        rest = " ".join(segment.text for segment in self.segments[after:])
        return "\n\n".join([*parts, rest] if rest else parts)

    def take_revised(self) -> list[tuple[int, int]]:
        """Return the runs of segments whose text changed since the last call, and forget them."""
        revised, self.revised = self.revised, []
        return revised

    def apply(self, event: Event) -> Changed:
        """Take in one event and say what it changed."""
        match event:
            case JobStarted(duration=duration):
                self.opened, self.duration = True, duration
                return Changed.TIMING | Changed.STATUS
            case StageStarted(stage=stage):
                self.stages[stage].started = True
                return Changed.TIMING | Changed.STATUS
            case StageProgress(stage=stage, done=done, total=total, elapsed=elapsed):
                state = self.stages[stage]
                if not state.finished:
                    state.started = True
                    state.done, state.total, state.elapsed = done, total, elapsed
                return Changed.TIMING
            case StageFinished(stage=stage, elapsed=elapsed, audio=audio, busy=busy):
                self.stages[stage] = StageState(True, True, audio, audio, elapsed, busy)
                return Changed.TIMING | Changed.STATUS
            case SegmentRecognized():
                return self._take_segment(event)
            case TextPunctuated():
                return self._take_paragraph(event)
            case SummaryDelta(text=text):
                self.summary_draft += text
                return Changed.SUMMARY
            case SummaryReady(summary=summary):
                self.summary = summary
                return Changed.SUMMARY
            case ProvisionalText():
                self.provisional = event if event.text.strip() else None
                return Changed.SEGMENTS
            case TextBackendChosen(backend=backend, model=model, reason=reason):
                self.text_by = " ".join(filter(None, (backend, model)))
                self.text_by += f" ({reason})" if reason else ""
            case TokensGenerated(count=count, elapsed=elapsed):
                self.tokens, self.token_seconds = count, elapsed
                return Changed.TIMING
            case RecognizerChosen(name=name, model=model):
                self.engine = model if name.lower() in model.lower() else f"{name} {model}"
            case LanguageDetected(language=language, probability=probability):
                self.language, self.language_probability = language, probability
            case SpeechDiscarded():
                self.discarded.append(event)
            case Notice(text=text):
                self.notices.append(text)
        return Changed.STATUS

    def _take_segment(self, event: SegmentRecognized) -> Changed:
        if event.index < len(self.segments):
            self.segments[event.index] = event.segment
            self.revised.append((event.index, event.index))
        else:
            self.segments.append(event.segment)
        if self.provisional and event.segment.end > self.provisional.start:
            # Firm words are never shown beside the provisional ones that they replace.
            self.provisional = None
        if event.first_latency is not None:
            self.first_latency = event.first_latency
        return Changed.SEGMENTS

    def _take_paragraph(self, event: TextPunctuated) -> Changed:
        if event.index < len(self.paragraphs):
            self.paragraphs[event.index] = event.paragraph
        else:
            self.paragraphs.append(event.paragraph)
        changed = Changed.TRANSCRIPT
        first = event.paragraph.first
        last = first + len(event.segments)
        if last <= len(self.segments) and tuple(self.segments[first:last]) != event.segments:
            self.segments[first:last] = event.segments
            self.revised.append((first, last - 1))
            changed |= Changed.SEGMENTS
        return changed

    def settle(self, result: PipelineResult | None, error: str) -> None:
        """Take in the end of the job: its result (perhaps partial) and the error, if any."""
        self.result = result
        self.provisional = None
        if result is not None:
            # The result is the authority; events may have been cut off by a cancel.
            if self.segments != list(result.segments):
                self.segments = list(result.segments)
                self.revised = [(0, len(self.segments) - 1)]
            self.paragraphs = list(result.paragraphs)
            if result.summary.title or result.summary.abstract or result.summary.bullets:
                self.summary = result.summary
            self.duration = result.performance.get("audio_duration") or self.duration
            self.memory_mib = result.performance.get("peak_memory_mib") or self.memory_mib
            self.elapsed = result.timing.get("total") or self.elapsed
        if error:
            self.status, self.reason = JobStatus.FAILED, error
        elif self.control.is_set() or (result and result.metadata.get("cancelled")):
            self.status = JobStatus.STOPPED
        else:
            self.status = JobStatus.DONE
