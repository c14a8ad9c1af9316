"""The formats a result can be written in, by name, and the two calls that use them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from omoai_engine.errors import ExportError
from omoai_engine.export.files import write_atomically
from omoai_engine.export.json_format import to_json
from omoai_engine.export.md import to_md
from omoai_engine.export.srt import to_srt
from omoai_engine.export.txt import to_txt
from omoai_engine.export.vtt import to_vtt
from omoai_engine.results import PipelineResult
from omoai_engine.text import shown_path


@dataclass(frozen=True, slots=True)
class Exporter:
    """One format: its `name`, the `suffix` of its files with the dot, one line of
    `description`, and `render`, which returns the whole text of a file."""

    name: str
    suffix: str
    description: str
    render: Callable[[PipelineResult], str]


FORMATS: Mapping[str, Exporter] = MappingProxyType(
    {
        exporter.name: exporter
        for exporter in (
            Exporter("txt", ".txt", "the punctuated transcript by paragraphs", to_txt),
            Exporter("md", ".md", "summary and transcript as Markdown", to_md),
            Exporter("json", ".json", "everything, for programs; can be read back", to_json),
            Exporter("srt", ".srt", "SubRip subtitles", to_srt),
            Exporter("vtt", ".vtt", "WebVTT subtitles", to_vtt),
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


def render(result: PipelineResult, format: str) -> str:
    """Return `result` in `format`. Raises `ExportError` for an unknown format."""
    return exporter(format).render(result)


def write(
    result: PipelineResult,
    path: Path | str,
    format: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Write `result` to `path` in UTF-8, whole or not at all, and return the path.

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
    text = render(result, format or path.suffix)
    return write_atomically(path, text.encode("utf-8", "backslashreplace"), overwrite=overwrite)
