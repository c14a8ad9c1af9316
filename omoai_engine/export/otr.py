"""oTranscribe (.otr): the transcript as its editor opens it.

In: a `PipelineResult`. Out: JSON with `text` (HTML: a time mark and the text a paragraph),
`media`, `media-source` and `media-time`. All text is escaped.
"""

from __future__ import annotations

import html
import json

from omoai_engine.export.blocks import blocks
from omoai_engine.export.options import ExportOptions
from omoai_engine.export.times import clock, milliseconds
from omoai_engine.results import PipelineResult
from omoai_engine.text import one_line, shown_path

_USUAL = ExportOptions()


def to_otr(result: PipelineResult, options: ExportOptions = _USUAL) -> str:
    """Return the document; `options.audio` names the recording to open beside it."""
    parts = []
    for block in blocks(result):
        seconds = milliseconds(block.start) / 1000
        mark = (
            f'<span class="timestamp" contenteditable="false" data-timestamp="{seconds:.3f}">'
            f"{clock(block.start)}</span>"
        )
        speaker = f"<b>{html.escape(block.speaker)}:</b> " if block.speaker else ""
        parts.append(f"<p>{mark}&nbsp;{speaker}{html.escape(block.text)}</p>")
    source = options.audio.name if options.audio else result.metadata.get("source", "")
    media = shown_path(source) if isinstance(source, str) else ""
    document = {
        "text": "".join(parts),
        "media": one_line(media),
        "media-source": "",
        "media-time": 0,
    }
    return json.dumps(document, ensure_ascii=False) + "\n"
