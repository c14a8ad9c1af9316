"""Real events of an invented recording, and an app that waits for them instead of an engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from omoai_engine.events import (
    Event,
    JobStarted,
    LanguageDetected,
    RecognizerChosen,
    SegmentRecognized,
    StageFinished,
    StageProgress,
    StageStarted,
    SummaryReady,
    TextPunctuated,
)
from omoai_engine.results import ASRSegment, Paragraph, SummaryResult, Word
from omoai_tui.app import OmoaiApp
from omoai_tui.jobs import Changed, Job, JobStatus

DATA = Path(__file__).parents[1] / "data"
"""Real recordings and models that the project holds."""

SENTENCES = (
    "Hôm nay chúng ta bàn về kế hoạch của quý tới.",
    "Trước hết, xin cảm ơn các anh chị đã đến đúng giờ.",
    "Doanh thu tăng mười hai phần trăm so với năm ngoái.",
    "Ngân sách cho việc tuyển người vẫn chưa được duyệt.",
    "Ai có câu hỏi thì xin cứ hỏi ngay, đừng đợi đến cuối buổi.",
    "Chúng ta sẽ gặp lại nhau vào thứ sáu tuần sau.",
)
SURE = (0.97, 0.9, 0.71, 0.95, 0.44, 0.93)


def segment(index: int) -> ASRSegment:
    """Return segment `index`: 6 s long, its third word doubtful where the whole is not sure."""
    text = SENTENCES[index % len(SENTENCES)]
    sure = SURE[index % len(SURE)]
    start = index * 6.0
    words = tuple(
        Word(start + n * 0.3, start + n * 0.3 + 0.25, word, 0.3 if n == 2 and sure < 0.8 else 0.96)
        for n, word in enumerate(text.split())
    )
    return ASRSegment(start, start + 5.5, text, sure, words)


def events(segments: int = 12, paragraph: int = 4) -> Iterator[Event]:
    """Yield what the engine says of a recording with so many segments."""
    duration = segments * 6.0
    yield JobStarted("họp quý.mp3", duration)
    yield StageStarted("model_loading")
    yield StageFinished("model_loading", 1.2, 0.0, 1.2)
    yield RecognizerChosen("whisper", "whisper-base", "the only one installed")
    yield StageStarted("preprocessing")
    yield StageStarted("asr")
    yield LanguageDetected("vi", 0.98)
    yield StageStarted("postprocessing")
    for index in range(segments):
        latency = 2.1 if index == 0 else None
        yield SegmentRecognized(index, segment(index), latency)
        done = (index + 1) * 6.0
        yield StageProgress("asr", done, duration, done / 8)
        yield StageProgress("preprocessing", min(duration, done * 2), duration, done / 90)
        if (index + 1) % paragraph == 0:
            members = tuple(segment(n) for n in range(index + 1 - paragraph, index + 1))
            text = " ".join(member.text for member in members)
            first = index + 1 - paragraph
            whole = Paragraph(members[0].start, members[-1].end, text, first, index)
            yield TextPunctuated(first // paragraph, whole, members)
    yield StageFinished("preprocessing", 0.9, duration, 0.8)
    yield StageFinished("asr", duration / 8, duration, duration / 8.5)
    yield StageFinished("postprocessing", duration / 8, duration, 0.05)
    yield SummaryReady(
        SummaryResult(
            "Kế hoạch quý tới",
            (SENTENCES[2], SENTENCES[3]),
            "Cuộc họp bàn về doanh thu, ngân sách và lịch làm việc.",
            {"method": "extractive"},
            ((2,), (3,)),
        )
    )


class QuietApp(OmoaiApp):
    """The real app, except that its engine is never started: the tests tell the events."""

    def __init__(self, folder: Path, **options: str) -> None:
        super().__init__(folder=str(folder), theme=options.get("theme", "omoai-night"))

    def _after_first_paint(self) -> None:
        pass

    def begin(self, name: str = "họp quý.mp3") -> Job:
        """Show a job that is being worked on."""
        job = self.queue.add(name)
        job.status = JobStatus.RUNNING
        self.bench.show_job(job)
        self.bench.sync_queue(self.queue.jobs)
        return job

    def tell_events(self, job: Job, news: Iterator[Event]) -> None:
        """Apply events and draw them, as the app does with what its mailbox holds."""
        changed = Changed.NOTHING
        for event in news:
            changed |= job.apply(event)
        self.bench.sync_job(changed)
        self.bench.sync_queue(self.queue.jobs)


def screen_text(app: OmoaiApp) -> str:
    """Return what the screen shows, as plain text; nothing while it has not been laid out yet."""
    width, height = app.size
    strips = app.screen._compositor.render_strips(app.screen.size)
    lines = ["".join(segment.text for segment in strip).rstrip() for strip in strips]
    if len(lines) != height:
        return ""
    assert all(len(line) <= width for line in lines)
    return "\n".join(lines) + "\n"
