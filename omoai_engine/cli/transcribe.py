"""`omoai transcribe FILE ...`: recordings in, transcripts out, one after another.

The pipeline runs in a thread; this one draws progress and listens to signals. Models are loaded
once for all files. A file that cannot be used is told about and never stops the others.
"""

from __future__ import annotations

import argparse
import queue
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from omoai_engine.cli.console import Parser, end_quietly, error_line
from omoai_engine.cli.exits import EXIT_CODES, ExitCode, combined
from omoai_engine.cli.outputs import (
    STDIN,
    STREAMABLE,
    Target,
    check_free,
    is_usage,
    label,
    make_folder,
    plan_targets,
    print_result,
    rescue,
    write_files,
)
from omoai_engine.cli.progress import Reporter, clock, make_reporter
from omoai_engine.cli.signals import Interrupts
from omoai_engine.control import JobControl
from omoai_engine.errors import ExportError, OmoAIError, StageError
from omoai_engine.results import PipelineResult

if TYPE_CHECKING:
    from omoai_engine.events import Event
    from omoai_engine.pipeline import Pipeline

_DESCRIPTION = """\
Turn recordings (sound or video, anything FFmpeg reads) into text.

Without -o the result goes to standard output: the punctuated transcript, or what -f says.
Several recordings then stand under headings (text) or one on a line (JSON); subtitles of
several recordings need -o. Progress goes to standard error."""

