"""`omoai transcribe FILE ...`: recordings in, transcripts out, one after another.

The pipeline runs in a thread; this one draws progress and listens to signals. Models are loaded
once for all files. A file that cannot be used is told about and never stops the others.
"""

from __future__ import annotations

import queue
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from omoai_engine.cli.console import end_quietly, error_line
from omoai_engine.cli.exits import ExitCode, combined
from omoai_engine.cli.order import Order, parse_order
from omoai_engine.cli.outputs import (
    STDIN,
    Target,
    check_free,
    is_usage,
    label,
    make_folder,
    print_result,
    rescue,
    write_files,
)
from omoai_engine.cli.progress import Reporter, make_reporter
from omoai_engine.cli.signals import Interrupts
from omoai_engine.control import JobControl
from omoai_engine.durations import clock
from omoai_engine.errors import CancelledError, ExportError, OmoAIError, StageError
from omoai_engine.results import PipelineResult
from omoai_engine.text import counted
from omoai_engine.unfinished import TakenError, Unfinished

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig
    from omoai_engine.events import Event
    from omoai_engine.pipeline import Pipeline
    from omoai_engine.recording.claims import Claims


def transcribe(arguments: list[str]) -> int:
    """Run `omoai transcribe` with `arguments`; return the exit code."""
    order = parse_order(arguments)
    from omoai_engine.config import load_config

    config = load_config(**order.overrides)
    if order.folder is not None:
        make_folder(order.folder)
    with Interrupts() as interrupts:
        reporter = make_reporter(quiet=order.quiet)
        try:
            return run_order(order, config, reporter, interrupts)
        finally:
            reporter.close()


def run_order(
    order: Order,
    config: OmoAIConfig,
    reporter: Reporter,
    interrupts: Interrupts,
    claims: Claims | None = None,
) -> ExitCode:
    """Transcribe what `order` names with one pipeline; return the exit code.

    `claims`: holds those that are recordings of ours already.
    """
    from omoai_engine.pipeline import Pipeline

    pipeline = Pipeline(config)
    try:
        return _Batch(order, config, pipeline, reporter, interrupts, claims).run()
    finally:
        pipeline.close()


