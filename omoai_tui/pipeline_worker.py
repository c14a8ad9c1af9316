"""The background thread that runs the pipeline. It never touches a widget: it posts messages.

In: jobs, one at a time (`submit`). Out: events through the job's mailbox, then one `JobEnded`, and
`JobKept` when the library holds what the job gave.
Everything heavy (configuration, engine, models) is imported here, after the first paint. The
thread is a daemon and `close` is bounded, so that leaving the app never waits for the engine.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.message import Message

from omoai_engine.control import JobControl
from omoai_engine.errors import CancelledError, OmoAIError, StageError
from omoai_engine.events import Event
from omoai_engine.results import PipelineResult
from omoai_engine.shortage import shortage_of
from omoai_engine.text import shown_path
from omoai_tui import history, state, texts
from omoai_tui.keeping import Keeper, take_over_abandoned
from omoai_tui.mailbox import Mailbox
from omoai_tui.messages import HistoryRead, JobEnded, JobKept, SettingsLoaded, Trouble

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig
    from omoai_engine.pipeline import Pipeline
    from omoai_engine.recording.claims import Claims
    from omoai_engine.unfinished import Unfinished

log = logging.getLogger(__name__)
MEMORY_EVERY_SECONDS = 2.0
ENGINE_NICENESS = 10
"""The engine's processes yield to the screen, where the system's scheduler heeds priorities."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the worker needs to know of a job."""

    number: int
    path: str
    control: JobControl
    mailbox: Mailbox


def sentence_for(error: BaseException) -> str:
    """Return one clear sentence for a person; what was not foreseen goes to the log as well.

    The log gets the kind of error and where it happened, never values: those may be somebody's
    words.
    """
    if isinstance(error, OmoAIError):
        log.warning("%s at %s", type(error).__name__, _place(error))
        return str(error)
    if (lack := shortage_of(error)) is not None:
        log.warning("%s at %s", type(error).__name__, _place(error))
        return str(lack)
    return texts.UNFORESEEN.format(kind=describe_unforeseen(error))


