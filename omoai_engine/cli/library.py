"""`omoai library ...`: the transcripts that are kept, found, mended, brought in and out."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omoai_engine.cli import library_changes
from omoai_engine.cli.console import Parser, error_line, say, write_text
from omoai_engine.cli.exits import ExitCode
from omoai_engine.cli.library_changes import entry_line
from omoai_engine.durations import clock
from omoai_engine.errors import (
    DiskSilentError,
    EditError,
    NotInLibraryError,
    TranscriptFormatError,
)
from omoai_engine.text import counted, one_line, shown_path

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig
    from omoai_engine.library import Library

_DESCRIPTION = """\
The library of transcripts on this machine.

Searching: every word must occur in a segment. A word without marks finds all that read so
("tieng viet" finds "tiếng Việt"), a word with marks finds itself. "two words" in quotation marks
stand together, begin* finds beginnings."""
_EPILOG = """\
exit codes: 0 done; 1 it failed, nothing was found, or something is damaged; 2 wrong usage or no
such transcript"""


def library(arguments: list[str]) -> int:
    """Run `omoai library` with `arguments`; return the exit code."""
    if arguments[:1] == ["export"]:
        from omoai_engine.cli.export import export

        return export(arguments[1:])
    parsed = _parser().parse_args(arguments)

    from omoai_engine.config import load_config
    from omoai_engine.library import Library

    config = load_config()
    try:
        with Library.open(config) as opened:
            run: Callable[[Library, OmoAIConfig, argparse.Namespace], int] = parsed.run
            return run(opened, config, parsed)
    except (NotInLibraryError, EditError, TranscriptFormatError) as error:
        error_line(str(error))
        return ExitCode.USAGE


class _SubParser(Parser):
    def __init__(self, **options: Any) -> None:
        super().__init__(options["prog"], options.get("help") or "")


def _parser() -> Parser:
    parser = Parser("omoai library", _DESCRIPTION, _EPILOG)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_SubParser)

    def command(name: str, run: Callable[..., int], text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text)
        made.set_defaults(run=run)
        return made

    listing = command("list", _list, "transcripts, newest first")
    listing.add_argument("--tag")
    listing.add_argument("--title", help="a part of the title, with or without marks")
    listing.add_argument("--state", choices=("finished", "interrupted", "failed", "recording"))
    listing.add_argument("--limit", type=_count, metavar="N")
    listing.add_argument("--deleted", action="store_true", help="what was deleted")
    listing.add_argument("--json", action="store_true")
    showing = command("show", _show, "one transcript, with what a person changed")
    showing.add_argument("id", type=_id)
    showing.add_argument("--diff", action="store_true", help="only what differs from the original")
    searching = command("search", _search, "find words in every transcript")
    searching.add_argument("query", nargs="+")
    searching.add_argument("--limit", type=_count, default=50, metavar="N")
    searching.add_argument("--json", action="store_true")
    commands.add_parser("export", help="the same as `omoai export`")
    bringing = command("import", _import, "SRT, WebVTT, JSON or text, for review")
    bringing.add_argument("files", nargs="+", metavar="FILE")
    bringing.add_argument(
        "--audio",
        metavar="FILE",
        help="the recording of the transcript; else the one beside it of the same name",
    )
    for name, run, text in (
        ("delete", library_changes.delete, "delete transcripts; `restore` brings them back"),
        ("restore", library_changes.restore, "bring deleted transcripts back"),
    ):
        acting = command(name, run, text)
        acting.add_argument("id", type=_id, nargs="+")
        if name == "delete":
            acting.add_argument("--yes", action="store_true", help="do not ask")
    verifying = command("verify", _verify, "read everything and say what is damaged or missing")
    verifying.add_argument("--repair", action="store_true", help="write the search index anew")
    for name, run, text in (
        ("edit", library_changes.edit, "edit a transcript in $EDITOR, keeping its times"),
        ("undo", library_changes.undo, "take the last edit of a transcript back"),
        ("redo", library_changes.undo, "make it again"),
    ):
        command(name, run, text).add_argument("id", type=_id)
    renaming = command("rename", library_changes.rename, "give a transcript another title")
    renaming.add_argument("id", type=_id)
    renaming.add_argument("title")
    tagging = command("tag", library_changes.tag, "add tags to a transcript")
    tagging.add_argument("id", type=_id)
    tagging.add_argument("names", nargs="+", metavar="TAG")
    tagging.add_argument("--remove", action="store_true", help="take them away")
    return parser


def _id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of `omoai library list`")
    return int(text)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def _list(library: Library, _config: OmoAIConfig, parsed: argparse.Namespace) -> int:
    entries = library.entries(
        limit=parsed.limit,
        tag=parsed.tag,
        title=parsed.title,
        state=parsed.state,
        deleted=parsed.deleted,
    )
    if parsed.json:
        rows = [{**asdict(entry), "metadata": dict(entry.metadata)} for entry in entries]
        write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
        return ExitCode.DONE
    if not entries:
        say("Nothing is deleted." if parsed.deleted else "The library holds nothing of this kind.")
    write_text("".join(entry_line(entry) + "\n" for entry in entries))
    return ExitCode.DONE


def _show(library: Library, _config: OmoAIConfig, parsed: argparse.Namespace) -> int:
    if parsed.diff:
        lines = [
            f"{clock(one.start)}  -{one.before}  +{one.after}" for one in library.diff(parsed.id)
        ]
        write_text("".join(f"{line}\n" for line in lines))
        return ExitCode.DONE
    from omoai_engine.export import ExportOptions, render

    say(entry_line(library.entry(parsed.id)))
    write_text(render(library.result(parsed.id), "txt", ExportOptions(timestamps=True)))
    return ExitCode.DONE


def _search(library: Library, _config: OmoAIConfig, parsed: argparse.Namespace) -> int:
    # Two words in one argument were quoted for the shell, not for us.
    page = library.search(" ".join(parsed.query), limit=parsed.limit)
    if page.loosened:
        say("Nothing has these marks; found without them:")
    if parsed.json:
        rows = [asdict(hit) for hit in page.hits]
        write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
    else:
        write_text(
            "".join(
                f"{hit.entry:>6}  {clock(hit.start):>8}  {one_line(hit.title)}: {hit.snippet()}\n"
                for hit in page.hits
            )
        )
    if page.more:
        say("There is more; give --limit.")
    return ExitCode.DONE if page.hits else ExitCode.FAILED


def _import(library: Library, config: OmoAIConfig, parsed: argparse.Namespace) -> int:
    from omoai_engine.far_files import is_file
    from omoai_engine.library.companions import import_file, sound_beside

    if parsed.audio and len(parsed.files) > 1:
        error_line("--audio belongs to one FILE. See: omoai library import --help")
        return ExitCode.USAGE
    if parsed.audio and not is_file(parsed.audio):
        error_line(f"there is no recording {shown_path(parsed.audio)}. Check its name")
        return ExitCode.USAGE
    code = ExitCode.DONE
    for name in parsed.files:
        path = Path(name).absolute()
        try:
            audio = Path(parsed.audio).absolute() if parsed.audio else sound_beside(path)
            entry, result = import_file(
                library, path, audio, keep_audio=config.library.audio == "copy"
            )
        except (TranscriptFormatError, DiskSilentError) as error:
            error_line(str(error))
            code = ExitCode.USAGE
            continue
        mended = result.metadata.get("mended")
        note = ""
        if mended and isinstance(mended, int):  # a file from outside may say anything
            note = f" (the times of {counted(mended, 'segment')} were mended)"
        if result.metadata.get("times_guessed"):
            note += " (it has no times of its own: they are guessed)"
        beside = f", with {shown_path(audio)}" if audio else ""
        say(f"{shown_path(name)}: {counted(len(result.segments), 'segment')}{beside}{note}")
        write_text(f"{entry}\n")
    return code


def _verify(library: Library, _config: OmoAIConfig, parsed: argparse.Namespace) -> int:
    if parsed.repair:
        library.rebuild_index()
        say("The search index was written anew.")
    problems = library.verify()
    lines = []
    for problem in problems:
        where = f"transcript {problem.entry}: " if problem.entry is not None else ""
        mark = "DAMAGED" if problem.serious else "note   "
        lines.append(f"{mark}  {where}{one_line(problem.what)}. {problem.hint}.\n")
    write_text("".join(lines))
    if not problems:
        say(f"Everything is as it should be: {counted(library.count(), 'transcript')}.")
    return ExitCode.FAILED if any(problem.serious for problem in problems) else ExitCode.DONE
