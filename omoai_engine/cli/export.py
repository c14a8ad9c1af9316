"""`omoai export ID|FILE ... -f srt,docx -o FOLDER`: transcripts into other formats.

A transcript is a number of the library, or a file that OmoAI or another program wrote. A format
that fails never stops the others.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from omoai_engine.cli.console import Parser, error_line, say, write_text
from omoai_engine.cli.exits import ExitCode, combined
from omoai_engine.cli.outputs import FileExistsAlreadyError, is_usage, make_folder, plan_targets
from omoai_engine.errors import NotInLibraryError, OmoAIError, TranscriptFormatError
from omoai_engine.silent_places import ask_for_place
from omoai_engine.text import shown_path

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig
    from omoai_engine.export import ExportOptions
    from omoai_engine.results import PipelineResult

_DESCRIPTION = """\
Write transcripts in other formats.

A transcript is a number of `omoai library list`, or a JSON, SRT or WebVTT file. With -o every
format becomes a file STEM.FORMAT there; without it, one text format goes to standard output."""

_EPILOG = """\
examples:
  omoai export 12 -f srt,docx -o out
  omoai export talk.json -f vtt
  omoai export 12 -f html --audio -o out

exit codes: 0 done; 1 a format could not be written (the others are); 2 wrong usage, no such
transcript, or a file that exists already"""


def export(arguments: list[str]) -> int:
    """Run `omoai export` with `arguments`; return the exit code."""
    from omoai_engine.export import FORMATS

    parser = Parser("omoai export", _DESCRIPTION, _EPILOG)
    parser.add_argument("what", nargs="+", metavar="ID|FILE", help="a transcript")
    parser.add_argument(
        "-f", "--format", metavar="LIST", default="txt", help=f"{', '.join(FORMATS)}; with commas"
    )
    parser.add_argument("-o", "--output", metavar="FOLDER", help="write files there")
    parser.add_argument("--overwrite", action="store_true", help="replace files that exist")
    parser.add_argument("--timestamps", action="store_true", help="txt: times of paragraphs")
    parser.add_argument("--width", metavar="N", type=int, help="txt: wrap lines at N letters")
    parser.add_argument("--audio", action="store_true", help="html: put the recording into it")
    parsed = parser.parse_args(arguments)
    formats = list(dict.fromkeys(n.strip().lower() for n in parsed.format.split(",") if n.strip()))
    for name in formats:
        if name not in FORMATS:
            parser.error(f"there is no format {name!r}; there are {', '.join(FORMATS)}")
    if not formats:
        parser.error("-f names no format")
    folder = Path(parsed.output) if parsed.output else None
    if folder is not None:
        ask_for_place(folder)
    if folder is None and (len(formats) > 1 or len(parsed.what) > 1 or FORMATS[formats[0]].binary):
        parser.error("several files, or a format that is no text, need -o FOLDER")

    from omoai_engine.config import load_config

    table: dict[str, object] = {}
    if parsed.width is not None:
        table["text_columns"] = parsed.width
    config = load_config(**({"export": table} if table else {}))
    if folder is not None:
        make_folder(folder)
    codes = []
    stems = [f"{name}.x" if _number(name) is not None else name for name in parsed.what]
    for name, target in zip(parsed.what, plan_targets(stems, folder), strict=True):
        try:
            result, audio = _read(config, name)
            options = _options(config, parsed.timestamps, audio if parsed.audio else None)
            if target.stem is None:
                from omoai_engine.export import render

                write_text(render(result, formats[0], options))
                codes.append(ExitCode.DONE)
            else:
                codes.append(_write(result, target.stem, formats, parsed.overwrite, options))
        except OmoAIError as error:
            error_line(str(error))
            usage = isinstance(error, NotInLibraryError | TranscriptFormatError) or is_usage(error)
            codes.append(ExitCode.USAGE if usage else ExitCode.FAILED)
    return combined(codes)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _read(config: OmoAIConfig, name: str) -> tuple[PipelineResult, Path | None]:
    """Return the transcript that `name` means, and its recording if that is known."""
    number = _number(name)
    if number is None:
        from omoai_engine.library.imports import read_transcript

        return read_transcript(Path(name)), None
    from omoai_engine.library import Library

    with Library.open(config) as library:
        return library.result(number), library.audio_file(number)


def _options(config: OmoAIConfig, timestamps: bool, audio: Path | None) -> ExportOptions:
    from omoai_engine.export import options_from

    return options_from(config.export, timestamps=timestamps, audio=audio)


def _write(
    result: PipelineResult,
    stem: Path,
    formats: list[str],
    overwrite: bool,
    options: ExportOptions,
) -> ExitCode:
    from omoai_engine.export import write_all

    codes = []
    for outcome in write_all(result, stem, formats, overwrite=overwrite, options=options):
        if outcome.error is None:
            say(shown_path(outcome.path))
            codes.append(ExitCode.DONE)
            continue
        error_line(str(outcome.error))
        exists = outcome.path.exists() and not overwrite
        usage = exists or isinstance(outcome.error, FileExistsAlreadyError)
        codes.append(ExitCode.USAGE if usage else ExitCode.FAILED)
    return combined(codes)
