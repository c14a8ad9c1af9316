"""The microphones to choose from, each with its level; the last row is another machine's.

The meter stands at the left: Textual sends a changed line from its start to the change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.geometry import Region
from textual.message import Message

from omoai_tui import texts_recorder
from omoai_tui.cells import fit
from omoai_tui.language import plural
from omoai_tui.recording_session import Source
from omoai_tui.widgets.block_view import BlockView, Pieces
from omoai_tui.widgets.level_meter import filled, meter_pieces

if TYPE_CHECKING:
    from omoai_engine.recording.devices import Device, Level

METER_CELLS = 12


@dataclass(frozen=True, slots=True)
class Shown:
    """What is drawn of a level: cells of the meter, and what is wrong with the device."""

    cells: int = 0
    trouble: str = ""


class DeviceList(BlockView):
    """One line a device; `levels` redraws only the meters that moved."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.devices: tuple[Device, ...] = ()
        self.known = False
        self._shown: dict[int, Shown] = {}

    def show(self, devices: Sequence[Device], wanted: Source) -> None:
        """Show these, with the cursor on the wanted one or on the default one."""
        self.devices, self.known = tuple(devices), True
        self._shown = {}
        self.reset()
        self._move_to(self._place_of(wanted))

    def _place_of(self, wanted: Source) -> int:
        if wanted.remote or not self.devices:
            return len(self.devices)
        rows = range(len(self.devices))
        named = [row for row in rows if self.devices[row].name == wanted.device]
        usual = [row for row in rows if self.devices[row].default_input]
        return (named or usual or [0])[0]

    class Looked(Message):
        """The cursor stands on another microphone; `remote`: on that of another machine."""

        def __init__(self, remote: bool) -> None:
            super().__init__()
            self.remote = remote

    def on_cursor_moved(self) -> None:
        """Tell."""
        self.post_message(self.Looked(self.cursor >= len(self.devices)))

    def source(self) -> Source | None:
        """Return what the cursor stands on; None while nobody knows what there is."""
        if not self.known or self.cursor < 0:
            return None
        if self.cursor >= len(self.devices):
            return Source(remote=True)
        device = self.devices[self.cursor]
        # The default one is asked for as such: it may be another one next time.
        return Source() if device.default_input else Source(device.name)

    def levels(self, levels: Mapping[int, Level], settled: bool) -> None:
        """Draw the meters that moved; `settled`: zeros alone are a sign of something wrong."""
        for row, device in enumerate(self.devices):
            level = levels.get(device.index)
            fresh = Shown()
            if level is not None:
                zeros = texts_recorder.ONLY_ZEROS if settled and level.only_zeros else ""
                trouble = level.error or zeros
                fresh = Shown(filled(level.peak, METER_CELLS), trouble)
            before = self._shown.get(row, Shown())
            if fresh == before:
                continue
            self._shown[row] = fresh
            self._forget(row, row)
            if fresh.trouble != before.trouble:
                self._refresh_rows(row, row + 1)
            elif 0 <= (y := row - self.scroll_offset.y) < self.size.height:
                self.refresh(Region(0, y, METER_CELLS + 1, 1))

    def block_count(self) -> int:
        """One block a device, and one for another machine's."""
        return len(self.devices) + 1 if self.known else 0

    def block_height(self, index: int, width: int) -> int:
        """Always one line."""
        return 1

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """Meter, name, what there is to know."""
        if index >= len(self.devices):
            words = fit(texts_recorder.REMOTE, width - METER_CELLS - 4)
            return [[(" " + " " * METER_CELLS, ""), (f"  {words}", "strong")]]
        device = self.devices[index]
        shown = self._shown.get(index, Shown())
        room = width - METER_CELLS - 4
        name = fit(device.name, room)
        facts = [
            texts_recorder.SYSTEM_DEFAULT if device.default_input else "",
            shown.trouble,
            f"{device.rate_hz / 1000:g} kHz",
            channels_words(min(device.inputs, 2)),
            device.host,
        ]
        rest = fit("  " + " · ".join(filter(None, facts)), max(0, room - cell_len(name)))
        return [
            [
                (" ", ""),
                *meter_pieces(shown.cells, METER_CELLS),
                (f"  {name}", "strong"),
                (rest, "low" if shown.trouble else "muted"),
            ]
        ]

    def empty_lines(self) -> tuple[str, ...]:
        """Nobody knows yet."""
        return (texts_recorder.LOOKING,)


def channels_words(channels: int) -> str:
    """Say how many channels sound has."""
    if channels <= 2:
        return (texts_recorder.CHANNELS_MONO, texts_recorder.CHANNELS_STEREO)[channels == 2]
    return plural(channels, texts_recorder.CHANNELS)
