"""What a person can choose for exports: frozen values with the usual measures as defaults.

Subtitle measures are those of the usual timed-text guides of broadcasters: 42 columns, two
lines, 1 to 7 s, at most 25 characters a second, two frames between cues.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omoai_engine.config import ExportSettings


@dataclass(frozen=True, slots=True)
class SubtitleRules:
    """Measures of subtitles; times in whole milliseconds, `lines` 1 or 2."""

    columns: int = 42
    lines: int = 2
    shortest: int = 1000
    longest: int = 7000
    gap: int = 83
    characters_a_second: float = 25.0


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """`timestamps`: plain text with the start of every paragraph; `text_columns`: wrap plain
    text there, 0 never; `audio`: the recording, named in OTR and put into HTML."""

    rules: SubtitleRules = field(default_factory=SubtitleRules)
    timestamps: bool = False
    text_columns: int = 0
    audio: Path | None = None


def options_from(
    settings: ExportSettings, *, timestamps: bool = False, audio: Path | None = None
) -> ExportOptions:
    """Return the options that the configuration gives."""
    shortest = round(settings.shortest_seconds * 1000)
    return ExportOptions(
        SubtitleRules(
            columns=settings.line_columns,
            lines=settings.lines,
            shortest=shortest,
            longest=max(round(settings.longest_seconds * 1000), shortest),
            gap=round(2000 / settings.frames_a_second),
            characters_a_second=settings.characters_a_second,
        ),
        timestamps=timestamps,
        text_columns=settings.text_columns,
        audio=audio,
    )
