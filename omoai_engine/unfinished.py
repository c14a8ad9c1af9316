"""What a job has recognised, kept on the disk until its result is safe, so that it can go on.

In: the events of a running job. Out: `Earlier`, what a run of the same recording with the same
recogniser had recognised when it ended too soon: killed, failed, stopped, or done and its result
not written. One private file (0600) of lines a recording; a line that was cut off is left out.
A disk that cannot be written costs the job nothing but this. The file is locked while a program
works on the recording, and what it holds counts only for the very sound it was recognised from.
Times in seconds.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omoai_engine.errors import AudioInputError, DiskSilentError, OmoAIError
from omoai_engine.events import (
    Event,
    JobStarted,
    LanguageDetected,
    SegmentRecognized,
    SpeechDiscarded,
    StageFinished,
)
from omoai_engine.far_files import Looked, look
from omoai_engine.private_folders import make_private_folder
from omoai_engine.text import shown_path
from omoai_engine.unfinished_ages import KEPT_DAYS, forget_old
from omoai_engine.unfinished_lines import FORMAT, Earlier, packed, read_lines

__all__ = ["KEPT_DAYS", "Earlier", "TakenError", "Unfinished"]

if TYPE_CHECKING:
    from omoai_engine.asr.choice import RecognizerChoice
    from omoai_engine.config import OmoAIConfig

_SYNC_SECONDS = 2.0
# Settings that say how fast, not what is recognised.
_NO_MATTER = {"threads", "device", "isolate", "hotwords"}


class TakenError(OmoAIError):
    """Another program transcribes the same recording in the same way."""


class Unfinished:
    """The file of one job. `hear` is for the engine's threads, the rest for the job's own."""

    def __init__(
        self, descriptor: int, path: Path, earlier: Earlier | None, file: tuple[int, int]
    ) -> None:
        self._descriptor: int | None = descriptor
        self._path = path
        self._file = file
        self._lock = threading.Lock()
        self._synced = time.monotonic()
        self._decoded = False
        self._count = len(earlier.segments) if earlier else 0
        self.earlier = earlier

    @classmethod
    def open(
        cls,
        config: OmoAIConfig,
        source: Path,
        *,
        fresh: bool = False,
        check: Callable[[], None] | None = None,
    ) -> Unfinished | None:
        """Open or begin the file for `source`; `None` where there can be none.

        There is none for what is no file on a disk, and where the user's data folder cannot be
        written. `fresh` forgets what an earlier run recognised. `check` raises to give up.

        Raises `TakenError` where another program works on the same recording in the same way,
        `AudioInputError` where the recording's disk does not answer.
        """
        from omoai_engine.asr.choice import choose_recognizer

        try:
            choice = choose_recognizer(config)
        except OmoAIError:
            return None  # The job says it itself.
        looked = _looked_at(source, config.audio.stall_seconds, check)
        if looked is None:
            return None
        file = (looked.size, looked.changed_ns)
        try:
            folder = make_private_folder(_folder())
            name = f"{_named(source, file, choice)}.jsonl"
            forget_old(folder, name, time.time())
            path = folder / name
            descriptor = _locked(path)
        except BlockingIOError:
            raise TakenError(
                "another program is transcribing it",
                where=shown_path(source.name),
                hint="Wait until it has ended, or end it",
            ) from None
        except OSError:
            return None
        try:
            earlier, length = (None, 0) if fresh else read_lines(descriptor, file)
            os.ftruncate(descriptor, length)
            os.lseek(descriptor, 0, os.SEEK_END)
        except OSError:
            os.close(descriptor)
            return None
        opened = cls(descriptor, path, earlier, file)
        if not length:
            opened._write({"format": FORMAT})
        return opened

    @property
    def has_words(self) -> bool:
        """Say whether another run could go on from here: closed, and not done."""
        return self._descriptor is None and self._path.exists()

    def hear(self, event: Event) -> None:
        """Keep what is firm."""
        if isinstance(event, JobStarted):
            if event.file not in (None, self._file):
                # It was exchanged after we looked at it: other sound, which has no file here.
                self._drop()
        elif isinstance(event, SegmentRecognized):
            if event.index >= self._count:
                self._count = event.index + 1
                self._write({"segment": packed(event.segment)})
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

    def _drop(self) -> None:
        """Keep nothing more, and leave what an earlier run kept as it is."""
        with self._lock:
            descriptor, self._descriptor = self._descriptor, None
            if descriptor is None:
                return
            if not self._count:
                self._path.unlink(missing_ok=True)
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


def _looked_at(source: Path, seconds: float, check: Callable[[], None] | None) -> Looked | None:
    """Return what the recording is as a file, `None` where it is none."""
    try:
        looked = look(source, seconds=seconds, check=check)
    except DiskSilentError as error:
        raise AudioInputError(
            error.what,
            where=error.where,
            hint=f"{error.hint}, or raise audio.stall_seconds",
        ) from None
    except OSError:
        return None  # The job says it itself.
    return looked if looked.is_file else None


def _named(source: Path, file: tuple[int, int], choice: RecognizerChoice) -> str:
    """Return the name for the recording as it is now and what recognises it."""
    parts = (
        os.fsencode(source.absolute()).hex(),
        *file,
        choice.engine,
        choice.model,
        os.fsencode(choice.folder).hex(),
        choice.settings.model_dump(mode="json", exclude=_NO_MATTER),
        choice.hotwords,
    )
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _locked(path: Path) -> int:
    """Return a descriptor of the file, which is made where it is missing, that holds its lock.

    Raises `BlockingIOError` where another program holds it, and `OSError`.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever held it may have removed it meanwhile: the lock of a file without a name
            # keeps nobody away.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), path.stat()):
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