class _Batch:
    """All recordings of one call, in order."""

    def __init__(
        self,
        order: Order,
        config: OmoAIConfig,
        pipeline: Pipeline,
        reporter: Reporter,
        interrupts: Interrupts,
        claims: Claims | None,
    ) -> None:
        self._order = order
        self._claims = claims
        self._config = config
        self._not_kept = False
        self._pipeline = pipeline
        self._reporter = reporter
        self._interrupts = interrupts
        self._done = 0
        self._audio = 0.0
        self._seconds = 0.0

    def run(self) -> ExitCode:
        codes = []
        for target in self._order.targets:
            if self._interrupts.code is not None:
                break
            try:
                codes.append(self._one(target))
            except BrokenPipeError:
                return end_quietly()
        if self._interrupts.code is not None:
            codes.append(self._interrupts.code)
        self._sum_up()
        return combined(codes)

    def _one(self, target: Target) -> ExitCode:
        name = label(target.source)
        self._reporter.begin(name)
        if target.renamed:
            self._reporter.note(target.renamed)
        unfinished = None
        done = False
        try:
            check_free(target, self._order.formats, overwrite=self._order.overwrite)
            if target.source != STDIN:
                self._claim(target.source)
                unfinished = self._unfinished(target.source, name)
            code = self._taken_to_its_end(target, name, unfinished)
            done = code is not ExitCode.FAILED and self._interrupts.code is None
            return code
        except CancelledError:
            self._tell_stopped(name)
            return ExitCode.DONE
        except OmoAIError as error:
            self._complain(error, name)
            return ExitCode.USAGE if is_usage(error) else ExitCode.FAILED
        finally:
            if unfinished is not None:
                unfinished.close(done=done)
                if unfinished.has_words:
                    self._tell_how_to_go_on(target, name)

    def _claim(self, source: str) -> None:
        from omoai_engine.recording.claims import Claims
        from omoai_engine.recording.files import recordings_folder

        claims = self._claims if self._claims is not None else Claims()
        claims.take_for_job(Path(source).absolute(), recordings_folder(self._config))
        self._claims = claims

    def _unfinished(self, source: str, name: str) -> Unfinished | None:
        """Return what an earlier run left, and where this one keeps what it recognises."""
        try:
            return Unfinished.open(
                self._config,
                Path(source),
                fresh=self._order.fresh,
                check=self._interrupts.checkpoint,
            )
        except TakenError:
            if self._order.keep:
                raise  # Two transcripts of one recording are what nobody asked for.
            self._reporter.note(f"{name}: another program is transcribing it, too")
            return None

    def _taken_to_its_end(
        self, target: Target, name: str, unfinished: Unfinished | None
    ) -> ExitCode:
        """Transcribe, keep and deliver one recording. Raises what its job raises."""
        try:
            result = self._transcribe(target.source, unfinished)
        except StageError as error:
            self._complain(error, name)
            if isinstance(error.partial, PipelineResult) and error.partial.segments:
                self._keep_partial(error.partial, target, name, unfinished)
            return ExitCode.FAILED
        stopped = bool(result.metadata.get("cancelled"))
        if not result.segments and stopped:
            self._tell_stopped(name)
            return ExitCode.DONE
        if not result.segments:
            self._error(f"{name}: there is no speech in it")
            return ExitCode.USAGE
        self._keep(result, target.source, name, unfinished)
        try:
            where = self._deliver(result, target)
        except ExportError as error:
            self._complain(error, name)
            self._rescue(result, target, name)
            return ExitCode.FAILED
        self._tell(result, name, where, stopped=stopped)
        return ExitCode.FAILED if self._not_kept else ExitCode.DONE

    def _transcribe(self, source: str, unfinished: Unfinished | None) -> PipelineResult:
        """Run the pipeline in a thread; draw what it says meanwhile."""
        control = JobControl()
        # No `SimpleQueue`: that one waits for ever once a signal took longer than its wait.
        said: queue.Queue[Event | None] = queue.Queue()
        outcome: list[PipelineResult | BaseException] = []
        given: str | BinaryIO = sys.stdin.buffer if source == STDIN else source

        def hear(event: Event) -> None:
            if unfinished is not None:
                unfinished.hear(event)
            said.put(event)

        def work() -> None:
            earlier = unfinished.earlier if unfinished is not None else None
            try:
                outcome.append(
                    self._pipeline.run(given, on_event=hear, cancel=control, earlier=earlier)
                )
            except BaseException as error:
                outcome.append(error)
            finally:
                said.put(None)

        self._interrupts.watch(control)
        thread = threading.Thread(target=work, name="omoai-job", daemon=True)
        thread.start()
        while True:
            if news := self._interrupts.news():
                self._reporter.note(news)
            # A wait with a limit, so that signals are handled meanwhile.
            try:
                event = said.get(timeout=0.1)
            except queue.Empty:
                continue
            if event is None:
                break
            self._reporter.event(event)
        thread.join()
        self._interrupts.watch(None)
        result = outcome[0]
        if isinstance(result, BaseException):
            raise result
        return result

    def _deliver(self, result: PipelineResult, target: Target) -> str:
        if target.stem is None:
            many = len(self._order.targets) > 1
            print_result(result, target.source, self._order.formats[0], many=many)
            return ""
        written = write_files(result, target, self._order.formats, overwrite=self._order.overwrite)
        return ", ".join(label(str(path)) for path in written)

    def _keep(
        self,
        result: PipelineResult,
        source: str,
        name: str,
        unfinished: Unfinished | None,
        *,
        failed: bool = False,
    ) -> None:
        """Put a result into the library where that was asked for; never in the way of files."""
        if not self._order.keep:
            return
        from omoai_engine.cli.keeping import keep

        audio = None if source == STDIN else Path(source)
        try:
            entry = keep(self._config, result, source, audio, unfinished, failed=failed)
        except OmoAIError as error:
            self._complain(error, name)
            self._not_kept = True
        else:
            self._reporter.note(f"{name}: kept in the library as {entry}")

    def _keep_partial(
        self, partial: PipelineResult, target: Target, name: str, unfinished: Unfinished | None
    ) -> None:
        self._keep(partial, target.source, name, unfinished, failed=True)
        try:
            where = self._deliver(partial, target)
        except ExportError as error:
            self._complain(error, name)
            self._rescue(partial, target, name)
        else:
            self._reporter.note(
                f"{name}: what was recognised until then is kept{f': {where}' if where else ''}"
            )

    def _rescue(self, result: PipelineResult, target: Target, name: str) -> None:
        try:
            self._error(f"{name}: the transcript is kept in {rescue(result, target.source)}")
        except (ExportError, OSError):
            self._print_at_least(result, target, name)

    def _print_at_least(self, result: PipelineResult, target: Target, name: str) -> None:
        """Give a result that no disk takes to whoever reads this command."""
        many = len(self._order.targets) > 1
        try:
            print_result(result, target.source, "txt", many=many)
        except ExportError:
            self._error(f"{name}: the transcript could not be kept anywhere")
        else:
            self._error(f"{name}: no file can take the transcript, so it was printed")

    def _tell_how_to_go_on(self, target: Target, name: str) -> None:
        again = "the same command"
        try:
            check_free(target, self._order.formats, overwrite=self._order.overwrite)
        except ExportError:
            again += " with --overwrite"
        self._reporter.note(f"{name}: {again} goes on from there")

    def _tell_stopped(self, name: str) -> None:
        self._reporter.note(f"{name}: stopped before anything was recognised")

    def _tell(self, result: PipelineResult, name: str, where: str, *, stopped: bool) -> None:
        audio = result.performance.get("audio_duration", 0.0)
        audio -= result.metadata.get("continued_from", 0.0)
        seconds = result.timing.get("total", 0.0)
        self._done += 1
        self._audio += audio
        self._seconds += seconds
        words = counted(len(result.transcript.split()), "word")
        pace = f" ({audio / seconds:.1f}x)" if seconds else ""
        kept = "stopped; kept " if stopped else ""
        into = f" -> {where}" if where else ""
        self._reporter.note(
            f"{name}: {kept}{clock(audio)} of sound in {clock(seconds)}{pace}, {words}{into}"
        )

    def _sum_up(self) -> None:
        count = len(self._order.targets)
        if count == 1:
            return
        pace = f" ({self._audio / self._seconds:.1f}x)" if self._seconds else ""
        self._reporter.note(
            f"{self._done} of {count} files done: {clock(self._audio)} of sound in "
            f"{clock(self._seconds)}{pace}"
        )

    def _complain(self, error: OmoAIError, name: str) -> None:
        text = str(error)
        self._error(text if name in text else f"{name}: {text}")

    def _error(self, text: str) -> None:
        # The line that is redrawn must not swallow it.
        if self._order.quiet:
            error_line(text)
        else:
            self._reporter.note(f"omoai: {text}")
