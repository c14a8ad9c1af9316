"""`omoai compare REFERENCE HYPOTHESIS`: error rates and where two transcripts differ.

A transcript is a number of the library, or a file: plain text, or what the library can import.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omoai_engine.cli.console import Parser, error_line, write_text
from omoai_engine.cli.exits import ExitCode
from omoai_engine.errors import DiskSilentError, NotInLibraryError, TranscriptFormatError
from omoai_engine.text import clean_text, one_line, shown_path

if TYPE_CHECKING:
    from omoai_engine.postprocess.comparing import Comparison, Edits, Place, Score
    from omoai_engine.postprocess.written_words import Token

SCHEMA = "omoai.comparison/1"

_DESCRIPTION = """\
Say how far a transcript is from a reference, and where.

Both are plain text, SRT, WebVTT, JSON (OmoAI's or Whisper's), or a number of `omoai library
list`. Words are compared without case and marks, marks and capitals apart from them; all by edit
distance, as errors per hundred of the reference."""

_EPILOG = """\
examples:
  omoai compare reference.txt talk.json
  omoai compare --diff words reference.srt 12
  omoai compare --json reference.txt talk.srt | jq .words.rate

exit codes: 0 compared, however much they differ; 1 something failed; 2 wrong usage, or a
transcript that cannot be read or has no words"""

_MARK_NAMES = {".": "full stop", ",": "comma", "?": "question mark", "!": "exclamation mark",
               ":": "colon", ";": "semicolon", "…": "dots"}  # fmt: skip
_FORMATS = (".json", ".srt", ".vtt")
# What our own text export writes before a paragraph when it is asked for times.
_CLOCK = re.compile(r"^\[\d{2,}:\d\d:\d\d\] ", re.MULTILINE)
_RED, _GREEN, _BOLD, _PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[1m", "\x1b[0m"


def compare(arguments: list[str]) -> int:
    """Run `omoai compare` with `arguments`; return the exit code."""
    parser = Parser("omoai compare", _DESCRIPTION, _EPILOG)
    parser.add_argument("reference", metavar="REFERENCE", help="what was said")
    parser.add_argument("hypothesis", metavar="HYPOTHESIS", help="what is judged")
    parser.add_argument("--json", action="store_true", help="everything as JSON")
    parser.add_argument(
        "--diff",
        choices=("all", "words", "none"),
        default="all",
        help="which places to list: all, only those with other words, or none",
    )
    parsed = parser.parse_args(arguments)

    from omoai_engine.postprocess.comparing import compare as compared

    try:
        reference, hypothesis = _read(parsed.reference), _read(parsed.hypothesis)
        if not reference:
            raise TranscriptFormatError(
                "the reference has no words",
                where=shown_path(parsed.reference),
                hint="Give a transcript that has some",
            )
    except (TranscriptFormatError, NotInLibraryError) as error:
        error_line(str(error))
        return ExitCode.USAGE
    found = compared(reference, hypothesis)
    if parsed.json:
        write_text(_json(found, parsed.reference, parsed.hypothesis))
    else:
        write_text(_report(found, parsed.diff, colours=_wants_colours()))
    return ExitCode.DONE


def _read(name: str) -> list[Token]:
    """Return the words of the transcript that `name` means."""
    from omoai_engine.postprocess.written_words import tokens_of, tokens_of_text

    if name.isascii() and name.isdigit() and len(name) < 16:
        from omoai_engine.config import load_config
        from omoai_engine.library import Library

        with Library.open(load_config()) as library:
            return tokens_of(library.result(int(name)).segments)
    from omoai_engine.far_files import read_file
    from omoai_engine.library.imports import MOST_BYTES, parse_transcript, read_transcript

    path = Path(name)
    if path.suffix.lower() in _FORMATS:
        return tokens_of(read_transcript(path).segments)
    try:
        data = read_file(path, MOST_BYTES + 1)
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except DiskSilentError:
        raise
    except OSError as error:
        raise TranscriptFormatError(
            f"the file cannot be read: {error.strerror}",
            where=shown_path(path),
            hint="Check its name and its permissions",
        ) from None
    except UnicodeDecodeError as error:
        raise TranscriptFormatError(
            f"byte {error.start} is no text", where=shown_path(path), hint="Save it as UTF-8"
        ) from None
    if len(data) > MOST_BYTES or text.lstrip().startswith(("{", "WEBVTT")) or "-->" in text:
        try:
            return tokens_of(parse_transcript(data).segments)
        except TranscriptFormatError as error:
            where = error.where or shown_path(path)
            raise TranscriptFormatError(error.what, where=where, hint=error.hint) from None
    return tokens_of_text(_CLOCK.sub("", clean_text(text)))


def _wants_colours() -> bool:
    return (
        sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
        and (os.environ.get("TERM", "dumb") != "dumb")
    )


# For people.


def _report(found: Comparison, listed: str, *, colours: bool) -> str:
    return "\n".join(_lines(found, listed, colours=colours)) + "\n"


def _lines(found: Comparison, listed: str, *, colours: bool) -> Iterator[str]:
    bold, plain = (_BOLD, _PLAIN) if colours else ("", "")
    heads = f"{'':16}{'rate':>8}{'errors':>8}{'of':>9}{'other':>8}{'added':>8}{'missing':>9}"
    yield f"{bold}{heads}{plain}"
    for name, edits in _counts(found).items():
        rate = "-" if edits.rate is None else f"{100 * edits.rate:.2f}%"
        yield (
            f"{name:16}{rate:>8}{edits.errors:>8}{edits.due:>9}"
            f"{edits.substituted:>8}{edits.inserted:>8}{edits.deleted:>9}"
        )
    yield ""
    heads = f"{'':16}{'precision':>10}{'recall':>8}{'F1':>8}{'right':>8}{'wrong':>8}{'missed':>8}"
    yield f"{bold}{heads}{plain}"
    for name, score in _scores(found).items():
        shares = (score.precision, score.recall, score.f1)
        percents = [f"{100 * share:.1f}%" for share in shares]
        yield (
            f"{name:16}{percents[0]:>10}{percents[1]:>8}{percents[2]:>8}"
            f"{score.right:>8}{score.wrong:>8}{score.missed:>8}"
        )
    places = [place for place in found.places if listed == "all" or place.words]
    if listed == "none":
        return
    yield ""
    if not places:
        yield "No place differs." if listed == "all" else "No word differs."
        return
    kind = "that differ" if listed == "all" else "with other words"
    yield f"{bold}Places {kind}: {len(places)}. Shown as [-reference-] [+hypothesis+]{plain}"
    for place in places:
        yield _place(place, colours=colours)


def _place(place: Place, *, colours: bool) -> str:
    from omoai_engine.export.times import clock

    red, green, plain = (_RED, _GREEN, _PLAIN) if colours else ("", "", "")
    before, behind = (one_line(part) for part in place.context)
    time = f"{clock(place.start)}  " if place.start is not None else ""
    parts = [f"…{before}" if before else ""]
    if place.before:
        parts.append(f"{red}[-{one_line(place.before)}-]{plain}")
    if place.after:
        parts.append(f"{green}[+{one_line(place.after)}+]{plain}")
    parts.append(f"{behind}…" if behind else "")
    return time + " ".join(part for part in parts if part)


def _counts(found: Comparison) -> Mapping[str, Edits]:
    return {
        "words": found.words,
        "characters": found.characters,
        "marks": found.marks,
        "capitals": found.capitals,
    }


def _scores(found: Comparison) -> Mapping[str, Score]:
    from omoai_engine.postprocess.comparing import Score

    capitals = found.capitals
    return {
        **{_MARK_NAMES.get(mark, mark): score for mark, score in found.by_mark.items()},
        "sentence ends": found.ends,
        "capitals": Score(capitals.right, capitals.inserted, capitals.deleted),
    }


# For programs.


def _json(found: Comparison, reference: str, hypothesis: str) -> str:
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "reference": shown_path(reference),
        "hypothesis": shown_path(hypothesis),
        **{name: _edits(edits) for name, edits in _counts(found).items()},
        "by_mark": {mark: _score(score) for mark, score in found.by_mark.items()},
        "sentence_ends": _score(found.ends),
        "differences": [
            {
                "start": place.start,
                "end": place.end,
                "words": place.words,
                "reference": one_line(place.before),
                "hypothesis": one_line(place.after),
            }
            for place in found.places
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _edits(edits: Edits) -> dict[str, Any]:
    return {
        "rate": edits.rate,
        "reference": edits.due,
        "right": edits.right,
        "substitutions": edits.substituted,
        "insertions": edits.inserted,
        "deletions": edits.deleted,
    }


def _score(score: Score) -> dict[str, Any]:
    return {
        "precision": score.precision,
        "recall": score.recall,
        "f1": score.f1,
        "right": score.right,
        "wrong": score.wrong,
        "missed": score.missed,
    }
