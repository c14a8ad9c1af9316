"""Tables of segments: CSV (RFC 4180) and TSV.

In: a `PipelineResult`. Out: a heading and one row a segment: number from 1, start and end in
seconds with milliseconds, speaker, confidence, text. In CSV, a text that a spreadsheet would run
as a formula begins with an apostrophe; in TSV no cell holds a tab or a line break.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from omoai_engine.export.times import milliseconds
from omoai_engine.results import PipelineResult
from omoai_engine.text import one_line

_HEADING = ("number", "start", "end", "speaker", "confidence", "text")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(result: PipelineResult) -> str:
    """Return the segments with commas; lines end with CR LF, as the standard has it."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(_HEADING)
    for row in _rows(result):
        writer.writerow([_no_formula(cell) for cell in row])
    return written.getvalue()


def to_tsv(result: PipelineResult) -> str:
    """Return the segments with tabs between the cells."""
    return "".join("\t".join(row) + "\n" for row in (_HEADING, *_rows(result)))


def _rows(result: PipelineResult) -> Iterator[tuple[str, ...]]:
    for number, segment in enumerate(result.segments, start=1):
        confidence = segment.confidence
        yield (
            str(number),
            f"{milliseconds(segment.start) / 1000:.3f}",
            f"{milliseconds(segment.end) / 1000:.3f}",
            one_line(segment.speaker or ""),
            "" if confidence is None else f"{confidence:.3f}",
            one_line(segment.text),
        )


def _no_formula(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
