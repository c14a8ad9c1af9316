"""WebVTT subtitles (.vtt), as the W3C recommends them.

In: a `PipelineResult`. Out: a header and cues with times as `hh:mm:ss.mmm`, UTF-8, LF;
`&`, `<` and `>` are escaped, so that no spoken text can be a tag or a time line.
"""

from __future__ import annotations

from omoai_engine.export.cues import cues
from omoai_engine.export.options import ExportOptions
from omoai_engine.export.times import precise_clock
from omoai_engine.results import PipelineResult

_USUAL = ExportOptions()
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def to_vtt(result: PipelineResult, options: ExportOptions = _USUAL) -> str:
    """Return the subtitles; the header alone where nothing was said."""
    blocks = ["WEBVTT\n"]
    for cue in cues(result.segments, options.rules):
        start, end = (precise_clock(time, point=".") for time in (cue.start, cue.end))
        text = "\n".join(line.translate(_ESCAPES) for line in cue.lines)
        blocks.append(f"{start} --> {end}\n{text}\n")
    return "\n".join(blocks)
