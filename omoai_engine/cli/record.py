"""`omoai record`: a microphone to the disk, its text while one speaks, its transcript after.

Sound is written by the capture process; this one only looks on. Ctrl-C ends the recording and
transcribes it; SIGTERM and SIGHUP end it and leave it to be found by `omoai recordings`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import queue
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from omoai_engine.cli.console import Parser, error_line, say, write_text
from omoai_engine.cli.exits import ExitCode, combined
from omoai_engine.cli.order import Order, parse_order
from omoai_engine.cli.outputs import make_folder, plan_targets
from omoai_engine.cli.record_view import RecordView
from omoai_engine.cli.signals import Interrupts
from omoai_engine.durations import clock
from omoai_engine.errors import RecordingError
from omoai_engine.text import shown_path

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig
    from omoai_engine.events import Event
    from omoai_engine.recording.files import Recording
    from omoai_engine.recording.live import LiveTranscriber
    from omoai_engine.recording.recorder import Recorder
    from omoai_engine.recording.state import RecorderState

_DESCRIPTION = """\
Record a microphone. Every second is safe on the disk at once; the text is shown while you speak.
Ctrl-C ends the recording; then it is transcribed like a file, to standard output or to -o.

All options of `omoai transcribe` (-o, -f, --language, --model, ...) are taken, too."""
_EPILOG = """\
The microphone on your own machine, OmoAI on another one: `omoai mic-help` shows the lines.

