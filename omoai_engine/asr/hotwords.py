"""A person's names and phrases: from the configuration, or from a file, one a line.

In: the setting. Out: cleaned phrases in their order, each once. Whether a model can write them
is found out later, by the recogniser.
"""

from __future__ import annotations

from pathlib import Path

from omoai_engine.errors import ConfigError, DiskSilentError
from omoai_engine.far_files import read_file
from omoai_engine.silent_places import ask_for_place
from omoai_engine.text import one_line, shown_path

SETTING = "asr.hotwords"
_LARGEST_FILE = 1 << 20  # bytes
_MOST = 5000
_LONGEST = 100  # letters


def read_hotwords(given: tuple[str, ...] | Path) -> tuple[str, ...]:
    """Return the phrases; empty lines and lines that begin with # are left out.

    Raises `ConfigError` when the file cannot be read or holds no list of phrases.
    """
    where = SETTING
    lines: tuple[str, ...] | list[str]
    if isinstance(given, Path):
        where = shown_path(given)
        lines = [line for line in _read(given).splitlines() if not line.lstrip().startswith("#")]
    else:
        lines = given
    phrases = tuple(dict.fromkeys(phrase for line in lines if (phrase := one_line(line))))
    if len(phrases) > _MOST:
        raise ConfigError(
            f"{len(phrases)} hotwords are too many; at most {_MOST}",
            where=where,
            hint="Keep the names that are confused",
        )
    for phrase in phrases:
        if len(phrase) > _LONGEST:
            raise ConfigError(
                f"a hotword is longer than {_LONGEST} letters: {phrase[:40]!r}",
                where=where,
                hint="Give one name or phrase a line",
            )
    return phrases


def _read(path: Path) -> str:
    where, hint = shown_path(path), f"Correct {SETTING} or create the file: one phrase a line"
    try:
        ask_for_place(path.expanduser())  # a job reads it more than once, and waits once
        content = read_file(path.expanduser(), _LARGEST_FILE + 1)
    except DiskSilentError as error:
        raise ConfigError(error.what, where=error.where, hint=error.hint) from None
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"the file of hotwords cannot be read: {reason}", where=where, hint=hint
        ) from None
    if len(content) > _LARGEST_FILE:
        raise ConfigError("the file of hotwords is larger than 1 MiB", where=where, hint=hint)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"the file of hotwords is not UTF-8 at byte {error.start}", where=where, hint=hint
        ) from None
