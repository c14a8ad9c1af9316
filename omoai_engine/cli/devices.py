"""`omoai devices` lists microphones and sound outputs; `omoai clip` cuts out or plays a stretch."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from omoai_engine.cli.console import Parser, say, write_text
from omoai_engine.cli.exits import ExitCode
from omoai_engine.errors import ExportError
from omoai_engine.silent_places import ask_for_place
from omoai_engine.text import shown_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omoai_engine.recording.devices import Device, Level

_LISTEN_SECONDS = 1.5


def devices(arguments: list[str]) -> int:
    """Run `omoai devices` with `arguments`; return the exit code."""
    parser = Parser(
        "omoai devices",
        "List microphones and sound outputs, or choose a microphone; a star marks the system's "
        "default.",
        "exit codes: 0 there is a microphone; 1 there is none; 2 wrong usage",
    )
    parser.add_argument("--levels", action="store_true", help="listen for a moment, show levels")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--choose", metavar="NAME", help="the microphone of `omoai record` from now on, or: default"
    )
    parsed = parser.parse_args(arguments)

    from omoai_engine.recording.devices import list_devices

    found = list_devices()
    if parsed.choose is not None:
        _choose(parsed.choose, found)
        return ExitCode.DONE
    levels = _listen([d.index for d in found if d.inputs]) if parsed.levels else {}
    if parsed.json:
        told = [
            asdict(d) | ({"level": asdict(levels[d.index])} if d.index in levels else {})
            for d in found
        ]
        write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    else:
        write_text("\n".join(_lines(found, levels)) + "\n")
    return ExitCode.DONE if any(d.inputs for d in found) else ExitCode.FAILED


def _choose(name: str, found: list[Device]) -> None:
    from omoai_engine.recording.chosen import choose_device
    from omoai_engine.recording.portaudio import find_device

    if name == "default":
        choose_device(None)
        say("omoai record takes the system's default microphone")
        return
    number = find_device([asdict(device) for device in found], name, "input")
    chosen = next(device for device in found if device.index == number)
    choose_device(chosen.name)
    say(f"omoai record takes {chosen.name!r} from now on")


def _listen(indices: list[int]) -> dict[int, Level]:
    from omoai_engine.recording.devices import DeviceMeters

    loudest: dict[int, Level] = {}

    def take(levels: Mapping[int, Level]) -> None:
        for index, level in levels.items():
            if index not in loudest or level.peak >= loudest[index].peak:
                loudest[index] = level

    if indices:
        with DeviceMeters(indices, take):
            time.sleep(_LISTEN_SECONDS)
    return loudest


def _lines(found: list[Device], levels: dict[int, Level]) -> list[str]:
    lines = []
    for title, kind in (("Microphones", "input"), ("Sound outputs", "output")):
        lines.append(title)
        usable = [d for d in found if (d.inputs if kind == "input" else d.outputs)]
        for device in usable:
            default = device.default_input if kind == "input" else device.default_output
            channels = device.inputs if kind == "input" else device.outputs
            about = f"{device.host}, {channels} channels, {device.rate_hz} Hz"
            level = levels.get(device.index) if kind == "input" else None
            told = f"  {_level(level)}" if level else ""
            lines.append(
                f"{'*' if default else ' '} {device.index:>2}  {device.name}  ({about}){told}"
            )
        if not usable:
            remote = "; omoai record --listen takes another machine's" if kind == "input" else ""
            lines.append(f"  none on this machine{remote}")
    return lines


def _level(level: Level) -> str:
    if level.error:
        return f"cannot be used: {level.error}"
    if level.only_zeros:
        return "only zeros: is it muted?"
    return f"level {round(level.peak * 100)} %"


def clip(arguments: list[str]) -> int:
    """Run `omoai clip` with `arguments`; return the exit code."""
    parser = Parser(
        "omoai clip",
        "Cut a stretch out of a recording: WAV to standard output, a file, or the loudspeaker.",
        "On your own machine: ssh HOST omoai clip FILE 12 17 | ffplay -nodisp -autoexit -",
    )
    parser.add_argument("file", metavar="FILE", help="a recording, anything FFmpeg reads")
    parser.add_argument("start", metavar="START", type=_seconds, help="seconds")
    parser.add_argument("end", metavar="END", type=_seconds, help="seconds")
    parser.add_argument("-o", "--output", metavar="WAV", help="write the clip there")
    parser.add_argument("--play", action="store_true", help="play it here")
    parsed = parser.parse_args(arguments)
    if parsed.output:
        ask_for_place(Path(parsed.output))
    if parsed.play and parsed.output:
        parser.error("give --play or -o, not both")

    from omoai_engine.recording import playback

    path = Path(parsed.file)
    if parsed.play:
        playback.play(path, parsed.start, parsed.end).wait()
        return ExitCode.DONE
    content = playback.clip(path, parsed.start, parsed.end)
    if parsed.output:
        _write(Path(parsed.output), content)
        return ExitCode.DONE
    if sys.stdout is None or sys.stdout.isatty():
        parser.error("a WAV file is not for a terminal: give -o FILE, --play, or a pipe")
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
    return ExitCode.DONE


def _write(path: Path, content: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise ExportError(
            "the file exists already", where=shown_path(path), hint="Give another name"
        ) from None
    except OSError as error:
        raise ExportError(
            f"the clip cannot be written: {error.strerror}", where=shown_path(path)
        ) from None
    say(f"wrote {shown_path(path)}")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e7:
        raise argparse.ArgumentTypeError(f"{text!r} is no time in seconds")
    return value
