"""Sound devices as the app sees them: the list, and live levels of inputs.

PortAudio is asked in a child process each time, so that the list is always fresh, nothing is
written into the terminal, and a sound system that hangs is one clear sentence.
"""

from __future__ import annotations

import contextlib
import json
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

from omoai_engine.errors import RecordingError
from omoai_engine.privacy import child_environment
from omoai_engine.recording.portaudio import DeviceKind
from omoai_engine.text import one_line

_ROOT = str(Path(__file__).resolve().parents[2])
_START = (
    "import sys; root = sys.argv[1]; root in sys.path or sys.path.insert(0, root); "
    "from omoai_engine.recording.device_child import main; main()"
)
_ANSWER_SECONDS = 10.0

__all__ = ["Device", "DeviceKind", "DeviceMeters", "Level", "list_devices"]


@dataclass(frozen=True, slots=True)
class Device:
    """One sound device. `inputs`, `outputs`: channels; `rate_hz`: its own sample rate."""

    index: int
    name: str
    host: str
    inputs: int
    outputs: int
    rate_hz: int
    default_input: bool
    default_output: bool


@dataclass(frozen=True, slots=True)
class Level:
    """How loud an input is; 1.0 is full scale. `only_zeros`: nothing but zeros came so far;
    `error`: why there is no level."""

    peak: float = 0.0
    loudness: float = 0.0
    only_zeros: bool = False
    error: str | None = None


def list_devices() -> list[Device]:
    """Return the devices that are there now. Raises `RecordingError`."""
    child = start_child({"do": "list"})
    try:
        answer = read_answer(child, _ANSWER_SECONDS)
    finally:
        end_child(child)
    return [Device(**{**device, "name": one_line(device["name"])}) for device in answer["devices"]]


class DeviceMeters:
    """Levels of several inputs, eight times a second, until closed. Use it in a `with`.

    Args:
        devices: the indices to listen to, as in the newest list.
        on_levels: called with the level of each index, from a thread of ours.
    """

    def __init__(
        self, devices: Sequence[int], on_levels: Callable[[Mapping[int, Level]], None]
    ) -> None:
        self._on_levels = on_levels
        self._closed = False
        self._child = start_child({"do": "meter", "devices": list(devices)})
        threading.Thread(target=self._hear, name="hear-meters", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the devices. Idempotent."""
        if not self._closed:
            self._closed = True
            end_child(self._child)

    def _hear(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in cast("IO[bytes]", self._child.stdout):
                answer = json.loads(line)
                found = {
                    int(index): Level(peak, loudness, zeros)
                    for index, (peak, loudness, zeros) in answer.get("levels", {}).items()
                }
                for index, text in answer.get("errors", {}).items():
                    found[int(index)] = Level(error=one_line(text))
                if not self._closed and found:
                    self._on_levels(found)


def start_child(order: dict[str, Any], *, give: int | None = None) -> subprocess.Popen[bytes]:
    """Start the child that talks to PortAudio; `give`: a descriptor it shall have, too.

    Raises `RecordingError`.
    """
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-c", _START, _ROOT, json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=() if give is None else (give,),
            start_new_session=True,
            cwd="/",
            bufsize=0,
            env=child_environment(),
        )
    except OSError as error:
        raise RecordingError(
            f"the sound system could not be asked: {error.strerror}", hint="Close some programs"
        ) from None


def read_answer(child: subprocess.Popen[bytes], seconds: float) -> dict[str, Any]:
    """Return the child's next line. Raises its `RecordingError`, or that it does not answer."""
    output = cast("IO[bytes]", child.stdout)
    ready, _, _ = select.select([output], [], [], seconds)
    line = output.readline() if ready else b""
    if not line:
        what = "the sound system does not answer" if not ready else "the sound system failed"
        raise RecordingError(what, hint="Restart it (PulseAudio, PipeWire), then try again")
    answer: dict[str, Any] = json.loads(line)
    if "error" in answer:
        told = answer["error"]
        raise RecordingError(told["what"], where=told["where"], hint=told["hint"])
    return answer


def end_child(child: subprocess.Popen[bytes]) -> None:
    """End the child at once. Idempotent."""
    child.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(2.0)
    for pipe in (child.stdin, child.stdout):
        with contextlib.suppress(OSError, ValueError):
            cast("IO[bytes]", pipe).close()
