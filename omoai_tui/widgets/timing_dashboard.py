"""Where the time goes: a live bar a stage, seconds, speed, first words, memory, the bottleneck.

`rows` is a pure function of a job and a width; the widget draws only rows that changed.
"""

from __future__ import annotations

from textual.geometry import Region

from omoai_engine.events import STAGES, Stage
from omoai_tui import history, texts
from omoai_tui.cells import measured, wrap
from omoai_tui.formats import clock, duration, rate, size, speed
from omoai_tui.jobs import Job, JobStatus
from omoai_tui.language import plural
from omoai_tui.widgets.block_view import BlockView, Pieces

_LABEL = 10
_NUMBERS = 24
_JOINED_WITHIN = 12
# The queues between the stages hold about eight seconds of sound; a paragraph may wait longer.
_READ_AHEAD_SECONDS = 4.0
_TEXT_BEHIND_SECONDS = 240.0


def rows(job: Job, width: int, past: history.History) -> list[Pieces]:
    """Return the lines of the dashboard at `width` cells."""
    lines = [_stage_row(job, stage, width) for stage in STAGES]
    lines.append([])
    facts = _facts(job, past)
    room = max((len(label) for label, _ in facts), default=0) + 3
    for label, value in facts:
        lines.extend(_fact(label, value, room, width))
    return lines


def _past(job: Job, past: history.History) -> list[tuple[str, str]]:
    runs = past.of(job.engine)
    usual = past.usual_speed(job.engine)
    if len(runs) < 2 or usual is None:
        return []
    note = texts.RUNS_NOTE.format(times=f"{usual:.1f}×")
    return [(texts.RUNS, f"{history.chart(runs)}  {note}")]


def _stage_row(job: Job, stage: Stage, width: int) -> Pieces:
    state = job.stages[stage]
    label = f" {texts.STAGE[stage]:<{_LABEL - 1}}"
    if not state.started:
        return [(f"{label}{'':>{_NUMBERS}}{texts.STAGE_WAITING}", "muted")]
    bar_width = max(4, width - _LABEL - _NUMBERS - 1)
    if stage == "model_loading":
        word = texts.STAGE_LOADED if state.finished else texts.STAGE_LOADING
        seconds = duration(state.elapsed) if state.elapsed >= 0.05 else ""
        return [(f"{label}{'':>6}{seconds:>8}{'':>8} ", ""), (f" {word}", "muted")]
    total = state.total or job.duration
    share = 1.0 if state.finished else min(1.0, state.done / total) if total else 0.0
    percent = f"{share * 100:.0f} %" if total or state.finished else ""
    seconds = duration(state.busy or state.elapsed) if state.elapsed else ""
    times = speed(state.done, state.busy or state.elapsed)
    # Numbers stand left of the bar: Textual sends a changed line from its start to the change.
    numbers = f"{label}{percent:>6}{seconds:>8}{times:>8}  "
    return [(numbers, ""), *_bar(share, bar_width, state.finished)]


def _bar(share: float, width: int, finished: bool) -> Pieces:
    halves = round(share * width * 2)
    full, half = divmod(halves, 2)
    done = "━" * full + ("╸" if half else "")
    return [(done, "good" if finished else "bar"), ("─" * (width - len(done)), "bar-rest")]


def _facts(job: Job, past: history.History) -> list[tuple[str, str]]:
    """Return label and value of what is known, the more important first."""
    facts = [*_times(job)]
    if slowest := _bottleneck(job):
        facts.append((texts.SLOWEST, slowest))
    if job.first_latency is not None:
        after = texts.AFTER.format(time=duration(job.first_latency))
        facts.append((texts.FIRST_SEGMENT, after))
    facts += _past(job, past)
    started = job.stages["asr"].started
    if job.memory_mib and started:
        facts.append((texts.MEMORY, size(round(job.memory_mib, -1) * 2**20)))
    if job.graphics_mib and started:
        facts.append((texts.GPU_MEMORY, size(round(job.graphics_mib, -2) * 2**20)))
    if job.tokens and job.token_seconds > 0:
        speed_of = rate(job.tokens / job.token_seconds)
        words = texts.TOKENS_RATE.format(rate=speed_of, count=f"{job.tokens:,}")
        facts.append((texts.TOKENS, words))
    if job.engine:
        language = ""
        if job.language:
            language = f" · {job.language} {job.language_probability * 100:.0f} %"
        facts.append((texts.ENGINE, job.engine + language))
    if job.text_by:
        facts.append((texts.TEXT_BY, job.text_by))
    if job.discarded:
        facts.append((texts.CUT, plural(len(job.discarded), texts.CUT_PIECES)))
    return facts


