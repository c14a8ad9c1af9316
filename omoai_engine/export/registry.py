"""The formats a result can be written in, by name, and the two calls that use them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from omoai_engine.errors import ExportError, OmoAIError
from omoai_engine.export.ass import to_ass
from omoai_engine.export.docx_format import to_docx
from omoai_engine.export.files import write_atomically
from omoai_engine.export.html_page import to_html
from omoai_engine.export.json_format import to_json
from omoai_engine.export.lrc import to_lrc
from omoai_engine.export.md import to_md
from omoai_engine.export.options import ExportOptions
from omoai_engine.export.otr import to_otr
from omoai_engine.export.srt import to_srt
from omoai_engine.export.table import to_csv, to_tsv
from omoai_engine.export.textgrid import to_textgrid
from omoai_engine.export.txt import to_txt
from omoai_engine.export.vtt import to_vtt
from omoai_engine.results import PipelineResult
from omoai_engine.text import shown_path

_USUAL = ExportOptions()


def _plain(
    make: Callable[[PipelineResult], str | bytes],
) -> Callable[[PipelineResult, ExportOptions], str | bytes]:
    """Return `make` for formats that know no options."""
    return lambda result, _options: make(result)


@dataclass(frozen=True, slots=True)
class Exporter:
    """One format: its `name`, the `suffix` of its files with the dot, one line of
    `description`, and `make`, which returns the whole content of a file; bytes where `binary`."""

    name: str
    suffix: str
    description: str
    make: Callable[[PipelineResult, ExportOptions], str | bytes]
    binary: bool = False


def _text(result: PipelineResult, options: ExportOptions) -> str:
    return to_txt(result, timestamps=options.timestamps, width=options.text_columns)


FORMATS: Mapping[str, Exporter] = MappingProxyType(
    {
        exporter.name: exporter
        for exporter in (
            Exporter("txt", ".txt", "the punctuated transcript by paragraphs", _text),
            Exporter("md", ".md", "summary and transcript as Markdown", _plain(to_md)),
            Exporter(
                "json", ".json", "everything, for programs; can be read back", _plain(to_json)
            ),
            Exporter("srt", ".srt", "SubRip subtitles", to_srt),
            Exporter("vtt", ".vtt", "WebVTT subtitles", to_vtt),
            Exporter("ass", ".ass", "Advanced SubStation subtitles", to_ass),
            Exporter("lrc", ".lrc", "lyrics with times, for players", to_lrc),
            Exporter("csv", ".csv", "a table of segments", _plain(to_csv)),
            Exporter("tsv", ".tsv", "a table of segments, with tabs", _plain(to_tsv)),
            Exporter("docx", ".docx", "a Word document", _plain(to_docx), binary=True),
            Exporter("html", ".html", "one page with a search box, and the audio", to_html),
            Exporter("otr", ".otr", "oTranscribe", to_otr),
            Exporter(
                "textgrid", ".TextGrid", "Praat TextGrid: words and segments", _plain(to_textgrid)
            ),
        )
    }
)


def exporter(format: str) -> Exporter:
    """Return the exporter named `format`, in any case, with or without a leading dot.

    Raises `ExportError` naming the formats there are.
    """
    found = FORMATS.get(format.strip().removeprefix(".").casefold())
    if found is None:
        raise ExportError(
            f'there is no format "{format}"', hint=f"Choose one of {', '.join(FORMATS)}"
        )
    return found


def render(result: PipelineResult, format: str, options: ExportOptions = _USUAL) -> str:
    """Return `result` in `format`. Raises `ExportError` for an unknown format, or one that is
    no text."""
    content = exporter(format).make(result, options)
    if isinstance(content, bytes):
        raise ExportError(f"{format} is no text that can be shown", hint="Write it to a file")
    return content


def render_bytes(result: PipelineResult, format: str, options: ExportOptions = _USUAL) -> bytes:
    """Return the content of a file of `result` in `format`; text in UTF-8. Raises `ExportError`."""
    content = exporter(format).make(result, options)
    return content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace")


def write(
    result: PipelineResult,
    path: Path | str,
    format: str | None = None,
    overwrite: bool = False,
    options: ExportOptions = _USUAL,
) -> Path:
    """Write `result` to `path`, whole or not at all, and return the path.

    Without `format`, the suffix of `path` tells it. Raises `ExportError`: unknown format, the
    file exists and `overwrite` is false, or it cannot be written.
    """
    path = Path(path)
    if format is None and not path.suffix:
        raise ExportError(
            "the name does not tell the format",
            where=shown_path(path),
            hint=f"Name one of {', '.join(FORMATS)}",
        )
    content = render_bytes(result, format or path.suffix, options)
    return write_atomically(path, content, overwrite=overwrite)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one format: the file, or why there is none."""

    format: str
    path: Path
    error: OmoAIError | None = None


def write_all(
    result: PipelineResult,
    stem: Path,
    formats: Sequence[str],
    *,
    overwrite: bool = False,
    options: ExportOptions = _USUAL,
) -> list[Outcome]:
    """Write `result` in every format as `stem` with the format's suffix.

    One that fails never stops the others; its outcome holds the error. Raises `ExportError` for
    an unknown format, before anything is written.
    """
    wanted = [exporter(name) for name in formats]
    outcomes = []
    for one in wanted:
        path = stem.with_name(stem.name + one.suffix)
        try:
            write(result, path, one.name, overwrite, options)
        except OmoAIError as error:
            outcomes.append(Outcome(one.name, path, error))
        except (ValueError, TypeError, OSError, MemoryError) as error:
            what = f"the {one.name} file could not be made: {type(error).__name__}: {error}"
            outcomes.append(Outcome(one.name, path, ExportError(what, where=shown_path(path))))
        else:
            outcomes.append(Outcome(one.name, path))
    return outcomes
