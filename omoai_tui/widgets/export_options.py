"""The options of an export as a list: ← and → change one, a click on its arrows too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from omoai_tui import texts_library
from omoai_tui.cells import fit, pad
from omoai_tui.widgets.block_view import BlockView, Pieces

if TYPE_CHECKING:
    from omoai_engine.export import ExportOptions

_WRAPS = (0, 60, 72, 80, 100, 120)
_VALUE = 9
"""Cells of a value."""


@dataclass(frozen=True, slots=True)
class _Option:
    """One row: the name of its label, its value in words, and it changed by a step."""

    label: str
    shown: Callable[[ExportOptions], str]
    changed: Callable[[ExportOptions, int], ExportOptions]


def _rule(name: str, step: float, least: float, most: float) -> Callable[..., ExportOptions]:
    def changed(options: ExportOptions, direction: int) -> ExportOptions:
        value = getattr(options.rules, name) + direction * step
        value = type(getattr(options.rules, name))(max(least, min(value, most)))
        rules = replace(options.rules, **{name: value})
        if name == "shortest":
            rules = replace(rules, longest=max(rules.longest, rules.shortest))
        elif name == "longest":
            rules = replace(rules, shortest=min(rules.longest, rules.shortest))
        return replace(options, rules=rules)

    return changed


def _wrapped(options: ExportOptions, direction: int) -> ExportOptions:
    if options.text_columns in _WRAPS:
        at = (_WRAPS.index(options.text_columns) + direction) % len(_WRAPS)
        return replace(options, text_columns=_WRAPS[at])
    return replace(options, text_columns=max(0, options.text_columns + direction))


def _yes(value: object) -> str:
    return texts_library.YES if value else texts_library.NO


def _seconds(milliseconds: int) -> str:
    return texts_library.SECONDS.format(value=f"{milliseconds / 1000:g}")


class OptionList(BlockView):
    """Shows `options`, which the owner gives with `show`; tells when they change."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "change(-1)", show=False, id="export.less"),
        Binding("right,l,space", "change(1)", show=False, id="export.more"),
    ]

    class Changed(Message):
        """An option is different."""

    def __init__(self) -> None:
        super().__init__(id="export-options")
        self.options: ExportOptions | None = None
        self.audio: Path | None = None
        self._rows = (
            _Option(
                "OPTION_TIMES",
                lambda o: _yes(o.timestamps),
                lambda o, _: replace(o, timestamps=not o.timestamps),
            ),
            _Option(
                "OPTION_WRAP",
                lambda o: str(o.text_columns) if o.text_columns else texts_library.NO,
                _wrapped,
            ),
            _Option("OPTION_COLUMNS", lambda o: str(o.rules.columns), _rule("columns", 1, 10, 200)),
            _Option("OPTION_LINES", lambda o: str(o.rules.lines), _rule("lines", 1, 1, 2)),
            _Option(
                "OPTION_SPEED",
                lambda o: f"{o.rules.characters_a_second:g}",
                _rule("characters_a_second", 1, 5, 100),
            ),
            _Option(
                "OPTION_SHORTEST",
                lambda o: _seconds(o.rules.shortest),
                _rule("shortest", 100, 100, 10_000),
            ),
            _Option(
                "OPTION_LONGEST",
                lambda o: _seconds(o.rules.longest),
                _rule("longest", 500, 500, 60_000),
            ),
            _Option("OPTION_GAP", lambda o: _seconds(o.rules.gap), _rule("gap", 10, 0, 1000)),
            _Option("OPTION_SOUND", self._sound, self._with_sound),
        )

    def _sound(self, options: ExportOptions) -> str:
        return _yes(options.audio) if self.audio else texts_library.NO_SOUND_HERE

    def _with_sound(self, options: ExportOptions, _direction: int) -> ExportOptions:
        return replace(options, audio=None if options.audio else self.audio)

    def show(self, options: ExportOptions, audio: Path | None) -> None:
        """Show these; `audio` is the recording that could be put into a web page."""
        self.options, self.audio = options, audio
        self.reset()
        self.cursor = 0

    def action_change(self, direction: int) -> None:
        """The next value, or the one before."""
        if self.options is None or not 0 <= self.cursor < len(self._rows):
            return
        self.options = self._rows[self.cursor].changed(self.options, direction)
        # The longest may move with the shortest.
        self.revise(0, len(self._rows) - 1)
        self.post_message(self.Changed())

    def on_click(self, event: events.Click) -> None:
        """Change what was clicked: less on the left arrow, else more."""
        event.prevent_default()
        super().on_click(event)
        offset = event.get_content_offset(self)
        if offset is not None and event.chain == 1:
            left = self._width() - _VALUE - 4
            self.action_change(-1 if left <= offset.x < left + 2 else 1)

    def block_count(self) -> int:
        """One block an option."""
        return len(self._rows) if self.options else 0

    def block_height(self, index: int, width: int) -> int:
        """Always one line."""
        return 1

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """Label and value between arrows."""
        option = self._rows[index]
        if self.options is None:
            return []
        room = max(6, width - _VALUE - 5)
        label = pad(fit(str(getattr(texts_library, option.label)), room), room)
        value = fit(option.shown(self.options), _VALUE)
        return [[(f" {label}", "muted"), ("◂ ", "key"), (f"{value:^{_VALUE}}", ""), (" ▸", "key")]]
