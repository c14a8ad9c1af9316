"""The readable text: punctuated paragraphs, each with the time at which it begins."""

from __future__ import annotations

from bisect import bisect_right

from omoai_engine.results import Paragraph
from omoai_tui import language, texts
from omoai_tui.cells import Span, runs, wrap
from omoai_tui.confidence import doubtful_spans
from omoai_tui.formats import clock
from omoai_tui.jobs import Job, JobStatus
from omoai_tui.widgets.block_view import BlockView, Pieces


class TranscriptPane(BlockView):
    """Shows `job.paragraphs`; doubtful words are underlined."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.job: Job | None = None
        self._shown = 0

    def show(self, job: Job | None) -> None:
        """Show another job, or none."""
        self.job = job
        self._shown = len(job.paragraphs) if job else 0
        self.set_live(job is not None and not job.status.over)
        self.reset()
        self.say_note(self._author())

    def sync(self) -> None:
        """Draw what is new in the job."""
        if self.job is None:
            return
        count = len(self.job.paragraphs)
        if count < self._shown:
            self.show(self.job)
        elif count > self._shown or not count:
            self._shown = count
            self.grow()
        self.say_note(self._author())

    def _author(self) -> str:
        """Say what placed the marks, and how many words that changed (0, counted)."""
        result = self.job.result if self.job else None
        facts = result.metadata.get("postprocess") if result else None
        if not isinstance(facts, dict):
            return ""
        changed = facts.get("words_changed")
        said = [texts.MARKS.get(str(facts.get("punctuation")), "")]
        if isinstance(changed, int):
            said.append(language.plural(changed, texts.MARKS_WORDS))
        return " · ".join(filter(None, said))

    def show_time(self, seconds: float) -> None:
        """Bring the paragraph that holds this moment into view."""
        if self.job and self.job.paragraphs:
            starts = [paragraph.start for paragraph in self.job.paragraphs]
            self.show_block(max(0, bisect_right(starts, seconds) - 1))

    @property
    def _paragraphs(self) -> list[Paragraph]:
        return self.job.paragraphs if self.job else []

    def _spans(self, index: int, width: int) -> list[Span]:
        return wrap(self._paragraphs[index].text, width - 3)

    def block_count(self) -> int:
        """One block a paragraph."""
        return len(self._paragraphs)

    def block_height(self, index: int, width: int) -> int:
        """The time, the wrapped text, and an empty line."""
        return len(self._spans(index, width)) + 2

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """Time on a line of its own, the text below it."""
        paragraph = self._paragraphs[index]
        segments = self.job.segments if self.job else []
        words = [
            word
            for segment in segments[paragraph.first : paragraph.last + 1]
            for word in segment.words
        ]
        marks = doubtful_spans(paragraph.text, words)
        lines: list[Pieces] = [[(f" {clock(paragraph.start)}", "time")]]
        for span in self._spans(index, width):
            lines.append([(" ", ""), *runs(paragraph.text, marks, span)])
        lines.append([])
        return lines

    def empty_lines(self) -> tuple[str, ...]:
        """Say what will be here."""
        if self.job is None or self.job.status is JobStatus.WAITING:
            return texts.EMPTY_TRANSCRIPT
        return () if self.job.status.over else texts.EMPTY_TRANSCRIPT_RUNNING