def _times(job: Job) -> list[tuple[str, str]]:
    facts = []
    audio = job.duration or 0.0
    clock_part = clock(job.elapsed)
    if audio:
        clock_part = texts.ELAPSED_OF.format(elapsed=clock_part, audio=clock(audio))
    facts.append((texts.ELAPSED, clock_part))
    if job.status.active and job.remaining is not None:
        facts.append((texts.REMAINING, clock(job.remaining + 0.999)))
    elif job.status.active and job.guessed_remaining is not None:
        guess = texts.REMAINING_GUESS.format(time=clock(job.guessed_remaining + 0.999))
        facts.append((texts.REMAINING, guess))
    asr = job.stages["asr"]
    heard = audio if job.status.over and asr.finished else asr.done
    if heard > 0 and job.elapsed > 0:
        factor = job.elapsed / heard
        times = f"{1 / factor:.1f}×" if factor < 1 else f"{factor:.1f}×"
        words = texts.FASTER if factor < 1 else texts.SLOWER
        facts.append(
            (texts.REAL_TIME, words.format(times=times, factor=texts.FACTOR.format(value=factor)))
        )
    return facts


def _bottleneck(job: Job) -> str:
    """Say which stage the others wait for, or, when all is done, which one took the time."""
    if job.status is JobStatus.DONE:
        worked = {stage: state.busy or state.elapsed for stage, state in job.stages.items()}
        stage = max(STAGES, key=lambda name: worked[name])
        if not worked[stage]:
            return ""
        share = round(100 * worked[stage] / sum(worked.values()))
        return texts.SLOWEST_WAS.format(stage=texts.STAGE_VERB[stage], share=share)
    if not job.status.active:
        return ""
    sound, model, speech, text = (job.stages[stage] for stage in STAGES)
    if model.started and not model.finished:
        return texts.STAGE_VERB["model_loading"]
    if not speech.done:
        return ""
    if speech.finished or (text.done and speech.done - text.done > _TEXT_BEHIND_SECONDS):
        return texts.STAGE_VERB["postprocessing"]
    ahead = sound.finished or sound.done - speech.done > _READ_AHEAD_SECONDS
    return texts.STAGE_VERB["asr" if ahead else "preprocessing"]


def _fact(label: str, value: str, room: int, width: int) -> list[Pieces]:
    lines: list[Pieces] = []
    for row, (start, end) in enumerate(wrap(value, width - room - 1)):
        head = f" {label:<{room - 1}}" if row == 0 else " " * room
        lines.append([(head, "muted"), (value[start:end], "")])
    return lines


def changed_cells(before: Pieces, after: Pieces) -> list[tuple[int, int]]:
    """Return the spans of cells in which two lines differ; near ones are joined.

    A bar that grew by a cell costs then some bytes over a slow link, not a line.
    """
    old = [(letter, name) for text, name in before for letter in text]
    new = [(letter, name) for text, name in after for letter in text]
    length = max(len(old), len(new))
    if any(measured("".join(text for text, _ in line)) for line in (before, after)):
        return [(0, 2 * length)]
    spans: list[tuple[int, int]] = []
    for cell in range(length):
        if old[cell : cell + 1] == new[cell : cell + 1]:
            continue
        if spans and cell - spans[-1][1] <= _JOINED_WITHIN:
            spans[-1] = (spans[-1][0], cell + 1)
        else:
            spans.append((cell, cell + 1))
    return spans


class TimingDashboard(BlockView):
    """Shows the timing of one job."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.job: Job | None = None
        self.past = history.History()
        self._rows: list[Pieces] = []

    def show(self, job: Job | None) -> None:
        """Show another job, or none."""
        self.job = job
        self._rows = self._collect(self._width())
        self.reset()

    def sync(self) -> None:
        """Draw the rows that changed."""
        fresh = self._collect(self._lines.width or self._width())
        if fresh == self._rows and self._lines:
            return
        before, self._rows = self._rows, fresh
        if len(before) != len(fresh):
            offset = self.scroll_offset.y
            self._remeasure()
            self._go_to(min(offset, self.max_scroll_y))
            self.refresh()
            return
        for index, row in enumerate(before):
            if row != fresh[index]:
                self._forget(index, index)
                line = index - self.scroll_offset.y
                for start, end in changed_cells(row, fresh[index]):
                    self.refresh(Region(start, line, end - start, 1))

    def _collect(self, width: int) -> list[Pieces]:
        if self.job is None or not any(stage.started for stage in self.job.stages.values()):
            return []
        return rows(self.job, width - 1, self.past)

    def on_resize(self) -> None:
        """Bars are as wide as the pane."""
        self._rows = self._collect(self._width())
        self._remeasure()
        self.refresh()

    def redraw(self) -> None:
        """The rows hold words, too."""
        self._rows = self._collect(self._lines.width or self._width())
        super().redraw()

    def block_count(self) -> int:
        """One block a row."""
        return len(self._rows)

    def block_height(self, index: int, width: int) -> int:
        """Always one line."""
        return 1

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """The row."""
        return [self._rows[index]]

    def empty_lines(self) -> tuple[str, ...]:
        """Say what will be here."""
        return texts.EMPTY_TIMING

    def action_cursor(self, step: int) -> None:
        """Scroll: a row of the dashboard cannot be chosen."""
        self._go_to(max(0, min(self.scroll_offset.y + step, self.max_scroll_y)))

    def _move_to(self, index: int) -> None:
        self._go_to(max(0, min(index, self.max_scroll_y)))
