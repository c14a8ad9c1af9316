"""A person's own words and names, for the recogniser to prefer: a file with one a line.

The file is the one that `asr.hotwords` names; where it names none, words go into
`hotwords.txt` beside the configuration file, and the setting is added there. Nothing that stands
in either file is changed; what is new is on the disk when a call returns.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from omoai_engine.asr.hotwords import read_hotwords
from omoai_engine.config import OmoAIConfig, config_path, read_config_file
from omoai_engine.errors import ConfigError
from omoai_engine.private_folders import make_private_folder
from omoai_engine.text import one_line, shown_path

FILE_NAME = "hotwords.txt"


def add_hotword(config: OmoAIConfig, phrase: str) -> Path | None:
    """Add a name or phrase; return the file that holds it now, `None` where it was known already.

    Raises `ConfigError` where the words stand as a list in the configuration, or a file cannot
    be written.
    """
    new = one_line(phrase)
    if not new or new.startswith("#"):
        raise ConfigError("there is no word to add", hint="Choose a word")
    given = config.asr.hotwords
    if new in read_hotwords(given):
        return None
    if isinstance(given, Path):
        path = given.expanduser()
        read_hotwords((new,))
        _append(path, new)
        return path
    if given:
        raise ConfigError(
            f"asr.hotwords is a list, and {new!r} cannot be added to it from here",
            where=shown_path(config_path()),
            hint="Add it there, or let asr.hotwords name a file with one word a line",
        )
    read_hotwords((new,))
    path = config_path().absolute().parent / FILE_NAME
    if not path.exists() or new not in read_hotwords(path):
        _append(path, new)
    _name(path)
    return path


def _append(path: Path, phrase: str) -> None:
    try:
        make_private_folder(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            broken = size and os.pread(descriptor, 1, size - 1) != b"\n"
            row = f"{phrase}\n".encode()
            os.write(descriptor, b"\n" + row if broken else row)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise ConfigError(
            f"the word cannot be written: {error.strerror}",
            where=shown_path(path),
            hint="Check the file's permissions",
        ) from None


def _name(path: Path) -> None:
    """Let the configuration file name the words, by adding one line to it."""
    file = config_path()
    tables = read_config_file(file, required=False)
    line = f"hotwords = {_quoted(str(path))}"
    try:
        old = file.read_text("utf-8-sig") if file.exists() else ""
        rows = old.splitlines()
        if "asr" not in tables:
            rows += [*([""] if rows else []), "[asr]", line]
        else:
            at = next((n for n, row in enumerate(rows) if _opens_asr(row)), None)
            if at is None:
                raise ConfigError(
                    "its [asr] settings are written in a way that cannot be added to from here",
                    where=shown_path(file),
                    hint=f"Add there: {line}",
                )
            rows.insert(at + 1, line)
        _replace(file, "\n".join(rows) + "\n")
    except OSError as error:
        raise ConfigError(
            f"the setting cannot be written: {error.strerror}",
            where=shown_path(file),
            hint=f"Add it yourself, under [asr]: {line}",
        ) from None
    read_config_file(file, required=True)


def _opens_asr(row: str) -> bool:
    return row.partition("#")[0].replace(" ", "").strip() == "[asr]"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all; it keeps its mode."""
    target = path.resolve()
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
    descriptor, beside = tempfile.mkstemp(dir=target.parent, prefix=".omoai-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(beside).replace(target)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
