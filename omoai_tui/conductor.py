"""Between the queue and the engine: starts jobs one after another and draws what they say.

Lives in the app's thread. Events wait in the job's mailbox and are collected at most four times
a second, so that no flood of them costs a key press; a clock draws the bars once a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from textual.message import Message
from textual.timer import Timer

from omoai_engine.recording.claims import Claims
from omoai_engine.text import one_line
from omoai_tui import history, texts
from omoai_tui.formats import duration
from omoai_tui.job_queue import JobQueue
from omoai_tui.jobs import Changed, Job, JobStatus
from omoai_tui.language import plural
from omoai_tui.mailbox import Mailbox
from omoai_tui.messages import HistoryRead, JobEnded, NewsWaiting
from omoai_tui.pipeline_worker import PipelineWorker, Ticket
from omoai_tui.screens.workbench import Workbench
from omoai_tui.tasks import start_task

NEWS_EVERY_SECONDS = 0.25
CLOCK_EVERY_SECONDS = 1.0
ASK_BEFORE_STOPPING_AFTER_SECONDS = 60.0
ASKED_HOLDS_SECONDS = 5.0


class Stage(Protocol):
    """What the conductor needs of the app."""

    @property
    def bench(self) -> Workbench:
        """The workbench."""

    def set_timer(self, delay: float, callback: Callable[[], object]) -> Timer:
        """Call once, later."""

    def set_interval(self, interval: float, callback: Callable[[], object]) -> Timer:
        """Call again and again."""

    def tell(self, sentence: str) -> None:
        """Say something good."""

    def warn(self, sentence: str) -> None:
        """Say something that does no harm."""

    def complain(self, sentence: str) -> None:
        """Say what went wrong."""


class Conductor:
    """Owns the queue, the worker thread and the mailbox of the active job."""

    def __init__(
        self, app: Stage, post: Callable[[Message], object], overrides: dict[str, Any]
    ) -> None:
        self.queue = JobQueue()
        self._app = app
        self._post = post
        self.overrides = overrides
        self.history = history.History()
        self.claims = Claims()
        self._worker = PipelineWorker(post, overrides, self.claims)
        self._mailbox: Mailbox | None = None
        self._collected_at = 0.0
        self._collecting: Timer | None = None
        self._clock: Timer | None = None
        self._ticked_at = 0.0
        self._asked_at = 0.0
        self._pinned = False

    def start(self) -> None:
        """Start the worker thread and the first job; call after the first paint."""
        self._worker.start()
        self.start_next()

    def release(self, timeout: float) -> None:
        """End the job and the engine's children, in bounded time. Idempotent, any thread."""
        self._worker.close(timeout)

    def spare(self, process: int) -> None:
        """Let a process below the app not yield to others, as those of jobs do."""
        self._worker.spared.add(process)

    def renew(self) -> None:
        """Read the configuration again from the next job on."""
        self._worker.reconfigure(self.overrides)

    # The queue.

    def add(self, path: str) -> Job:
        """Queue a recording; the first one is shown at once."""
        job = self.queue.add(path)
        if self._app.bench.job is None:
            self._app.bench.show_job(job)
        return job

    def add_files(self, paths: Sequence[str]) -> None:
        """Queue recordings and begin."""
        jobs = [self.add(path) for path in paths]
        if self.queue.active and jobs:
            one = texts.QUEUED.format(name=jobs[0].name)
            many = plural(len(jobs), texts.QUEUED_MANY)
            self._app.tell(one if len(jobs) == 1 else many)
        self.sync_queue()
        self.start_next()

    def start_next(self) -> None:
        """Hand the next waiting job to the worker, unless one is active."""
        if self.queue.active or not self.queue.waiting:
            return
        bench = self._app.bench
        job = self.queue.waiting[0]
        job.status = JobStatus.RUNNING
        job.usual_speed = self.history.usual_speed("")
        self._mailbox = Mailbox(lambda: self._post(NewsWaiting()))
        if bench.job is None or bench.job is job:
            bench.show_job(job)
        if bench.one_at_a_time and bench.current_pane == "files":
            bench.action_focus_pane("segments")
        self._ticked_at = time.monotonic()
        self._clock = self._app.set_interval(CLOCK_EVERY_SECONDS, self._tick)
        self._worker.submit(Ticket(job.number, job.path, job.control, self._mailbox))
        self.sync_queue()

    def sync_queue(self) -> None:
        """Draw the queue and the title."""
        self._app.bench.sync_queue(self.queue.jobs)

    def show(self, job: Job) -> None:
        """Show a job because the person asked for it."""
        self._pinned = job.status.over
        self._app.bench.show_job(job)
        self.sync_queue()

    # News.

    def news_waiting(self) -> None:
        """Collect the news now, or soon when the last were collected just before."""
        wait = self._collected_at + NEWS_EVERY_SECONDS - time.monotonic()
        if wait <= 0:
            self._collect()
        elif self._collecting is None:
            self._collecting = self._app.set_timer(wait, self._collect)

    def _collect(self) -> None:
        self._collecting = None
        self._collected_at = time.monotonic()
        job = self.queue.active
        if job is None or self._mailbox is None:
            return
        changed = Changed.NOTHING
        heard = len(job.notices)
        for event in self._mailbox.collect():
            changed |= job.apply(event)
        for notice in job.notices[heard:]:
            self._app.warn(one_line(notice))
        bench = self._app.bench
        if job is bench.job:
            # Bars that only grew wait for the clock: once a second is live enough, and a third
            # of the bytes.
            if Changed.STATUS not in changed:
                changed &= ~Changed.TIMING
            bench.sync_job(changed)
        elif job.opened and (bench.job is None or (bench.job.status.over and not self._pinned)):
            # Only now that it is being read: a file that cannot be read shall not hide the
            # transcript of the one before.
            bench.show_job(job)
        if changed & (Changed.STATUS | Changed.TIMING):
            self.sync_queue()

    def _tick(self) -> None:
        now = time.monotonic()
        passed, self._ticked_at = now - self._ticked_at, now
        job = self.queue.active
        if job is None:
            return
        if job.status is not JobStatus.PAUSED:
            job.elapsed += passed
        job.memory_mib = max(job.memory_mib, self._worker.memory_mib)
        job.graphics_mib = max(job.graphics_mib, self._worker.graphics_mib)
        job.usual_speed = self.history.usual_speed(job.engine) or job.usual_speed
        if job is self._app.bench.job:
            self._app.bench.sync_job(Changed.TIMING)
        self.sync_queue()

    def job_ended(self, message: JobEnded) -> None:
        """Take in the result, say how it went, and go on with the next."""
        self._collect()
        if self._clock is not None:
            self._tick()
            self._clock.stop()
        job = self.queue.by_number(message.number)
        if job is None:
            return
        job.settle(message.result, one_line(message.error))
        if job is self._app.bench.job:
            self._app.bench.settle_job()
        self._app.bench.sync_hints()
        if job.status is JobStatus.FAILED:
            self._app.complain(job.reason)
        elif job.status is JobStatus.STOPPED:
            self._app.tell(texts.JOB_STOPPED.format(name=job.name))
        else:
            self._app.tell(texts.JOB_DONE.format(name=job.name, time=duration(job.elapsed)))
            # A job that went on where another ended says nothing of the speed for a whole one.
            if not (job.result and job.result.metadata.get("continued_from")):
                self._keep_run(job)
        self.sync_queue()
        self.start_next()

    # This machine's own past runs.

    def take_history(self, past: history.History) -> None:
        """Guess times from these runs from now on, and show them."""
        self.history = past
        self._app.bench.show_history(past)

    def _keep_run(self, job: Job) -> None:
        run = history.Run(job.engine, job.duration or 0.0, job.elapsed)
        start_task(lambda: self._post_history(history.add(run)), self._post)

    def _post_history(self, past: history.History) -> None:
        self._post(HistoryRead(past))

    # What the person does to jobs.

    def use_model(self, model: str, *, llm: bool) -> None:
        """Use this model (a name or a folder) from the next job on."""
        section = "llm" if llm else "asr"
        named = {"model": model} if llm else {"model": model, "engine": "auto"}
        changed = {**self.overrides.get(section, {}), **named}
        self.overrides = {**self.overrides, section: changed}
        self._worker.reconfigure(self.overrides)

    def move(self, job: Job | None, step: int) -> None:
        """Let a waiting job come sooner (-1) or later (1)."""
        if job is not None and self.queue.move(job, step):
            self.sync_queue()
            self._app.bench.follow_job(job)

    def pause_or_resume(self) -> None:
        """Hold the active job, or let it go on."""
        job = self.queue.active
        if job is None or job.status is JobStatus.STOPPING:
            self._app.tell(texts.NOTHING_RUNNING)
            return
        if job.status is JobStatus.PAUSED:
            job.control.resume()
            job.status = JobStatus.RUNNING
        else:
            job.control.pause()
            job.status = JobStatus.PAUSED
        self._app.bench.sync_hints()
        self.sync_queue()

    def cancel(self, at: Job | None) -> None:
        """Take `at` out of the queue if it waits; else stop the active job.

        One that has run for long asks for a second key press.
        """
        if at is not None and at.status is JobStatus.WAITING:
            at.status = JobStatus.STOPPED
            self.sync_queue()
            return
        job = self.queue.active
        if job is None:
            self._app.tell(texts.NOTHING_RUNNING)
            return
        now = time.monotonic()
        if (
            job.elapsed > ASK_BEFORE_STOPPING_AFTER_SECONDS
            and now - self._asked_at > ASKED_HOLDS_SECONDS
        ):
            self._asked_at = now
            self._app.tell(texts.CANCEL_AGAIN.format(name=job.name))
            return
        job.control.cancel()
        job.status = JobStatus.STOPPING
        self.sync_queue()

    def again(self, job: Job | None) -> None:
        """Do a job that is over once more."""
        if job is None or not job.status.over:
            return
        fresh = self.queue.again(job)
        if job is self._app.bench.job:
            self._app.bench.show_job(fresh)
        self.sync_queue()
        self.start_next()

    def losses(self) -> list[str]:
        """Return a sentence for each thing that leaving now would lose."""
        reasons = []
        if self.queue.active:
            reasons.append(texts.QUIT_RUNNING)
        if self.queue.waiting:
            reasons.append(texts.QUIT_WAITING.format(count=len(self.queue.waiting)))
        if unsaved := self.queue.unsaved:
            names = ", ".join(job.name for job in unsaved[:3])
            more = "…" if len(unsaved) > 3 else ""
            reasons.append(texts.QUIT_UNSAVED.format(names=names + more))
        return reasons
