"""One tree of errors. Each says what is wrong, where, and what to do, in one clear sentence.

Callers may also catch the built-in class that fits: a missing file is a `FileNotFoundError`,
bad sound or configuration a `ValueError`, a failed stage a `RuntimeError`.
"""

from __future__ import annotations

import errno
import os
from typing import Any

from omoai_engine.text import one_line, shown_path

CHECK_DISK = "Check the disk or connection"
"""What to do about a disk that does not answer."""


class OmoAIError(Exception):
    """Base of every error the engine raises on purpose.

    Args:
        what: what is wrong, without a full stop.
        where: file, setting or device concerned, if one can be named.
        hint: what the person can do about it.
    """

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        self.what = one_line(what).rstrip(".")
        self.where = one_line(where) if where else None
        self.hint = one_line(hint).rstrip(".") if hint else None
        super().__init__(self.what)

    def __str__(self) -> str:
        sentence = f"{self.where}: {self.what}" if self.where else self.what
        return f"{sentence}. {self.hint}." if self.hint else f"{sentence}."

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions cross process borders; keyword-only arguments need help there.
        return _rebuild, (type(self), self.__dict__.copy())


def _rebuild(kind: type[OmoAIError], state: dict[str, Any]) -> OmoAIError:
    error = kind.__new__(kind)
    Exception.__init__(error, state.get("what", ""))
    error.__dict__.update(state)
    return error


class AudioInputError(OmoAIError, ValueError):
    """The sound that was given cannot be used."""


class AudioNotFoundError(AudioInputError, FileNotFoundError):
    """There is no such file."""


class AudioTooLongError(AudioInputError):
    """The sound is longer than the configured limit."""


class ConfigError(OmoAIError, ValueError):
    """A setting is unknown or has a value that cannot be used."""


class DiskSilentError(OmoAIError, TimeoutError):
    """The disk of the file or folder `path` gave no answer for so many seconds."""

    def __init__(self, seconds: float, path: os.PathLike[str] | str | None = None) -> None:
        super().__init__(
            f"its disk did not answer within {seconds:g} seconds",
            where=None if path is None else shown_path(path),
            hint=CHECK_DISK,
        )
        # As the system's own errors have it.
        self.errno, self.strerror = errno.ETIMEDOUT, self.what
        self.filename = None if path is None else os.fspath(path)


class ModelError(OmoAIError):
    """A model cannot be used."""


class ModelNotFoundError(ModelError, FileNotFoundError):
    """A model is not installed; the hint says how to get it."""


class ModelCorruptError(ModelError, ValueError):
    """A model's files are not what they should be; names the first difference."""


class LanguageModelError(ModelError, RuntimeError):
    """A language model cannot be loaded or reached, or it failed as a whole."""


class RecordingError(OmoAIError, RuntimeError):
    """Sound cannot be recorded or played, or a recording cannot be used."""


class LibraryError(OmoAIError):
    """The library cannot be opened, read or written."""


class NotInLibraryError(LibraryError, LookupError):
    """There is no such transcript, segment or step in the library."""


class EditError(OmoAIError, ValueError):
    """An edit cannot be made as it was asked for."""


class ExportError(OmoAIError):
    """A result cannot be written."""


class TranscriptFormatError(OmoAIError, ValueError):
    """A file is not a transcript that can be read."""


class WorkerDiedError(OmoAIError, RuntimeError):
    """A child process of the engine ended without having been asked to."""


class ShortageError(OmoAIError, RuntimeError):
    """The machine does not give what the work needs: memory, processes, files, room, a right."""


class StageError(OmoAIError, RuntimeError):
    """A stage of the pipeline failed.

    Attributes:
        stage: `preprocessing`, `model_loading`, `asr` or `postprocessing`.
        partial: a `PipelineResult` with everything that was finished before the failure.
    """

    def __init__(
        self,
        what: str,
        *,
        stage: str,
        partial: object = None,
        where: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.stage = stage
        self.partial = partial


class CancelledError(OmoAIError):
    """The work was cancelled on request; raised inside stages, never past the pipeline."""
