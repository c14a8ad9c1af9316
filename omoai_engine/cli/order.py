"""What `omoai transcribe` was asked for: its options, read and checked before any work.

Wrong usage ends the process with one line and the code for it, as `Parser` does.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omoai_engine.cli.console import Parser
from omoai_engine.cli.exits import EXIT_CODES
from omoai_engine.cli.outputs import STDIN, STREAMABLE, Target, plan_targets
from omoai_engine.far_files import is_file
from omoai_engine.silent_places import ask_for_place

_DESCRIPTION = """\
Turn recordings (sound or video, anything FFmpeg reads) into text.

Without -o the result goes to standard output: the punctuated transcript, or what -f says.
Several recordings then stand under headings (text) or one on a line (JSON); subtitles of
several recordings need -o. Progress goes to standard error."""

_EXAMPLES = """\
examples:
  omoai transcribe talk.mp3
  omoai transcribe --language vi -f txt,srt -o transcripts *.m4a
  ffmpeg -i talk.mkv -f wav - | omoai transcribe - -f json | jq .transcript

"""


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for, checked."""

    targets: list[Target]
    formats: list[str]
    folder: Path | None
    overwrite: bool
    quiet: bool
    overrides: dict[str, dict[str, Any]]
    keep: bool = False
    """Keep the transcripts in the library too."""
    fresh: bool = False
    """Recognise anew what an earlier run left unfinished."""


def parse_order(arguments: list[str]) -> Order:
    """Return what `arguments` ask for."""
    parser = Parser("omoai transcribe", _DESCRIPTION, _EXAMPLES + EXIT_CODES)
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="a recording; - reads it from stdin"
    )
    parser.add_argument(
        "-l", "--language", metavar="CODE", type=_language, help="vi, en, ... or auto (detect it)"
    )
    parser.add_argument(
        "-f", "--format", metavar="LIST", help="txt, json, srt, docx, ...; several with commas"
    )
    parser.add_argument("--json", action="store_true", help="the same as -f json")
    parser.add_argument("-o", "--output", metavar="FOLDER", help="write files there: STEM.FORMAT")
    parser.add_argument("--overwrite", action="store_true", help="replace files that exist")
    parser.add_argument("--quality", choices=("fast", "balanced", "best"), help="speed or accuracy")
    parser.add_argument("--engine", choices=("auto", "whisper", "chunkformer"), help="recogniser")
    parser.add_argument(
        "--model", metavar="NAME", help="a name of `omoai models list`, or a folder"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), help="where to compute")
    parser.add_argument("--threads", metavar="N", type=_threads, help="processor threads; 0: auto")
    parser.add_argument(
        "--hotwords",
        metavar="LIST",
        type=_hotwords,
        help="names to prefer (ChunkFormer), with commas; or a file, one a line",
    )
    parser.add_argument(
        "--template", metavar="NAME", help="what a language model writes; see `omoai templates`"
    )
    parser.add_argument(
        "--punctuation",
        choices=("auto", "model", "rules", "off"),
        help="auto keeps the recogniser's; model and rules write it anew",
    )
    parser.add_argument(
        "--llm", choices=("auto", "vllm", "server", "rules"), help="what writes text, see README"
    )
    parser.add_argument("--no-summary", action="store_true", help="leave the summary out")
    parser.add_argument(
        "--library",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="keep the transcripts in the library too",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="never go on where an earlier run of a file ended"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress, errors only")
    parser.usage = "omoai transcribe [OPTION ...] FILE [FILE ...]"
    # argparse loses what follows `--` when files and options are mixed: cut it off ourselves.
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    parsed = parser.parse_intermixed_args(arguments[:cut])
    parsed.files += arguments[cut + 1 :]
    if not parsed.files:
        parser.error("say which FILE to transcribe")
    if "" in parsed.files or parsed.output == "":
        parser.error("a name is empty")

    formats = _formats(parser, parsed)
    folder = Path(parsed.output) if parsed.output else None
    if folder is not None:
        ask_for_place(folder)
    if parsed.files.count(STDIN) > 1:
        parser.error("- (standard input) can be given once only")
    if STDIN in parsed.files and (sys.stdin is None or sys.stdin.isatty()):
        parser.error("- reads a recording from standard input, and nothing is piped into it")
    if folder is None:
        if len(formats) > 1:
            parser.error("several formats need -o FOLDER")
        if _is_binary(formats[0]):
            parser.error(f"{formats[0]} is no text and needs -o FOLDER")
        if len(parsed.files) > 1 and formats[0] not in STREAMABLE:
            parser.error(f"{formats[0]} of several recordings needs -o FOLDER")
    asr = {
        name: getattr(parsed, name)
        for name in ("language", "quality", "engine", "model", "device", "threads", "hotwords")
        if getattr(parsed, name) is not None
    }
    overrides: dict[str, dict[str, Any]] = {"asr": asr} if asr else {}
    text = {
        name: getattr(parsed, name)
        for name in ("template", "punctuation")
        if getattr(parsed, name) is not None
    }
    if parsed.no_summary:
        text["summary"] = False
    if text:
        overrides["postprocess"] = text
    if parsed.llm is not None:
        overrides["llm"] = {"backend": parsed.llm}
    return Order(
        targets=plan_targets(parsed.files, folder),
        formats=formats,
        folder=folder,
        overwrite=parsed.overwrite,
        quiet=parsed.quiet,
        overrides=overrides,
        keep=parsed.library,
        fresh=parsed.fresh,
    )


def _formats(parser: Parser, parsed: argparse.Namespace) -> list[str]:
    from omoai_engine.export import FORMATS

    if parsed.json and parsed.format:
        parser.error("give --json or -f, not both")
    text = "json" if parsed.json else parsed.format or "txt"
    names = list(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    for name in names:
        if name not in FORMATS:
            parser.error(f"there is no format {name!r}; there are {', '.join(FORMATS)}")
    if not names:
        parser.error(f"-f names no format; there are {', '.join(FORMATS)}")
    return names


def _is_binary(name: str) -> bool:
    from omoai_engine.export import FORMATS

    return FORMATS[name].binary


def _language(text: str) -> str:
    code = text.strip().lower()
    if not code.isascii() or not code.isalpha() or not (2 <= len(code) <= 3 or code == "auto"):
        raise argparse.ArgumentTypeError(f"{text!r} is no language code such as vi, en or auto")
    return code


def _threads(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 256")
    return number


def _hotwords(text: str) -> tuple[str, ...] | Path:
    """Return the file that `text` names, if there is one, or else the words in it."""
    with contextlib.suppress(ValueError, RuntimeError):  # names that no file system takes
        if is_file(Path(text).expanduser()):
            return Path(text).absolute()
    if not (words := tuple(part.strip() for part in text.split(",") if part.strip())):
        raise argparse.ArgumentTypeError("no hotword is given")
    return words
