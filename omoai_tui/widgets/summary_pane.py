"""Title, abstract and main points; each point leads to the segment that supports it."""

from __future__ import annotations

from omoai_engine.text import one_line
from omoai_tui import texts
from omoai_tui.cells import wrap
from omoai_tui.formats import clock
from omoai_tui.jobs import Job, JobStatus
from omoai_tui.widgets.block_view import BlockView, Pieces


class SummaryPane(BlockView):
    """Shows `job.summary`, or the draft while it is being written."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.job: Job | None = None
        self._blocks: list[tuple[str, str, int]] = []

    def show(self, job: Job | None) -> None:
        """Show another job, or none."""
        self.job = job
        self._blocks = self._collect()
        self.reset()
        self.say_note(self._author())

    def sync(self) -> None:
        """Draw the summary when it came or grew."""
        blocks = self._collect()
        if blocks != self._blocks or not blocks:
            self._blocks = blocks
            self.reset()
        self.say_note(self._author())

    def _author(self) -> str:
        """Say what wrote the summary: nobody takes picked-out sentences for a model's words."""
        summary = self.job.summary if self.job else None
        if summary is None:
            return ""
        if summary.metadata.get("method") == "extractive":
            return texts.SUMMARY_BY_RULES
        model = one_line(str(summary.metadata.get("model") or ""))
        return texts.SUMMARY_BY_MODEL.format(model=model) if model else ""

    def segment_of(self, index: int) -> int | None:
        """Return the segment that block `index` leads to, if any."""
        segment = self._blocks[index][2] if index < len(self._blocks) else -1
        return segment if segment >= 0 else None

    def _collect(self) -> list[tuple[str, str, int]]:
        job = self.job
        if job is None:
            return []
        if job.summary is None:
            return [("", job.summary_draft, -1)] if job.summary_draft else []
        blocks = []
        if job.summary.title:
            blocks.append(("title", job.summary.title, -1))
        if job.summary.abstract:
            blocks.append(("abstract", job.summary.abstract, -1))
        for number, bullet in enumerate(job.summary.bullets):
            support = job.summary.bullet_segments
            segments = support[number] if number < len(support) else ()
            blocks.append(("bullet", bullet, segments[0] if segments else -1))
        return blocks

    def block_count(self) -> int:
        """Title, abstract, and one block a point."""
        return len(self._blocks)

    def block_height(self, index: int, width: int) -> int:
        """Lines of the wrapped text, with an empty line after title and abstract."""
        return len(self.block_lines(index, width))

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """The title strong, points with the time that they come from."""
        kind, text, segment = self._blocks[index]
        if kind != "bullet":
            style = "strong" if kind == "title" else ""
            rows: list[Pieces] = [[(" ", ""), (text[a:b], style)] for a, b in wrap(text, width - 3)]
            return [*rows, []]
        time = ""
        if self.job and 0 <= segment < len(self.job.segments):
            time = clock(self.job.segments[segment].start)
        lines: list[Pieces] = []
        for row, (a, b) in enumerate(wrap(text, width - 11)):
            head = f"{time:>7} • " if row == 0 else " " * 10
            lines.append([(head, "time"), (text[a:b], "")])
        return lines

    def empty_lines(self) -> tuple[str, ...]:
        """Say what will be here."""
        if self.job is None or self.job.status is JobStatus.WAITING:
            return texts.EMPTY_SUMMARY
        return texts.EMPTY_SUMMARY_NONE if self.job.status.over else texts.EMPTY_SUMMARY_RUNNING
