"""The decoder child: reads a sound file from standard input, writes frames (see `wire`) to its
standard output, and ends. Started by `process`; never imported by the parent.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from omoai_engine.audio import SAMPLE_RATE_HZ
from omoai_engine.preprocess.confine import INPUT, OUTPUT, confine, stand_alone
from omoai_engine.preprocess.ffmpeg import Log, SoundTrack, check_rate
from omoai_engine.preprocess.mixing import Mixer, Repair
from omoai_engine.preprocess.opening import named_on, open_regular
from omoai_engine.preprocess.readers import FileReader, Reader, Spool
from omoai_engine.preprocess.wire import (
    BLOCK_SAMPLES,
    HEAD,
    Kind,
    Refused,
    Request,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Codecs pad; a file of exactly the allowed length must pass.
_TOLERANCE_SECONDS = 0.1
# Speech takes more than this in any codec. A header that claims hours in less is not believed:
# what is decoded then decides whether the recording is too long.
_LEAST_BYTES_A_SECOND = 500
# Less than this missing at the end is padding, not damage.
_EARLY_SECONDS = 1.0


class Sender:
    """Writes frames; ends the process quietly when nobody listens any more."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def send(self, kind: Kind, content: bytes) -> None:
        """Write one frame, waiting while the pipe is full."""
        rest = memoryview(HEAD.pack(kind, len(content)) + content)
        try:
            while rest:
                rest = rest[os.write(OUTPUT, rest) :]
        except OSError:
            os._exit(0)

    def send_json(self, kind: Kind, value: Any) -> None:
        """Write one frame of JSON."""
        self.send(kind, json.dumps(value).encode())

    def say(self, topic: str, sentence: str) -> None:
        """Send a notice, once a topic."""
        if topic not in self._said:
            self._said.add(topic)
            self.send_json(Kind.NOTICE, sentence)


def serve(request: Request, sender: Sender, log: Log) -> None:
    """Do what was asked. Raises `Refused`, `MemoryError` or `OSError`."""
    reader: Reader
    if request.spool:
        reader = Spool(INPUT, request.max_stream_bytes)
    else:
        reader = FileReader(INPUT, request.offset)
    size, changed_ns = reader.size, reader.changed_ns
    if not size:
        raise Refused("the file is empty (0 bytes)", "Copy it again from where it came")
    track = SoundTrack(reader, log)
    if track.info["sample_rate_hz"]:
        check_rate(track.info["sample_rate_hz"])
    duration = track.info["duration"]
    believable = duration and size >= duration * _LEAST_BYTES_A_SECOND
    if believable and not track.info["duration_is_estimate"] and not request.probe:
        refuse_too_long(duration, request.max_duration)
    sender.send_json(Kind.INFO, {**track.info, "size_bytes": size, "changed_ns": changed_ns})
    for notice in track.notices:
        sender.say(notice, notice)
    if request.probe:
        sender.send_json(Kind.END, {})
        return
    samples = Decoding(track, request, sender, log).run()
    if (reader.size, reader.changed_ns) != (size, changed_ns):
        sender.say("changed", "the file was changed while it was read: transcribe it once more")
    sender.send_json(Kind.END, {"samples": samples})


def refuse_too_long(seconds: float, limit: float) -> None:
    """Raise `Refused` when there is more sound than is allowed."""
    if seconds > limit + _TOLERANCE_SECONDS:
        raise Refused(
            f"the recording is longer than {clock(limit)}",
            "Cut it into parts, or raise audio.max_duration",
            reason="too_long",
        )


