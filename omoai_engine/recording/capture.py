"""The capture process: sound from a device or a sender to the disk, and nothing else.

In (standard input): command lines `pause`, `resume`, `mark TEXT`, `stop`; its end means save and
leave, and so do SIGTERM, SIGHUP and the death of the parent. Out (standard output): one JSON
line a tenth of a second (`RecorderState`), dropped rather than waited for when nobody reads.
Where the disk holds the loop that writes, sound waits in memory and a thread goes on to tell.
It stands in a session of its own, loads no numpy, no model and no screen, never waits for
anything but sound, and never stops a stream of PortAudio (that can hang for minutes).
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import queue
import signal
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from omoai_engine.errors import RecordingError
from omoai_engine.recording.levels import LevelMeter, LossCounter
from omoai_engine.recording.spool import Spool, prepare_folder
from omoai_engine.recording.state import Phase, RecorderState, Warned
from omoai_engine.recording.wav import PcmFormat
from omoai_engine.shortage import shortage_of
from omoai_engine.text import one_line

_REPORT_SECONDS = 0.1
_SYNC_SECONDS = 1.0
_OPEN_SECONDS = 10.0
_SILENT_SECONDS = 2.0
_LINGER_SECONDS = 0.3
"""After `stop`, so long for what was said before it and is still in the driver."""
_HELD_SECONDS = 0.5
_HELD_TOLD_SECONDS = 3.0
"""A disk that holds us for so long is told to the person."""
_HELD = Warned(
    "held",
    "The disk does not answer. The sound is kept in memory until it does; it would be lost if "
    "this machine went off now.",
)
_CLIPPING_SAMPLES = 5
_CLIPPING_SHOWN_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Request:
    """What to record. `listen`: the path of a socket for senders, else a device is opened.
    `reserve_bytes`, `warn_seconds`: when the disk is full, and nearly full."""

    folder: str
    device: str | None
    listen: str | None
    rate_hz: int | None
    channels: int | None
    reserve_bytes: int
    warn_seconds: float


@dataclass(frozen=True, slots=True)
class Opened:
    """Sound of this format will follow, from `name`."""

    pcm: PcmFormat
    name: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The source ended for good; `error` says why."""

    error: RecordingError


@dataclass(frozen=True, slots=True)
class SenderNews:
    """A sender came (`here`), or went; `text` is a sentence for the person."""

    here: bool
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """What the app or a signal asks for: `pause`, `resume`, `mark`, `stop`, or `end` at once."""

    name: str
    text: str = ""


Message = bytes | Opened | Gone | SenderNews | Command
Inbox = queue.SimpleQueue[Message]


class Source(Protocol):
    """Where sound comes from; puts it into the inbox from threads of its own."""

    latest: bytes
    """The last that came."""

    def start(self) -> None:
        """Begin. Never blocks."""
        ...

    def trouble(self, now: float) -> RecordingError | None:
        """Say what is wrong with it, if its sound has ended."""
        ...


