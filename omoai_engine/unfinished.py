"""What a job has recognised, kept on the disk until its result is safe, so that it can go on.

In: the events of a running job. Out: `Earlier`, what a run of the same recording with the same
recogniser had recognised when it ended too soon: killed, failed, stopped, or done and its result
not written. One private file (0600) of lines a recording; a line that was cut off is left out.
A disk that cannot be written costs the job nothing but this. Times in seconds.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import math
import os
import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omoai_engine.events import (
    Event,
    LanguageDetected,
    SegmentRecognized,
    SpeechDiscarded,
    StageFinished,
)
from omoai_engine.private_folders import make_private_folder
from omoai_engine.results import ASRSegment, Word
from omoai_engine.text import clean_text, one_line

if TYPE_CHECKING:
    from omoai_engine.asr.choice import RecognizerChoice
    from omoai_engine.config import OmoAIConfig

KEPT_DAYS = 30.0
"""What nobody went on with is removed after so many days."""
_FORMAT = 1
_SYNC_SECONDS = 2.0
_LOOK_SECONDS = 5.0
_MOST_SECONDS = 1e9
# Settings that say how fast, not what is recognised.
_NO_MATTER = {"threads", "device", "isolate", "hotwords"}


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier run recognised: firm segments in order.

    `recognized`: the seconds of the whole recording where all of it was recognised, else `None`;
    `entry`: the number in the library under which the segments are kept, if they are.
    """

    segments: tuple[ASRSegment, ...]
    recognized: float | None = None
    language: LanguageDetected | None = None
    discarded: tuple[SpeechDiscarded, ...] = ()
    entry: int | None = None

    @property
    def end(self) -> float:
        """Where the next words are to be sought, in seconds."""
        return self.segments[-1].end if self.segments else 0.0


