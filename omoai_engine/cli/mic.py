"""The microphone of another machine: `omoai mic-in` here, `omoai mic-send` there, and the help."""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import signal
import socket
import sys
import time

from omoai_engine.cli.console import Parser, say, write_text
from omoai_engine.cli.exits import ExitCode
from omoai_engine.errors import RecordingError
from omoai_engine.recording.remote import (
    RAW_FORMATS,
    RawSound,
    default_host,
    help_text,
    socket_path,
)

_READ_BYTES = 1 << 15
_GONE_SECONDS = 2.0


def mic_help(arguments: list[str]) -> int:
    """Run `omoai mic-help`: print the lines to paste on one's own machine."""
    parser = Parser("omoai mic-help", "Say how the microphone of your own machine is used here.")
    parser.add_argument("host", nargs="?", metavar="HOST", help="how you reach this machine by ssh")
    parsed = parser.parse_args(arguments)
    write_text(help_text(parsed.host or default_host()) + "\n")
    return ExitCode.DONE


def mic_in(arguments: list[str]) -> int:
    """Run `omoai mic-in`: sound from standard input to the recording that listens."""
    parser = Parser(
        "omoai mic-in",
        "Pass the sound on standard input to `omoai record --listen` on this machine.",
        "`omoai mic-help` shows the whole line for your own machine.",
    )
    parser.add_argument("--raw", metavar="RATE", type=int, help="raw samples, so many a second")
    parser.add_argument("--channels", type=int, default=1, metavar="N", help="of raw samples")
    parser.add_argument("--format", choices=RAW_FORMATS, default="s16le", help="of raw samples")
    parser.add_argument(
        "--wait", metavar="SECONDS", type=float, default=5.0, help="for a recording to listen"
    )
    parsed = parser.parse_args(arguments)
    if parsed.raw is not None and not 4_000 <= parsed.raw <= 768_000:
        parser.error("--raw takes a rate from 4000 to 768000")
    if not 1 <= parsed.channels <= 8:
        parser.error("--channels takes a number from 1 to 8")
    if sys.stdin is None or sys.stdin.isatty():
        parser.error("pipe the sound in; see: omoai mic-help")
    with _connected(parsed.wait) as connection:
        try:
            if parsed.raw is not None:
                raw = RawSound(parsed.raw, parsed.channels, parsed.format)
                connection.sendall(raw.to_line())
            while data := os.read(sys.stdin.fileno(), _READ_BYTES):
                connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            say("omoai: the recording has ended, or another sender took over")
            return ExitCode.FAILED
    return ExitCode.DONE


def _connected(wait: float) -> socket.socket:
    path = socket_path()
    until = time.monotonic() + wait
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(path))
            return connection
        except OSError:
            connection.close()
        if time.monotonic() >= until:
            raise RecordingError(
                "no recording listens on this machine",
                hint="Start `omoai record --listen` there first",
            )
        time.sleep(0.2)


def mic_send(arguments: list[str]) -> int:
    """Run `omoai mic-send`: this machine's microphone to standard output."""
    parser = Parser(
        "omoai mic-send",
        "Write the sound of this machine's microphone to standard output, until Ctrl-C.",
        "example: omoai mic-send | ssh HOST omoai mic-in",
    )
    parser.add_argument("--device", metavar="NAME", help="a microphone of `omoai devices`")
    parser.add_argument("--rate", metavar="HZ", type=_rate, help="samples a second")
    parsed = parser.parse_args(arguments)
    if sys.stdout is None or sys.stdout.isatty():
        parser.error("pipe it into: ssh HOST omoai mic-in")
    # PortAudio and ALSA write to standard error whatever they like.
    narration = os.dup(2)
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 2)
    try:
        return _send(parsed.device, parsed.rate, sys.stdout.fileno())
    finally:
        os.dup2(narration, 2)
        os.close(narration)


def _send(device: str | None, rate_hz: int | None, target: int) -> int:
    from omoai_engine.recording.capture import Gone, Inbox, Message, Opened
    from omoai_engine.recording.microphone import DeviceSource

    inbox: Inbox = queue.SimpleQueue()
    source = DeviceSource(device, rate_hz, None, inbox)
    stop: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: stop.append(got))
    source.start()
    code = ExitCode.DONE
    while not stop:
        message: Message | None = None
        with contextlib.suppress(queue.Empty):
            message = inbox.get(timeout=0.2)
        try:
            if isinstance(message, Opened):
                raw = RawSound(message.pcm.rate_hz, message.pcm.channels, "s16le")
                os.write(target, raw.to_line())
            elif isinstance(message, bytes):
                rest = memoryview(message)
                while rest:
                    rest = rest[os.write(target, rest) :]
            elif isinstance(message, Gone):
                raise message.error
        except BrokenPipeError:
            code = ExitCode.PIPE_CLOSED
            break
        if (trouble := source.trouble(time.monotonic())) is not None:
            raise trouble
    # No farewell to PortAudio: it can hang.
    os._exit(code)


def _rate(text: str) -> int:
    if not text.isdecimal() or not 8_000 <= int(text) <= 192_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no rate from 8000 to 192000")
    return int(text)
