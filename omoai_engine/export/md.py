"""Markdown: title, abstract, bullets, then the transcript by paragraphs with their times.

In: a `PipelineResult`. Out: CommonMark. Signs that Markdown gives a meaning are escaped, so
that the transcript reads as it was spoken.
"""

from __future__ import annotations

import re

from omoai_engine.export.times import clock
from omoai_engine.results import PipelineResult
from omoai_engine.text import one_line

# Signs that mean something inside a line; "&" only where it would begin an entity.
_MEANINGFUL = re.compile(r"([\\`*_\[\]<~]|&(?=#?\w+;))")
# At the start of a block also headings, quotations, rules and lists.
_BLOCK_START = re.compile(r"^(?:(\d+)([.)])(?=\s|$)|([-+=#>]))")


def to_md(result: PipelineResult) -> str:
    """Return the summary and the transcript as one Markdown document."""
    summary = result.summary
    blocks = [f"# {_escaped(summary.title)}" if summary.title else "# Transcript"]
    if summary.abstract:
        blocks.append(_escaped(summary.abstract))
    if summary.bullets:
        blocks.append("\n".join(f"- {_escaped(bullet)}" for bullet in summary.bullets))
    paragraphs = [
        f"**{clock(paragraph.start)}** {_escaped(paragraph.text)}"
        for paragraph in result.paragraphs
        if paragraph.text.strip()
    ]
    if paragraphs:
        blocks += ["## Transcript", *paragraphs]
    elif text := result.transcript_punctuated or result.transcript:
        blocks += ["## Transcript", _escaped(text)]
    return "\n\n".join(blocks) + "\n"


def _escaped(text: str) -> str:
    line = _MEANINGFUL.sub(r"\\\1", one_line(text))
    return _BLOCK_START.sub(lambda m: f"{m[1]}\\{m[2]}" if m[1] else f"\\{m[3]}", line)
