"""A stretch of a recording, to be heard: cut out, played here, or told how to play elsewhere.

Times are seconds from the beginning of the recording. Playing happens in a child process.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import shlex
import socket
import subprocess
import sys
import threading
import wave
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

from omoai_engine.audio import SAMPLE_RATE_HZ
from omoai_engine.errors import DiskSilentError, RecordingError
from omoai_engine.far_files import FarFile
from omoai_engine.recording.devices import end_child, read_answer, start_child
from omoai_engine.text import shown_path

_ANSWER_SECONDS = 10.0
_LONGEST_SECONDS = 600.0


def clip(path: Path, start: float, end: float) -> bytes:
    """Return the sound from `start` to `end` as a WAV file (PCM16).

    PCM WAV keeps its rate and channels; anything else is decoded to 16 kHz mono. At most ten
    minutes. Raises `RecordingError` for an empty stretch, `AudioInputError` for the file,
    `DiskSilentError`.
    """
    start, end = max(0.0, start), min(end, max(0.0, start) + _LONGEST_SECONDS)
    if not end > start:
        raise RecordingError(
            "there is nothing between these times", where=shown_path(path), hint="Check the times"
        )
    content = _from_wav(path, start, end) or _decoded(path, start, end)
    if content is None:
        raise RecordingError(
            f"the recording ends before {start:g} s", where=shown_path(path), hint="Check the times"
        )
    return content


def _from_wav(path: Path, start: float, end: float) -> bytes | None:
    try:
        with FarFile(path) as file, wave.open(cast("IO[bytes]", file), "rb") as sound:
            if sound.getsampwidth() != 2:
                return None
            rate_hz = sound.getframerate()
            first = round(start * rate_hz)
            if first >= sound.getnframes():
                return None
            sound.setpos(first)
            data = sound.readframes(round(end * rate_hz) - first)
            return _wav(data, rate_hz, sound.getnchannels())
    except DiskSilentError:
        raise
    except (OSError, EOFError, wave.Error):
        return None


def _decoded(path: Path, start: float, end: float) -> bytes | None:
    import numpy as np

    from omoai_engine.preprocess import open_audio

    parts = []
    begin = math.floor(start)
    with open_audio(path, begin=begin) as blocks:
        if blocks.info.duration and begin >= blocks.info.duration + 1.0:
            return None
        for block in blocks:
            if block.end <= start:
                continue
            if block.start >= end:
                break
            low = max(0, round((start - block.start) * SAMPLE_RATE_HZ))
            high = round((end - block.start) * SAMPLE_RATE_HZ)
            parts.append(block.samples[low:high])
    if not parts or not sum(map(len, parts)):
        return None
    samples = np.clip(np.concatenate(parts), -1.0, 1.0)
    return _wav((samples * 32767).astype("<i2").tobytes(), SAMPLE_RATE_HZ, 1)


def _wav(data: bytes, rate_hz: int, channels: int) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(rate_hz)
        sound.writeframes(data)
    return target.getvalue()


class Playback:
    """A clip being played. `stop` and `wait` are for any thread."""

    def __init__(self, content: bytes, device: str | None, on_end: Callable[[], None] | None):
        self._on_end = on_end
        given = _in_memory(content)
        try:
            order = {"do": "play", "device": device, "clip": given}
            self._child: subprocess.Popen[bytes] = start_child(order, give=given)
        finally:
            os.close(given)
        try:
            read_answer(self._child, _ANSWER_SECONDS)
        except BaseException:
            end_child(self._child)
            raise
        self._thread = threading.Thread(target=self._bury, name="bury-playback", daemon=True)
        self._thread.start()

    @property
    def playing(self) -> bool:
        """Whether it is still to be heard."""
        return self._child.poll() is None

    def stop(self) -> None:
        """Be silent at once. Idempotent."""
        with contextlib.suppress(OSError):
            self._child.kill()
        self._thread.join()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end; say whether it came."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _bury(self) -> None:
        self._child.wait()
        end_child(self._child)
        if self._on_end is not None:
            self._on_end()


def play(
    path: Path,
    start: float,
    end: float,
    *,
    device: str | None = None,
    on_end: Callable[[], None] | None = None,
) -> Playback:
    """Play a stretch on the output `device` (None: the default); returns when it sounds.

    Raises `RecordingError`, with what can be done instead, where there is no sound output.
    """
    content = clip(path, start, end)
    try:
        return Playback(content, device, on_end)
    except RecordingError as error:
        raise RecordingError(
            error.what,
            where=error.where,
            hint=f"Export the clip, or run on your own machine: {play_command(path, start, end)}",
        ) from None


def play_command(path: Path, start: float, end: float) -> str:
    """Return the line that plays a stretch on the person's own machine, over SSH."""
    remote = shlex.join(["omoai", "clip", str(path.absolute()), f"{start:.2f}", f"{end:.2f}"])
    user = os.environ.get("USER") or os.environ.get("LOGNAME")
    host = f"{user}@{socket.gethostname()}" if user else socket.gethostname()
    return f"ssh {shlex.quote(host)} {shlex.quote(remote)} | ffplay -nodisp -autoexit -"


def _in_memory(content: bytes) -> int:
    """Return a descriptor that reads `content`; no name on the disk where the system can."""
    if sys.platform == "linux":
        descriptor = os.memfd_create("omoai-clip")
    else:
        import tempfile

        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    rest = memoryview(content)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
    except OSError as error:
        os.close(descriptor)
        raise RecordingError(f"the clip cannot be held: {error.strerror}") from None
    return descriptor
