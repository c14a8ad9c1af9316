"""Advanced SubStation Alpha subtitles (.ass).

In: a `PipelineResult`. Out: a script with one style and the cues, times in centiseconds, UTF-8,
LF. Braces and backslashes, which would begin commands, are written as look-alikes.
"""

from __future__ import annotations

from omoai_engine.export.cues import cues
from omoai_engine.export.options import ExportOptions
from omoai_engine.export.times import clock
from omoai_engine.results import PipelineResult
from omoai_engine.text import one_line

_USUAL = ExportOptions()
_ESCAPES = str.maketrans({"{": "（", "}": "）", "\\": "＼"})
_HEADER = """\
[Script Info]
Title: {title}
ScriptType: v4.00+
WrapStyle: 2
ScaledBorderAndShadow: yes
PlayResX: 1920
PlayResY: 1080

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, \
Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, \
Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,60,&H00FFFFFF,&H000000FF,&H00000000,&H80000000,\
0,0,0,0,100,100,0,0,1,3,1,2,60,60,50,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def to_ass(result: PipelineResult, options: ExportOptions = _USUAL) -> str:
    """Return the subtitles; the header alone where nothing was said."""
    title = one_line(result.summary.title) or "Transcript"
    lines = [_HEADER.format(title=title)]
    latest = 0
    for cue in cues(result.segments, options.rules):
        start, end = max(round(cue.start / 10), latest), round(cue.end / 10)
        end = max(end, start + 1)
        latest = end
        text = r"\N".join(line.translate(_ESCAPES) for line in cue.lines)
        lines.append(f"Dialogue: 0,{_time(start)},{_time(end)},Default,,0,0,0,,{text}\n")
    return "".join(lines)


def _time(centiseconds: int) -> str:
    seconds, rest = divmod(centiseconds, 100)
    return f"{clock(seconds).removeprefix('0')}.{rest:02d}"