class Decoding:
    """Decodes one track into blocks and keeps the books of what was damaged."""

    def __init__(self, track: SoundTrack, request: Request, sender: Sender, log: Log) -> None:
        self._track, self._request, self._sender, self._log = track, request, sender, log
        self._sent = 0
        self._pending: list[NDArray[np.float32]] = []
        self._pending_samples = 0
        self._mixer = Mixer(0, sender.say)
        self._damaged = 0
        self._first_damage = 0.0
        self._lost_from: float | None = None
        self._repair = Repair(sender.say)

    @property
    def _seconds(self) -> float:
        return (self._sent + self._pending_samples) / SAMPLE_RATE_HZ

    def run(self) -> int:
        """Send every block; return the samples. Raises `Refused` when there is nothing to send."""
        begin = self._request.begin
        for part in (
            self._track.decode_from(begin, self._note_damage)
            if begin > 0
            else self._track.decode(self._note_damage)
        ):
            self._take(part)
        self._flush()
        if not self._sent:
            raise self._why_nothing()
        self._repair.finish()
        self._mixer.finish()
        if not self._request.begin:
            self._tell_damage()
        return self._sent

    def _why_nothing(self) -> Refused:
        if self._track.decoded_samples:
            return Refused("the recording is only a few samples long", "Choose a longer one")
        what = "no sound could be decoded" if self._damaged else "the file holds no sound"
        return Refused(
            f"{what}{self._log.cause()}",
            "It is damaged or was never finished: copy it again from where it came",
        )

    def _take(self, part: NDArray[np.float32]) -> None:
        if part.shape[1] != self._mixer.channels:
            self._flush()
            self._mixer = Mixer(part.shape[1], self._sender.say)
        self._pending.append(part)
        self._pending_samples += len(part)
        if self._pending_samples >= BLOCK_SAMPLES:
            sound = np.concatenate(self._pending)
            whole = len(sound) - len(sound) % BLOCK_SAMPLES
            for start in range(0, whole, BLOCK_SAMPLES):
                self._send(sound[start : start + BLOCK_SAMPLES])
            self._pending, self._pending_samples = [sound[whole:]], len(sound) - whole

    def _flush(self) -> None:
        if self._pending_samples:
            self._send(np.concatenate(self._pending))
        self._pending, self._pending_samples = [], 0

    def _send(self, sound: NDArray[np.float32]) -> None:
        mono = self._mixer.mix(self._repair.mend(sound))
        refuse_too_long((self._sent + len(mono)) / SAMPLE_RATE_HZ, self._request.max_duration)
        self._sender.send(Kind.SOUND, mono.astype("<f4", copy=False).tobytes())
        self._sent += len(mono)

    def _note_damage(self, rest: bool) -> None:
        if not self._damaged:
            self._first_damage = self._seconds
        self._damaged += 1
        if rest:
            self._lost_from = self._seconds

    def _tell_damage(self) -> None:
        seconds, claimed, say = self._seconds, self._track.claimed, self._sender.say
        # Where the file breaks off, one piece is always broken.
        at_end = 1
        if claimed is not None and claimed - seconds > max(_EARLY_SECONDS, claimed * 0.01):
            say(
                "early",
                f"the file ends early or is damaged: {clock(seconds)} of the {clock(claimed)} "
                "that it claims could be read",
            )
        elif self._lost_from is not None:
            say(
                "early",
                f"the file is damaged: nothing after {clock(self._lost_from)} could be read",
            )
        else:
            at_end = 0
        if self._damaged > at_end:
            many = "a piece" if self._damaged == 1 else f"{self._damaged} pieces"
            say(
                "damage",
                f"the sound is damaged at {clock(self._first_damage)}: {many} had to be left out",
            )


def clock(seconds: float) -> str:
    """Return seconds for people: m:ss or h:mm:ss, or with a tenth where that says more."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _open_named() -> None:
    """Put the file that the parent names in place of the pipe that names it."""
    descriptor = open_regular(named_on(INPUT))
    os.dup2(descriptor, INPUT, inheritable=False)
    os.close(descriptor)


def main() -> None:
    """Run the child; the request is the last argument."""
    request = Request.from_json(sys.argv[-1])
    stand_alone(request)
    sender = Sender()
    enough = True
    try:
        if request.named:
            _open_named()
        enough = confine(request)
        serve(request, sender, Log())
    except Refused as error:
        sender.send_json(
            Kind.ERROR, {"reason": error.reason, "what": error.what, "hint": error.hint}
        )
    except MemoryError:
        what = f"decoding needs more than the {request.memory_mib} MiB that it may take"
        hint = "The file is probably damaged; else raise audio.decoder_memory_mib"
        if not enough:
            what, hint = "memory ran out while decoding", "`ulimit -v` limits it for this account"
        sender.send_json(Kind.ERROR, {"reason": "input", "what": what, "hint": hint})
    except OSError as error:
        what = f"the file could not be read to its end: {error.strerror or error}"
        sender.send_json(
            Kind.ERROR, {"reason": "input", "what": what, "hint": "Check the disk or connection"}
        )
    # Nothing is left to clean up, and freeing every buffer of FFmpeg takes time.
    os._exit(0)
