"""Results written out: one module a format, one registry.

`render(result, "srt")` gives the text, `write(result, path)` a file that appears whole or not
at all and never replaces another unasked; `from_json` reads back what was exported as JSON.
"""

from __future__ import annotations

from omoai_engine.export.files import free_name, write_atomically
from omoai_engine.export.json_format import SCHEMA, from_json
from omoai_engine.export.registry import FORMATS, Exporter, exporter, render, write

__all__ = [
    "FORMATS",
    "SCHEMA",
    "Exporter",
    "exporter",
    "free_name",
    "from_json",
    "render",
    "write",
    "write_atomically",
]
