"""Where results go: files named after the recordings, or standard output.

Two recordings with one stem never share a file: the later one gets a number, which is said. A
file that is there already is refused before any work is done, unless it may be overwritten.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from omoai_engine.cli.console import write_text
from omoai_engine.errors import ExportError, OmoAIError
from omoai_engine.results import PipelineResult
from omoai_engine.text import shown_path

STDIN = "-"
# The formats whose several documents one stream can hold: text under headings, JSON by lines.
STREAMABLE = frozenset({"txt", "json"})
_CONTROLS = re.compile(r"[\x00-\x1f\x7f/]")
_LONGEST_STEM_BYTES = 200


class FileExistsAlreadyError(ExportError):
    """A result would replace a file that nobody said may be replaced."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the results of one recording go: `stem` without its ending; None: standard output.
    `renamed` says why the stem is not the recording's own."""

    source: str
    stem: Path | None
    renamed: str | None = None

    def path(self, name: str) -> Path:
        """Return the file for a format."""
        from omoai_engine.export import exporter

        if self.stem is None:
            raise ValueError("results for standard output have no file")
        return self.stem.with_name(f"{self.stem.name}{exporter(name).suffix}")


def label(source: str) -> str:
    """Return what a recording is called towards people."""
    return "standard input" if source == STDIN else shown_path(Path(source).name or source)


def plan_targets(sources: Sequence[str], folder: Path | None) -> list[Target]:
    """Return where the results of each of `sources` go, in their order."""
    if folder is None:
        return [Target(source, None) for source in sources]
    taken: dict[str, str] = {}
    targets = []
    for source in sources:
        own = _stem(source)
        stem, number = own, 1
        while _key(stem) in taken:
            number += 1
            stem = f"{own}-{number}"
        holder = taken.get(_key(own))
        renamed = (
            f"{label(source)}: written as {shown_path(stem)}, because {shown_path(own)} "
            f"is {shown_path(holder)}"
            if holder is not None
            else None
        )
        taken[_key(stem)] = source
        targets.append(Target(source, folder / stem, renamed))
    return targets


def _stem(source: str) -> str:
    stem = "stdin" if source == STDIN else _CONTROLS.sub("_", Path(source).stem)
    raw = os.fsencode(stem)
    if len(raw) > _LONGEST_STEM_BYTES:
        cut = raw[:_LONGEST_STEM_BYTES]
        # Never in the middle of a letter.
        while cut and (raw[len(cut)] & 0xC0) == 0x80:
            cut = cut[:-1]
        stem = os.fsdecode(cut)
    return stem or "transcript"


def _key(stem: str) -> str:
    # Some file systems fold case and normalise: there `A` and `a` are one file.
    return unicodedata.normalize("NFC", stem).casefold()


def check_free(target: Target, extensions: Sequence[str], *, overwrite: bool) -> None:
    """Raise `FileExistsAlreadyError` when a result of `target` would replace a file."""
    if target.stem is None or overwrite:
        return
    for extension in extensions:
        path = target.path(extension)
        if os.path.lexists(path):
            raise FileExistsAlreadyError(
                "the file exists already",
                where=shown_path(path),
                hint="Give --overwrite to replace it, or -o another folder",
            )


def make_folder(folder: Path) -> None:
    """Create the folder for results. Raises `ExportError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = "it is not a folder" if isinstance(error, FileExistsError) else error.strerror
        raise ExportError(
            f"the folder for the results cannot be made: {what}",
            where=shown_path(folder),
            hint="Give -o another folder",
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ExportError(
            "the folder for the results cannot be written",
            where=shown_path(folder),
            hint="Give -o another folder",
        )


def rescue(result: PipelineResult, source: str) -> Path:
    """Keep a result that could not go where it should, in the user's data folder, as JSON.

    Returns the file. Raises `ExportError` or `OSError` when that fails too.
    """
    import platformdirs

    from omoai_engine.export import free_name, write
    from omoai_engine.private_folders import make_private_folder

    folder = make_private_folder(platformdirs.user_data_path("omoai") / "rescued")
    written = write(result, free_name(folder / f"{_stem(source)}.json"), "json")
    # An export follows the umask; this is none that anybody asked for.
    written.chmod(0o600)
    return written


def write_files(
    result: PipelineResult, target: Target, formats: Sequence[str], *, overwrite: bool
) -> list[Path]:
    """Write every format of `result`; return the files.

    One that fails never stops the others. Raises the `ExportError` of the first that failed,
    after all.
    """
    from omoai_engine.config import get_config
    from omoai_engine.export import options_from, write_all

    if target.stem is None:
        raise ValueError("results for standard output have no file")
    options = options_from(get_config().export)
    written = []
    failed: OmoAIError | None = None
    for outcome in write_all(result, target.stem, formats, overwrite=overwrite, options=options):
        if outcome.error is None:
            written.append(outcome.path)
        else:
            failed = failed or outcome.error
    if failed is not None:
        raise failed
    return written


def print_result(result: PipelineResult, source: str, format_name: str, *, many: bool) -> None:
    """Write `result` to standard output.

    One recording: the document as it is. Several: text under a heading `==> name <==` each,
    JSON as one line each, with the recording's name in `source`.

    Raises `BrokenPipeError`, `ExportError`.
    """
    from omoai_engine.export import render

    text = render(result, format_name)
    if many and format_name == "json":
        document = {"source": shown_path(source), **json.loads(text)}
        text = json.dumps(document, ensure_ascii=False) + "\n"
    elif many:
        text = f"==> {shown_path(source)} <==\n{text}\n"
    write_text(text)


def is_usage(error: OmoAIError) -> bool:
    """Say whether the person can mend `error` by giving something else."""
    from omoai_engine.errors import AudioInputError, ConfigError

    return isinstance(error, AudioInputError | ConfigError | FileExistsAlreadyError)