class Unfinished:
    """The file of one job. `hear` is for the engine's threads, the rest for the job's own."""

    def __init__(self, descriptor: int, path: Path, earlier: Earlier | None) -> None:
        self._descriptor: int | None = descriptor
        self._path = path
        self._lock = threading.Lock()
        self._synced = time.monotonic()
        self._decoded = False
        self._count = len(earlier.segments) if earlier else 0
        self.earlier = earlier

    @classmethod
    def open(cls, config: OmoAIConfig, source: Path, *, fresh: bool = False) -> Unfinished | None:
        """Open or begin the file for `source`; `None` where there can be none.

        There is none for what is no file on a disk, where another program works on the same
        recording, and where the user's data folder cannot be written. `fresh` forgets what an
        earlier run recognised.
        """
        from omoai_engine.asr.choice import choose_recognizer
        from omoai_engine.errors import OmoAIError

        try:
            choice = choose_recognizer(config)
        except OmoAIError:
            return None  # The job says it itself.
        named = _named(source, choice)
        if named is None:
            return None
        try:
            folder = make_private_folder(_folder())
            _forget_old(folder)
            path = folder / f"{named}.jsonl"
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            earlier, length = (None, 0) if fresh else _read(descriptor)
            os.ftruncate(descriptor, length)
            os.lseek(descriptor, 0, os.SEEK_END)
        except OSError:
            os.close(descriptor)
            return None
        opened = cls(descriptor, path, earlier)
        if not length:
            opened._write({"format": _FORMAT})
        return opened

    @property
    def has_words(self) -> bool:
        """Say whether another run could go on from here: closed, and not done."""
        return self._descriptor is None and self._path.exists()

    def hear(self, event: Event) -> None:
        """Keep what is firm."""
        if isinstance(event, SegmentRecognized):
            if event.index >= self._count:
                self._count = event.index + 1
                self._write({"segment": _packed(event.segment)})
        elif isinstance(event, LanguageDetected):
            self._write({"language": asdict(event)})
        elif isinstance(event, SpeechDiscarded):
            self._write({"discarded": asdict(event)})
        elif isinstance(event, StageFinished) and event.stage == "preprocessing":
            self._decoded = True
        elif isinstance(event, StageFinished) and event.stage == "asr" and self._decoded:
            self._write({"recognized": event.audio}, sync=True)

    def note_entry(self, entry: int) -> None:
        """Note under which number the library keeps the segments."""
        self._write({"entry": entry}, sync=True)

    def close(self, *, done: bool) -> None:
        """Let go; `done`: the result is safe, and nothing is to be gone on with. Idempotent."""
        with self._lock:
            descriptor, self._descriptor = self._descriptor, None
            if descriptor is None:
                return
            with contextlib.suppress(OSError):
                if done or not self._count:
                    self._path.unlink(missing_ok=True)
                else:
                    os.fsync(descriptor)
            os.close(descriptor)

    def _write(self, line: dict[str, Any], *, sync: bool = False) -> None:
        data = json.dumps(line, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            if self._descriptor is None:
                return
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
            except OSError:
                # What is there so far stays; no line may follow one that was cut off.
                os.close(self._descriptor)
                self._descriptor = None
                return
            # Killed, nothing is lost even so; only where the machine itself goes down.
            if sync or time.monotonic() - self._synced > _SYNC_SECONDS:
                self._synced = time.monotonic()
                with contextlib.suppress(OSError):
                    os.fsync(self._descriptor)


def _folder() -> Path:
    import platformdirs

    return platformdirs.user_data_path("omoai").absolute() / "unfinished"


def _named(source: Path, choice: RecognizerChoice) -> str | None:
    """Return the name for the recording as it is now and what recognises it."""
    looked: list[os.stat_result] = []

    def look() -> None:
        with contextlib.suppress(OSError, ValueError):
            looked.append(source.stat())

    # A network folder may keep whoever looks at it waiting for ever.
    thread = threading.Thread(target=look, name="look-at-input", daemon=True)
    thread.start()
    thread.join(_LOOK_SECONDS)
    if not looked or not stat.S_ISREG(looked[0].st_mode):
        return None
    parts = (
        os.fsencode(source.absolute()).hex(),
        looked[0].st_size,
        looked[0].st_mtime_ns,
        choice.engine,
        choice.model,
        os.fsencode(choice.folder).hex(),
        choice.settings.model_dump(mode="json", exclude=_NO_MATTER),
        choice.hotwords,
    )
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _forget_old(folder: Path) -> None:
    before = time.time() - KEPT_DAYS * 86_400
    for path in folder.glob("*.jsonl"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < before:
                path.unlink()


def _read(descriptor: int) -> tuple[Earlier | None, int]:
    """Return what the file holds and how many of its bytes make sense."""
    with os.fdopen(os.dup(descriptor), "rb") as file:
        data = file.read()
    segments: list[ASRSegment] = []
    discarded: list[SpeechDiscarded] = []
    language, recognized, entry = None, None, None
    length = 0
    for line in _whole_lines(data):
        try:
            content = json.loads(line)
            ((kind, value),) = content.items()
            if kind == "segment":
                segments.append(_unpacked(value))
            elif kind == "language":
                language = LanguageDetected(
                    one_line(str(value["language"])), _share(value["probability"])
                )
            elif kind == "discarded":
                span = _span(value["start"], value["end"])
                told = (clean_text(str(value[name])) for name in ("text", "reason"))
                discarded.append(SpeechDiscarded(*span, *told))
            elif kind == "recognized":
                _, recognized = _span(0.0, value)
            elif kind == "entry":
                entry = int(value)
            elif content != {"format": _FORMAT}:
                break
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
            break  # what follows is recognised again
        length += len(line)
    if not segments:
        return None, 0
    return Earlier(tuple(segments), recognized, language, tuple(discarded), entry), length


def _whole_lines(data: bytes) -> Iterator[bytes]:
    return (line for line in data.splitlines(keepends=True) if line.endswith(b"\n"))


def _packed(segment: ASRSegment) -> list[Any]:
    words = [
        [word.start, word.end, word.text, word.confidence, word.alternatives]
        for word in segment.words
    ]
    return [segment.start, segment.end, segment.text, segment.confidence, words]


def _unpacked(value: list[Any]) -> ASRSegment:
    start, end, text, confidence, words = value
    return ASRSegment(
        *_span(start, end),
        clean_text(str(text)),
        None if confidence is None else _share(confidence),
        tuple(
            Word(
                *_span(begins, ends),
                clean_text(str(word)),
                None if sure is None else _share(sure),
                tuple((clean_text(str(other)), _share(likely)) for other, likely in others),
            )
            for begins, ends, word, sure, others in words
        ),
    )


def _span(start: object, end: object) -> tuple[float, float]:
    """Return two times in order, in seconds; raises `ValueError` for what is none."""
    first, last = float(start), float(end)  # type: ignore[arg-type]
    if not (-_MOST_SECONDS < first < _MOST_SECONDS and -_MOST_SECONDS < last < _MOST_SECONDS):
        raise ValueError("no times")
    first = max(0.0, first)
    return first, max(first, last)


def _share(value: object) -> float:
    """Return a number from 0 to 1; raises `ValueError` for what is none."""
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise ValueError("no number")
    return min(1.0, max(0.0, number))