def describe_unforeseen(error: BaseException) -> str:
    """Write kind and place of an error to the log; return its kind."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("unforeseen %s\n%s", type(error).__name__, frames)
    return type(error).__name__


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "unknown"


class PipelineWorker:
    """Owns the engine and its thread."""

    def __init__(
        self, post: Callable[[Message], object], overrides: dict[str, Any], claims: Claims
    ) -> None:
        self._post = post
        self._claims = claims
        self._overrides = overrides
        self._tickets: queue.SimpleQueue[Ticket | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="omoai-pipeline", daemon=True)
        self._pipeline: Pipeline | None = None
        self._current: JobControl | None = None
        self._closing = threading.Event()
        self._busy = False
        self._stale = threading.Event()
        self._unfinished: Unfinished | None = None
        self.spared: set[int] = set()
        """Processes below the app that do not yield: a recording is more urgent than any job."""
        self.memory_mib = 0.0
        self.graphics_mib = 0.0

    def start(self) -> None:
        """Start the thread; call after the first paint. A second call does nothing."""
        if not self._thread.is_alive() and not self._closing.is_set():
            self._thread.start()

    def reconfigure(self, overrides: dict[str, Any]) -> None:
        """From the next job on, use these settings over those of the configuration."""
        self._overrides = overrides
        self._stale.set()

    def submit(self, ticket: Ticket) -> None:
        """Hand a job over; it runs when the one before has ended."""
        self._tickets.put(ticket)

    def close(self, timeout: float) -> None:
        """End the job and the engine's child processes within `timeout` seconds. Idempotent."""
        self._closing.set()
        working = self._current
        if working is not None:
            working.cancel()
        self._tickets.put(None)
        closer = threading.Thread(target=self._close_pipeline, name="omoai-close", daemon=True)
        deadline = time.monotonic() + timeout
        closer.start()
        closer.join(timeout)
        if self._busy and self._thread.is_alive():
            # What is done is still being put into the library.
            self._thread.join(max(0.0, deadline - time.monotonic()))

    def _close_pipeline(self) -> None:
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            try:
                pipeline.close()
            except Exception as error:
                sentence_for(error)

    def _run(self) -> None:
        self._read_settings()
        while (ticket := self._tickets.get()) is not None and not self._closing.is_set():
            self._busy, self._current = True, ticket.control
            keeper = Keeper(ticket.number, ticket.path, self._overrides, self._post, sentence_for)
            result, error = self._transcribe(ticket, keeper)
            self._current = None
            if not self._closing.is_set():
                self._post(JobEnded(ticket.number, result, error))
            kept = self._keep(ticket, keeper, result, failed=bool(error))
            self._let_go(done=kept and not error and _is_whole(result))
            self._busy = False
            if self._closing.is_set():
                return

    def _read_settings(self) -> None:
        try:
            from omoai_engine.config import load_config

            config = load_config(**self._overrides)
            tui = config.tui
            spoken = None if tui.language == "auto" else tui.language
            self._post(SettingsLoaded(tui.theme, spoken, dict(tui.keys), _better_model(config)))
            self._post(HistoryRead(history.read()))
            take_over_abandoned(self._overrides)
            state.clear_leftovers()
        except Exception as error:
            self._post(Trouble(sentence_for(error)))

    def _transcribe(self, ticket: Ticket, keeper: Keeper) -> tuple[PipelineResult | None, str]:
        ended = threading.Event()
        sampler = threading.Thread(
            target=self._sample_memory, args=(ended,), name="omoai-memory", daemon=True
        )
        sampler.start()

        def hear(event: Event) -> None:
            if self._unfinished is not None:
                self._unfinished.hear(event)
            ticket.mailbox.put(event)
            keeper.hear(event)

        try:
            if self._stale.is_set():
                self._stale.clear()
                self._close_pipeline()
            if self._pipeline is None:
                from omoai_engine.config import load_config
                from omoai_engine.pipeline import Pipeline

                self._pipeline = Pipeline(load_config(**self._overrides))
            self._claim(ticket.path)
            unfinished = self._unfinished = _unfinished(self._pipeline.config, ticket)
            if unfinished is not None:
                keeper.go_on(unfinished)
            result = self._pipeline.run(
                ticket.path,
                on_event=hear,
                cancel=ticket.control,
                earlier=unfinished.earlier if unfinished is not None else None,
            )
        except CancelledError:
            return None, ""
        except StageError as error:
            partial = error.partial if isinstance(error.partial, PipelineResult) else None
            return with_marks(partial, ticket.path) if partial else None, sentence_for(error)
        except Exception as error:
            return None, sentence_for(error)
        finally:
            ended.set()
        return with_marks(result, ticket.path), ""

    def _claim(self, path: str) -> None:
        """Let no other program take the recording, if it is one; who queued it lets it go."""
        from omoai_engine.config import load_config
        from omoai_engine.recording.files import recordings_folder

        folder = recordings_folder(load_config(**self._overrides))
        self._claims.take_for_job(Path(path).absolute(), folder)

    def _keep(
        self, ticket: Ticket, keeper: Keeper, result: PipelineResult | None, *, failed: bool
    ) -> bool:
        """Put what a job gave into the library; a failure is told and costs no more than that.

        Say whether all went well.
        """
        try:
            entry = keeper.end(result, failed=failed)
        except Exception as error:
            name = shown_path(Path(ticket.path).name)
            self._post(Trouble(texts.NOT_KEPT.format(name=name, why=sentence_for(error))))
            return False
        if entry is not None:
            self._post(JobKept(ticket.number, entry))
        return True

    def _let_go(self, *, done: bool) -> None:
        """Keep what was recognised for another run, unless the job is `done`."""
        unfinished, self._unfinished = self._unfinished, None
        if unfinished is not None:
            unfinished.close(done=done)

    def _sample_memory(self, ended: threading.Event) -> None:
        import psutil

        from omoai_tui.gpu import GraphicsMemory

        me = psutil.Process(os.getpid())
        graphics = GraphicsMemory()
        while not ended.wait(MEMORY_EVERY_SECONDS):
            total = 0
            children = _children(me)
            for child in children:
                if child.pid not in self.spared:
                    give_way(child.pid)
            for process in [me, *children]:
                try:
                    total += process.memory_info().rss
                except psutil.Error:
                    continue
            self.memory_mib = total / 2**20
            self.graphics_mib = graphics.used_mib() or 0.0


def with_marks(result: PipelineResult, path: str) -> PipelineResult:
    """Return the result with the markers that were set while this was recorded, if it was here.

    They stand in `metadata["marks"]`: `at` in seconds, `label`.
    """
    from omoai_engine.recording.files import marks_of

    marks = [{"at": mark.at, "label": mark.label} for mark in marks_of(Path(path))]
    return replace(result, metadata={**result.metadata, "marks": marks}) if marks else result


def _unfinished(config: OmoAIConfig, ticket: Ticket) -> Unfinished | None:
    from omoai_engine.unfinished import TakenError, Unfinished

    try:
        return Unfinished.open(config, Path(ticket.path), check=ticket.control.checkpoint)
    except TakenError:
        if config.library.keep:
            raise  # Two transcripts of one recording are what nobody asked for.
        return None


def _is_whole(result: PipelineResult | None) -> bool:
    return result is not None and not result.metadata.get("cancelled")


def _better_model(config: Any) -> tuple[str, str] | None:
    """Return name and licence of the model for Vietnamese, where only lesser ones are here."""
    from omoai_engine.models import CATALOGUE, list_installed

    if any(model.engine == "chunkformer" for model in list_installed(config)):
        return None
    best = next(spec for spec in CATALOGUE if "vi" in spec.languages)
    return best.name, best.licence or "?"


def give_way(pid: int) -> None:
    """Lower the priority of every thread of a process, where the system has such a thing."""
    with contextlib.suppress(OSError, ValueError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            if os.getpriority(os.PRIO_PROCESS, int(task.name)) < ENGINE_NICENESS:
                os.setpriority(os.PRIO_PROCESS, int(task.name), ENGINE_NICENESS)


def _children(process: Any) -> list[Any]:
    import psutil

    try:
        return list(process.children(recursive=True))
    except psutil.Error:
        return []
