"""Results written out: one module a format, one registry.

`render(result, "srt")` gives the text, `write(result, path)` a file that appears whole or not
at all and never replaces another unasked; `from_json` reads back what was exported as JSON.
"""

from __future__ import annotations

from omoai_engine.export.files import free_name, write_atomically
from omoai_engine.export.json_format import SCHEMA, from_json
from omoai_engine.export.options import ExportOptions, SubtitleRules, options_from
from omoai_engine.export.registry import (
    FORMATS,
    Exporter,
    Outcome,
    exporter,
    render,
    render_bytes,
    write,
    write_all,
)

__all__ = [
    "FORMATS",
    "SCHEMA",
    "ExportOptions",
    "Exporter",
    "Outcome",
    "SubtitleRules",
    "exporter",
    "free_name",
    "from_json",
    "options_from",
    "render",
    "render_bytes",
    "write",
    "write_all",
    "write_atomically",
]