exit codes: those of `omoai transcribe`; 129 and 143: the recording is saved, not transcribed"""
_STEP_SECONDS = 0.1
_PLACEHOLDER = "recording.wav"


def record(arguments: list[str]) -> int:
    """Run `omoai record` with `arguments`; return the exit code."""
    parser = Parser("omoai record", _DESCRIPTION, _EPILOG)
    parser.add_argument(
        "--device", metavar="NAME", help="a microphone of `omoai devices`, this once"
    )
    parser.add_argument(
        "--listen", action="store_true", help="take the sound of another machine: omoai mic-help"
    )
    parser.add_argument("--limit", metavar="SECONDS", type=_seconds, help="end after so much sound")
    parser.add_argument("--no-live", action="store_true", help="no text while you speak")
    parser.add_argument(
        "--transcribe",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="transcribe at the end (default), or only record",
    )
    parser.add_argument(
        "--recover", action="store_true", help="record nothing: mend and transcribe what is left"
    )
    parsed, rest = parser.parse_known_args(arguments)
    order = parse_order([*rest, _PLACEHOLDER])
    if len(order.targets) != 1:
        parser.error(f"what is {shown_path(order.targets[0].source)!r}? A recording has no FILE")
    if order.folder is None and order.formats[0] != "txt" and parsed.recover:
        parser.error("--recover with a format needs -o FOLDER")

    from omoai_engine.config import load_config

    config = load_config(**order.overrides)
    if order.folder is not None:
        make_folder(order.folder)
    if parsed.recover:
        return _recover(config, order, transcribe=parsed.transcribe)
    _tell_unfinished(config, quiet=order.quiet)
    with Interrupts() as interrupts:
        session = _Session(config, parsed, quiet=order.quiet)
        state = session.run(interrupts)
        code = interrupts.code
    if state.error:
        error_line(state.error)
    if not state.seconds:
        return ExitCode.FAILED if state.error else ExitCode.USAGE
    if not order.quiet:
        say(f"saved {clock(state.seconds)} in {shown_path(state.path)}")
    if code in (ExitCode.TERMINATED, ExitCode.HUNG_UP):
        return code
    if not parsed.transcribe:
        return ExitCode.FAILED if state.error else ExitCode.DONE
    done = _transcribe([Path(state.path)], config, order)
    return combined([done, *([ExitCode.FAILED] if state.error else [])])


class _Session:
    """One recording of the command."""

    def __init__(self, config: OmoAIConfig, parsed: argparse.Namespace, *, quiet: bool) -> None:
        self._config, self._parsed = config, parsed
        # No `SimpleQueue`: that one waits for ever once a signal took longer than its wait.
        self._said: queue.Queue[Event] = queue.Queue()
        self._view = RecordView(quiet=quiet)
        self._live: LiveTranscriber | None = None

    def run(self, interrupts: Interrupts) -> RecorderState:
        from omoai_engine.recording.chosen import chosen_device
        from omoai_engine.recording.recorder import Recorder
        from omoai_engine.recording.remote import socket_path

        device = self._parsed.device or self._config.recording.device or chosen_device()
        listen = socket_path() if self._parsed.listen else None
        recorder = Recorder(self._config)
        recorder.start(device, listen=listen)
        if listen is not None:
            self._view.note("waiting for the sound of another machine; see: omoai mic-help")
        try:
            self._watch(recorder, interrupts)
            return recorder.stop()
        finally:
            if self._live is not None:
                self._live.stop()
            self._view.close()

    def _watch(self, recorder: Recorder, interrupts: Interrupts) -> None:
        limit = self._parsed.limit
        while interrupts.code is None:
            state = recorder.state
            self._view.state(state)
            if state.over or (limit is not None and state.seconds >= limit):
                return
            if self._live is None and state.path and not self._parsed.no_live:
                from omoai_engine.recording.live import LiveTranscriber

                self._live = LiveTranscriber(self._config, Path(state.path), self._said.put)
                self._live.start()
            with contextlib.suppress(queue.Empty):
                self._view.event(self._said.get(timeout=_STEP_SECONDS))
                while True:
                    self._view.event(self._said.get_nowait())


def _transcribe(paths: list[Path], config: OmoAIConfig, order: Order) -> ExitCode:
    """Transcribe finished recordings as files are; each that is done is settled."""
    from omoai_engine.cli.progress import make_reporter
    from omoai_engine.cli.transcribe import run_order
    from omoai_engine.recording.claims import Claims
    from omoai_engine.recording.files import settle

    codes = []
    claims = Claims()
    with Interrupts() as interrupts:
        reporter = make_reporter(quiet=order.quiet)
        try:
            for path in paths:
                if not claims.take(path):
                    reporter.note(f"{shown_path(path)}: another program is transcribing it")
                    continue
                targets = plan_targets([str(path)], order.folder)
                codes.append(
                    run_order(replace(order, targets=targets), config, reporter, interrupts, claims)
                )
                if codes[-1] is ExitCode.DONE:
                    settle(path)
                if interrupts.code is not None:
                    break
        finally:
            reporter.close()
    return combined(codes)


def _tell_unfinished(config: OmoAIConfig, *, quiet: bool) -> None:
    from omoai_engine.recording.files import find_unfinished, recordings_folder

    count = len(find_unfinished(recordings_folder(config)))
    if count and not quiet:
        what = "recording waits" if count == 1 else "recordings wait"
        say(f"{count} earlier {what} to be transcribed: omoai record --recover")


def _recover(config: OmoAIConfig, order: Order, *, transcribe: bool) -> ExitCode:
    from omoai_engine.recording.files import find_unfinished, recordings_folder, recover

    found = find_unfinished(recordings_folder(config))
    if not found:
        say("every recording is complete and transcribed")
        return ExitCode.DONE
    paths, codes = [], []
    for recording in found:
        try:
            paths.append(recover(recording.path))
            say(f"recovered {clock(recording.seconds)}: {shown_path(paths[-1])}")
        except RecordingError as error:
            error_line(str(error))
            codes.append(ExitCode.FAILED)
    if transcribe and paths:
        codes.append(_transcribe(paths, config, order))
    return combined(codes)


def recordings(arguments: list[str]) -> int:
    """Run `omoai recordings` with `arguments`; return the exit code."""
    parser = Parser(
        "omoai recordings",
        "List what was recorded, mend what was cut short, or say that one is dealt with.",
        "`omoai record --recover` mends and transcribes everything that waits.",
    )
    parser.add_argument("action", choices=("list", "recover", "settle", "path"))
    parser.add_argument("files", nargs="*", metavar="FILE", help="of the list; default: all")
    parser.add_argument("--json", action="store_true", help="list as JSON")
    parsed = parser.parse_args(arguments)

    from omoai_engine.config import load_config
    from omoai_engine.recording import files

    folder = files.recordings_folder(load_config())
    if parsed.action == "path":
        write_text(f"{shown_path(folder)}\n")
        return ExitCode.DONE
    found = files.list_recordings(folder)
    if parsed.action == "list":
        _list(found, as_json=parsed.json)
        return ExitCode.DONE
    if parsed.action == "settle" and not parsed.files:
        parser.error("say which FILE is dealt with")
    named = {folder / name for name in parsed.files}
    strange = named - {recording.path for recording in found}
    if strange:
        parser.error(f"there is no recording {shown_path(min(strange).name)!r}")
    for recording in found:
        if named and recording.path not in named:
            continue
        if parsed.action == "settle":
            files.settle(files.recover(recording.path), "dismissed")
        elif recording.state is files.RecordingState.CUT:
            say(f"recovered {shown_path(files.recover(recording.path))}")
    return ExitCode.DONE


def _list(found: list[Recording], *, as_json: bool) -> None:
    if as_json:
        told = [
            {
                "path": str(recording.path),
                "state": recording.state,
                "seconds": recording.seconds,
                "began": recording.began,
                "how": recording.how,
                "device": recording.device,
                "marks": [{"at": mark.at, "label": mark.label} for mark in recording.marks],
            }
            for recording in found
        ]
        write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
        return
    lines = []
    for recording in found:
        began = time.strftime("%Y-%m-%d %H:%M", time.localtime(recording.began or 0))
        when = began if recording.began is not None else "unknown"
        lines.append(
            f"{recording.state:<8}  {when:<16}  {clock(recording.seconds):>8}  "
            f"{shown_path(recording.path.name)}"
        )
    if lines:
        write_text("\n".join(lines) + "\n")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e7:
        raise argparse.ArgumentTypeError(f"{text!r} is no length in seconds")
    return value
