"""Plain text: the punctuated transcript, a paragraph a block.

In: a `PipelineResult`. Out: UTF-8 text, paragraphs set apart by an empty line, one newline at
the end; with `timestamps`, every paragraph begins with its start as `[hh:mm:ss]`, with `width`
lines are wrapped there. Without any words the text is empty.
"""

from __future__ import annotations

import textwrap

from omoai_engine.export.times import clock
from omoai_engine.results import PipelineResult
from omoai_engine.text import one_line


def to_txt(result: PipelineResult, *, timestamps: bool = False, width: int = 0) -> str:
    """Return the transcript by paragraphs."""
    if not result.paragraphs:
        text = result.transcript_punctuated or result.transcript
        blocks = [one_line(block) for block in text.split("\n\n")]
    else:
        blocks = [
            f"[{clock(paragraph.start)}] {text}" if timestamps else text
            for paragraph in result.paragraphs
            if (text := one_line(paragraph.text))
        ]
    blocks = [block for block in blocks if block]
    if width:
        blocks = [
            textwrap.fill(block, width, break_long_words=False, break_on_hyphens=False)
            for block in blocks
        ]
    return "\n\n".join(blocks) + "\n" if blocks else ""
