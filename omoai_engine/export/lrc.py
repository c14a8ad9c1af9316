"""Lyrics with times (.lrc), as music players show them.

In: a `PipelineResult`. Out: a tag with the title, then one line a cue, `[mm:ss.cc]` before its
text; minutes grow beyond two digits. Square brackets at the start of a text would read as times
and are written as round ones.
"""

from __future__ import annotations

from dataclasses import replace

from omoai_engine.export.cues import cues
from omoai_engine.export.options import ExportOptions
from omoai_engine.results import PipelineResult
from omoai_engine.text import one_line

_USUAL = ExportOptions()
_ESCAPES = str.maketrans("[]", "()")


def to_lrc(result: PipelineResult, options: ExportOptions = _USUAL) -> str:
    """Return the lyrics; a line is one line of a subtitle cue."""
    lines = []
    if title := one_line(result.summary.title):
        lines.append(f"[ti:{title.translate(_ESCAPES)}]")
    for cue in cues(result.segments, replace(options.rules, lines=1)):
        minutes, rest = divmod(cue.start // 10, 6000)
        seconds, hundredths = divmod(rest, 100)
        text = " ".join(cue.lines).translate(_ESCAPES)
        lines.append(f"[{minutes:02d}:{seconds:02d}.{hundredths:02d}]{text}")
    return "\n".join(lines) + "\n" if lines else ""