_EXAMPLES = """\
examples:
  omoai transcribe talk.mp3
  omoai transcribe --language vi -f txt,srt -o transcripts *.m4a
  ffmpeg -i talk.mkv -f wav - | omoai transcribe - -f json | jq .transcript

"""


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for, checked."""

    targets: list[Target]
    formats: list[str]
    folder: Path | None
    overwrite: bool
    quiet: bool
    overrides: dict[str, dict[str, Any]]


def transcribe(arguments: list[str]) -> int:
    """Run `omoai transcribe` with `arguments`; return the exit code."""
    order = _parse(arguments)
    from omoai_engine.config import load_config

    config = load_config(**order.overrides)
    if order.folder is not None:
        make_folder(order.folder)
    with Interrupts() as interrupts:
        reporter = make_reporter(quiet=order.quiet)
        try:
            from omoai_engine.pipeline import Pipeline

            pipeline = Pipeline(config)
            try:
                return _Batch(order, pipeline, reporter, interrupts).run()
            finally:
                pipeline.close()
        finally:
            reporter.close()


class _Batch:
    """All recordings of one call, in order."""

    def __init__(
        self, order: Order, pipeline: Pipeline, reporter: Reporter, interrupts: Interrupts
    ) -> None:
        self._order = order
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
        try:
            check_free(target, self._order.formats, overwrite=self._order.overwrite)
            result = self._transcribe(target.source)
        except StageError as error:
            self._complain(error, name)
            if isinstance(error.partial, PipelineResult) and error.partial.segments:
                self._keep_partial(error.partial, target, name)
            return ExitCode.FAILED
        except OmoAIError as error:
            self._complain(error, name)
            return ExitCode.USAGE if is_usage(error) else ExitCode.FAILED
        stopped = bool(result.metadata.get("cancelled"))
        if not result.segments and stopped:
            self._reporter.note(f"{name}: stopped before anything was recognised")
            return ExitCode.DONE
        if not result.segments:
            self._error(f"{name}: there is no speech in it")
            return ExitCode.USAGE
        try:
            where = self._deliver(result, target)
        except ExportError as error:
            self._complain(error, name)
            self._rescue(result, target, name)
            return ExitCode.FAILED
        self._tell(result, name, where, stopped=stopped)
        return ExitCode.DONE

    def _transcribe(self, source: str) -> PipelineResult:
        """Run the pipeline in a thread; draw what it says meanwhile."""
        control = JobControl()
        said: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        outcome: list[PipelineResult | BaseException] = []
        given: str | BinaryIO = sys.stdin.buffer if source == STDIN else source

        def work() -> None:
            try:
                outcome.append(self._pipeline.run(given, on_event=said.put, cancel=control))
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

    def _keep_partial(self, partial: PipelineResult, target: Target, name: str) -> None:
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
            self._error(f"{name}: the transcript could not be kept anywhere")

    def _tell(self, result: PipelineResult, name: str, where: str, *, stopped: bool) -> None:
        audio = result.performance.get("audio_duration", 0.0)
        seconds = result.timing.get("total", 0.0)
        self._done += 1
        self._audio += audio
        self._seconds += seconds
        words = len(result.transcript.split())
        pace = f" ({audio / seconds:.1f}x)" if seconds else ""
        kept = "stopped; kept " if stopped else ""
        into = f" -> {where}" if where else ""
        self._reporter.note(
            f"{name}: {kept}{clock(audio)} of sound in {clock(seconds)}{pace}, {words} words{into}"
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


def _parse(arguments: list[str]) -> Order:
    parser = Parser("omoai transcribe", _DESCRIPTION, _EXAMPLES + EXIT_CODES)
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="a recording; - reads it from stdin"
    )
    parser.add_argument(
        "-l", "--language", metavar="CODE", type=_language, help="vi, en, ... or auto (detect it)"
    )
    parser.add_argument(
        "-f", "--format", metavar="LIST", help="txt, json, srt, vtt, md; several with commas"
    )
    parser.add_argument("--json", action="store_true", help="the same as -f json")
    parser.add_argument("-o", "--output", metavar="FOLDER", help="write files there: STEM.FORMAT")
    parser.add_argument("--overwrite", action="store_true", help="replace files that exist")
    parser.add_argument("--quality", choices=("fast", "balanced", "best"), help="speed or accuracy")
    parser.add_argument("--engine", choices=("auto", "whisper", "chunkformer"), help="recogniser")
    parser.add_argument(
        "--model", metavar="NAME", help="a name of `omoai models list`, or a folder"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), help="where to compute")
    parser.add_argument("--threads", metavar="N", type=_threads, help="processor threads; 0: auto")
    parser.add_argument("--no-summary", action="store_true", help="leave the summary out")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress, errors only")
    parser.usage = "omoai transcribe [OPTION ...] FILE [FILE ...]"
    # argparse loses what follows `--` when files and options are mixed: cut it off ourselves.
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    parsed = parser.parse_intermixed_args(arguments[:cut])
    parsed.files += arguments[cut + 1 :]
    if not parsed.files:
        parser.error("say which FILE to transcribe")
    if "" in parsed.files or parsed.output == "":
        parser.error("a name is empty")

    formats = _formats(parser, parsed)
    folder = Path(parsed.output) if parsed.output else None
    if parsed.files.count(STDIN) > 1:
        parser.error("- (standard input) can be given once only")
    if STDIN in parsed.files and (sys.stdin is None or sys.stdin.isatty()):
        parser.error("- reads a recording from standard input, and nothing is piped into it")
    if folder is None:
        if len(formats) > 1:
            parser.error("several formats need -o FOLDER")
        if len(parsed.files) > 1 and formats[0] not in STREAMABLE:
            parser.error(f"{formats[0]} of several recordings needs -o FOLDER")
    asr = {
        name: getattr(parsed, name)
        for name in ("language", "quality", "engine", "model", "device", "threads")
        if getattr(parsed, name) is not None
    }
    overrides: dict[str, dict[str, Any]] = {"asr": asr} if asr else {}
    if parsed.no_summary:
        overrides["postprocess"] = {"summary": False}
    return Order(
        targets=plan_targets(parsed.files, folder),
        formats=formats,
        folder=folder,
        overwrite=parsed.overwrite,
        quiet=parsed.quiet,
        overrides=overrides,
    )


def _formats(parser: Parser, parsed: argparse.Namespace) -> list[str]:
    from omoai_engine.export import FORMATS

    if parsed.json and parsed.format:
        parser.error("give --json or -f, not both")
    text = "json" if parsed.json else parsed.format or "txt"
    names = list(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    for name in names:
        if name not in FORMATS:
            parser.error(f"there is no format {name!r}; there are {', '.join(FORMATS)}")
    if not names:
        parser.error(f"-f names no format; there are {', '.join(FORMATS)}")
    return names


def _language(text: str) -> str:
    code = text.strip().lower()
    if not code.isascii() or not code.isalpha() or not (2 <= len(code) <= 3 or code == "auto"):
        raise argparse.ArgumentTypeError(f"{text!r} is no language code such as vi, en or auto")
    return code


def _threads(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 256")
    return number