class Capture:
    """The loop of the process: everything that happens comes through one inbox."""

    def __init__(self, request: Request, inbox: Inbox, source: Source, report_to: int) -> None:
        self._request, self._inbox, self._source = request, inbox, source
        self._report_to = report_to
        self._parent = os.getppid()
        self._state = RecorderState(phase=Phase.WAITING if request.listen else Phase.STARTING)
        self._spool: Spool | None = None
        self._meter = LevelMeter()
        self._losses: LossCounter | None = None
        self._warnings: dict[str, str] = {}
        self._clipped_at = -1e9
        self._clipped_before = 0
        self._began = time.monotonic()
        self._ends_at: float | None = None
        self._rounds = 0

    def run(self) -> int:
        """Record until it ends; return the exit code."""
        try:
            prepare_folder(Path(self._request.folder))
        except RecordingError as error:
            self._end("disk_full", error)
        else:
            self._source.start()
        with contextlib.suppress(RuntimeError):  # no further thread: recording matters more
            threading.Thread(target=self._tell_while_held, name="tell-held", daemon=True).start()
        synced = reported = 0.0
        while not self._state.over:
            self._rounds += 1
            try:
                self._take(self._inbox.get(timeout=_REPORT_SECONDS / 2))
            except queue.Empty:
                pass
            except OSError as error:
                self._end("disk_full", _disk_error(error, self._request.folder))
            now = time.monotonic()
            if self._ends_at is not None and now >= self._ends_at:
                self._end("stopped", None)
            if now - synced >= _SYNC_SECONDS and not self._state.over:
                synced = now
                self._look_after(now)
            if now - reported >= _REPORT_SECONDS and not self._state.over:
                reported = now
                self._report()
        self._report()
        return 0 if self._state.phase is Phase.SAVED else 1

    def _take(self, message: Message) -> None:
        if isinstance(message, bytes):
            self._sound(message)
        elif isinstance(message, Opened):
            self._open(message)
        elif isinstance(message, Gone):
            self._end("device_gone", message.error)
        elif isinstance(message, SenderNews):
            self._sender(message)
        else:
            self._command(message)

    def _sound(self, data: bytes) -> None:
        if self._spool is None or self._losses is None:
            return
        self._meter.push(data)
        if self._state.phase is Phase.PAUSED:
            return
        if not self._request.listen:
            self._losses.push(time.monotonic(), len(data) // self._spool.pcm.frame_bytes)
        self._spool.append(data)

    def _open(self, opened: Opened) -> None:
        phase = Phase.PAUSED if self._state.phase is Phase.PAUSED else Phase.RECORDING
        if self._spool is None:
            try:
                self._spool = Spool(Path(self._request.folder), opened.pcm, device=opened.name)
            except RecordingError as error:
                self._end("disk_full", error)
                return
            self._losses = LossCounter(opened.pcm.rate_hz)
        self._change(
            phase=phase,
            path=str(self._spool.part),
            device=opened.name,
            rate_hz=self._spool.pcm.rate_hz,
            channels=self._spool.pcm.channels,
        )

    def _sender(self, news: SenderNews) -> None:
        if news.here:
            self._warnings.pop("sender", None)
            phase = Phase.RECORDING
        else:
            self._warnings["sender"] = news.text
            phase = Phase.WAITING
        if self._state.phase is not Phase.PAUSED and self._spool is not None:
            self._change(phase=phase)
        if self._spool is not None:
            self._spool.note("sender", here=news.here)

    def _command(self, command: Command) -> None:
        if command.name in ("pause", "resume") and self._spool is not None:
            paused = command.name == "pause"
            if paused == (self._state.phase is Phase.PAUSED):
                return
            self._change(phase=Phase.PAUSED if paused else Phase.RECORDING)
            # The clock of losses stands still meanwhile: begin it anew.
            if not paused and self._losses is not None:
                self._losses.restart()
            self._spool.note(command.name)
        elif command.name == "mark" and self._spool is not None:
            self._change(marks=self._state.marks + 1)
            self._spool.note("mark", label=one_line(command.text)[:200])
        elif command.name == "stop":
            recording = self._state.phase is Phase.RECORDING
            self._ends_at = time.monotonic() + (_LINGER_SECONDS if recording else 0.0)
        elif command.name == "end":
            self._end(command.text, None)

    def _look_after(self, now: float) -> None:
        """Do what is due each second: flush, look at the disk, the parent and the source."""
        if os.getppid() != self._parent:
            self._end("orphaned", None)
            return
        trouble = self._source.trouble(now)
        starting = self._state.phase is Phase.STARTING
        if trouble is None and starting and now - self._began > _OPEN_SECONDS:
            trouble = RecordingError(
                "the sound system does not answer", hint="Restart it, or choose another device"
            )
        if trouble is not None:
            self._end("device_gone", trouble)
            return
        if self._spool is None:
            return
        try:
            self._spool.sync()
            room = self._spool.free_bytes() - self._request.reserve_bytes
        except OSError as error:
            self._end("disk_full", _disk_error(error, self._request.folder))
            return
        pcm = self._spool.pcm
        seconds = max(0.0, room / (pcm.rate_hz * pcm.frame_bytes))
        self._change(free_seconds=round(seconds, 1))
        if room <= 0:
            self._end(
                "disk_full",
                RecordingError(
                    "the disk is full: the recording was stopped, and all of it is kept",
                    where=self._request.folder,
                    hint="Free some space, or set recording.folder to a folder on another disk",
                ),
            )
            return
        self._warn_of(now, seconds)

    def _warn_of(self, now: float, free_seconds: float) -> None:
        found: dict[str, str] = {}
        if "sender" in self._warnings:
            found["sender"] = self._warnings["sender"]
        recording = self._state.phase is Phase.RECORDING
        heard = self._spool.seconds if self._spool is not None else 0.0
        if recording and self._meter.only_zeros and heard >= _SILENT_SECONDS:
            found["silent"] = (
                "The microphone gives only zeros. Check that it is not muted and that this "
                "program may use it."
            )
        new = self._meter.clipped - self._clipped_before
        self._clipped_before = self._meter.clipped
        if new >= _CLIPPING_SAMPLES:
            self._clipped_at = now
        if now - self._clipped_at < _CLIPPING_SHOWN_SECONDS:
            found["clipping"] = (
                "The sound is clipping. Turn the input down or move away from the microphone."
            )
        if free_seconds < self._request.warn_seconds:
            minutes = int(free_seconds // 60)
            found["disk"] = (
                f"The disk is nearly full: room for about {minutes} min. Free some space."
                if minutes
                else "The disk is nearly full: room for less than a minute. Free some space."
            )
        if self._losses is not None and self._losses.lost:
            found["lost"] = (
                f"{self._losses.lost} samples did not come from the device. "
                "Close programs that keep the computer busy."
            )
        self._warnings = found

    def _end(self, how: str, error: RecordingError | None) -> None:
        if self._spool is None:
            self._change(phase=Phase.FAILED, how=how, error=str(error) if error else None)
            return
        self._drain()
        if not self._spool.data_bytes:
            self._spool.discard()
            self._change(phase=Phase.FAILED, path="", how=how, error=str(error) if error else None)
            return
        seconds = self._spool.seconds
        path = self._spool.finish(how)
        self._change(
            phase=Phase.SAVED,
            path=str(path),
            seconds=round(seconds, 3),
            how=how,
            error=str(error) if error else None,
        )

    def _drain(self) -> None:
        """Write what had come before the end."""
        if self._spool is None or self._state.phase is Phase.PAUSED:
            return
        with contextlib.suppress(queue.Empty, OSError):
            while True:
                message = self._inbox.get_nowait()
                if isinstance(message, bytes):
                    self._spool.append(message)

    def _change(self, **fields: Any) -> None:
        self._state = replace(self._state, **fields)

    def _report(self) -> None:
        peak, loudness = self._meter.take()
        if not self._state.over and self._spool is not None:
            self._change(seconds=round(self._spool.seconds, 3))
        self._change(
            peak=round(peak, 4),
            loudness=round(loudness, 5),
            clipped=self._meter.clipped,
            lost=self._losses.lost if self._losses is not None else 0,
            warnings=tuple(Warned(code, text) for code, text in self._warnings.items()),
        )
        with contextlib.suppress(OSError):
            os.write(self._report_to, self._state.to_line())

    def _tell_while_held(self) -> None:
        """Go on to tell how loud it is, and why nothing is written, while the disk holds `run`."""
        told, held, before = 0, 0.0, time.monotonic()
        while True:
            time.sleep(_REPORT_SECONDS)
            now, rounds = time.monotonic(), self._rounds
            # Slices of the wait, not the clock: this process may have been held itself.
            held = held + min(now - before, 2 * _REPORT_SECONDS) if rounds == told else 0.0
            told, before = rounds, now
            state = self._state
            if held < _HELD_SECONDS or state.over or self._spool is None:
                continue
            meter = LevelMeter()
            meter.push(self._source.latest)
            peak, loudness = meter.take()
            warnings = state.warnings + ((_HELD,) if held >= _HELD_TOLD_SECONDS else ())
            line = replace(
                state,
                peak=round(peak, 4),
                loudness=round(loudness, 5),
                held=round(held, 1),
                warnings=warnings,
            ).to_line()
            with contextlib.suppress(OSError):
                os.write(self._report_to, line)


def _disk_error(error: OSError, folder: str) -> RecordingError:
    lack = shortage_of(error)
    what = lack.what if lack is not None else f"the disk took no more ({error.strerror or error})"
    hint = "Free some space, or set recording.folder to a folder on another disk"
    if lack is not None and error.errno not in (errno.ENOSPC, errno.EDQUOT):
        hint = lack.hint or hint
    return RecordingError(
        f"{what}: the recording was stopped; what was written is kept", where=folder, hint=hint
    )


def _listen_to_app(inbox: Inbox) -> None:
    """Turn the lines of standard input into commands; its end is the end."""
    with contextlib.suppress(OSError, ValueError):
        for line in sys.stdin.buffer:
            name, _, text = line.decode("utf-8", "replace").strip().partition(" ")
            if name in ("pause", "resume", "mark", "stop"):
                inbox.put(Command(name, text))
    inbox.put(Command("end", "orphaned"))


def main() -> None:
    """Run the capture process; the request is the last argument."""
    request = Request(**json.loads(sys.argv[-1]))
    os.umask(0o077)
    report_to = os.dup(1)
    # What Python has to say of our end goes on to the app, which must never make us wait.
    last_words = os.dup(2)
    os.set_blocking(last_words, False)
    sys.stderr = os.fdopen(last_words, "w", errors="backslashreplace")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):  # ALSA and PortAudio write there
        os.dup2(nowhere, descriptor)
    os.set_blocking(report_to, False)
    inbox: Inbox = queue.SimpleQueue()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        # `SimpleQueue.put` may be called from a signal handler.
        signal.signal(number, lambda *_: inbox.put(Command("end", "terminated")))
    threading.Thread(target=_listen_to_app, args=(inbox,), daemon=True).start()
    source: Source
    if request.listen:
        from omoai_engine.recording.senders import SenderSource

        source = SenderSource(request.listen, inbox, request.rate_hz, request.channels)
    else:
        from omoai_engine.recording.microphone import DeviceSource

        source = DeviceSource(request.device, request.rate_hz, request.channels, inbox)
    code = Capture(request, inbox, source, report_to).run()
    # No farewell to PortAudio: it can hang, and the kernel closes the device.
    os._exit(code)
