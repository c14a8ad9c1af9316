"""The styles that text pieces in the panes have, made from the colours of the theme.

A pure function of the theme's variables. Kept out of the style sheet on purpose: as component
classes of every pane they made up a quarter of the time to the first paint.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from rich.color import Color as RichColor
from rich.style import Style
from textual.color import Color

# Name of the style -> colour, background, attributes.
_STYLES: dict[str, tuple[str | None, str | None, str]] = {
    "time": ("primary", None, ""),
    "muted": ("muted", None, ""),
    "strong": ("foreground", None, "bold"),
    "good": ("success", None, ""),
    "bad": ("error", None, ""),
    "busy": ("accent", None, ""),
    "medium": ("confidence-medium", None, ""),
    "low": ("confidence-low", None, ""),
    "mark-medium": ("confidence-medium", None, "bold"),
    "mark-low": ("confidence-low", None, "bold"),
    "draft": ("muted", None, "italic"),
    "doubt": ("confidence-low", None, "underline"),
    "place": ("confidence-low", None, "bold reverse"),
    "sounding": ("accent", None, "bold underline"),
    "bar": ("bar", None, ""),
    "bar-rest": ("bar-rest", None, ""),
    "cursor": ("cursor-text", "cursor", ""),
    "cursor-idle": (None, "cursor-idle", ""),
    "rule": ("frame", None, ""),
    "rule-focus": ("frame-focus", None, ""),
    "title": ("foreground", None, ""),
    "title-focus": ("frame-focus", None, "bold"),
    "key": ("primary", None, "bold"),
    "badge": ("background", "primary", "bold"),
    "on": ("cursor-text", "cursor", "bold"),
}
# Where there is no colour, these carry the difference.
_WITHOUT_COLOUR = {
    "cursor": "reverse",
    "cursor-idle": "bold",
    "low": "italic",
    "badge": "bold reverse",
    "on": "bold reverse",
    "title-focus": "bold reverse",
}
_USED = {"background"} | {name for style in _STYLES.values() for name in style[:2] if name}
Palette = dict[str, Style]


def palette(variables: Mapping[str, str], no_colour: bool) -> Palette:
    """Return the styles by name. Every pane and bar asks with the same variables."""
    used = {name: variables[name] for name in sorted(_USED & variables.keys())}
    return _palette(tuple(used.items()), no_colour)


@lru_cache(maxsize=4)
def _palette(used: tuple[tuple[str, str], ...], no_colour: bool) -> Palette:
    variables = dict(used)
    styles = {}
    for name, (colour, background, attributes) in _STYLES.items():
        if no_colour:
            attributes = _WITHOUT_COLOUR.get(name, attributes)
        styles[name] = Style.parse(attributes) + Style.from_color(
            _colour(variables, colour), _colour(variables, background)
        )
    if variables.get("background") == "ansi_default":
        # The terminal's own background cannot be written with; its reverse can.
        styles["badge"] = styles["on"] + Style(bold=True)
    return styles


def _colour(variables: Mapping[str, str], name: str | None) -> RichColor | None:
    return Color.parse(variables[name]).rich_color if name else None
