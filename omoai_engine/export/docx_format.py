"""A Word document (.docx): title, summary, then the transcript with times and speakers.

In: a `PipelineResult`. Out: the bytes of an Office Open XML document in the usual styles, so
that a person's template fits. A paragraph begins with its time; where speakers are known, with
the speaker too, and every change of speaker begins a paragraph.
"""

from __future__ import annotations

import io

from omoai_engine.export.blocks import blocks
from omoai_engine.export.times import clock
from omoai_engine.results import PipelineResult
from omoai_engine.text import one_line


def to_docx(result: PipelineResult) -> bytes:
    """Return the document."""
    # Loads an XML library: only those who want a document pay for it.
    from docx import Document
    from docx.shared import RGBColor

    document = Document()
    title = one_line(result.summary.title) or "Transcript"
    document.core_properties.title = title[:255]
    document.core_properties.author = ""
    document.core_properties.comments = ""
    document.add_heading(title, level=0)
    if abstract := one_line(result.summary.abstract):
        document.add_paragraph(abstract)
    for bullet in result.summary.bullets:
        document.add_paragraph(one_line(bullet), style="List Bullet")
    parts = blocks(result)
    if parts:
        document.add_heading("Transcript", level=1)
    for block in parts:
        paragraph = document.add_paragraph()
        time = paragraph.add_run(f"{clock(block.start)}  ")
        time.font.color.rgb = RGBColor(0x66, 0x66, 0x66)
        if block.speaker:
            paragraph.add_run(f"{block.speaker}: ").bold = True
        paragraph.add_run(block.text)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()
