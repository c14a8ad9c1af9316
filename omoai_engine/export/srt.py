"""SubRip subtitles (.srt).

In: a `PipelineResult`. Out: numbered cues with times as `hh:mm:ss,mmm`, UTF-8, LF. The format
has no way to escape: an arrow that would read as a time line is written as "→", everything
else as it was spoken.
"""

from __future__ import annotations

from omoai_engine.export.cues import cues
from omoai_engine.export.options import ExportOptions
from omoai_engine.export.times import precise_clock
from omoai_engine.results import PipelineResult

_USUAL = ExportOptions()


def to_srt(result: PipelineResult, options: ExportOptions = _USUAL) -> str:
    """Return the subtitles; empty where nothing was said."""
    blocks = []
    for number, cue in enumerate(cues(result.segments, options.rules), start=1):
        start, end = (precise_clock(time, point=",") for time in (cue.start, cue.end))
        text = "\n".join(line.replace("-->", "→") for line in cue.lines)
        blocks.append(f"{number}\n{start} --> {end}\n{text}\n")
    return "\n".join(blocks)
