"""Rows that come at one end and go at the other, without copying those that stay.

In: (..., m, width) tensors in order. Out: (..., n, width), the rows that were not dropped yet, as
a view.
Joining old and new rows anew in every step took 0.12 s of 1.75 s in bfloat16.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_SPARE_ROWS = 256
"""The most room that is kept for rows to come. One step of a processor fits; with room for four
the windows of all layers leave the cache sooner (3 % of the time in bfloat16)."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Rows (..., n, width) in order, of which the oldest fall out: `first` to `stop` of the buffer.

    Appending copies the new rows only; all rows go to the front where the buffer ends. It never
    writes over the rows of the window that it is asked of, so one that was kept from before a
    failed step is still whole.
    """

    buffer: Tensor
    first: int = 0
    stop: int = 0

    @property
    def rows(self) -> Tensor:
        """(..., n, width), a view."""
        return self.buffer[..., self.first : self.stop, :]

    def __len__(self) -> int:
        return self.stop - self.first

    def append(self, rows: Tensor) -> Window:
        """Return the window with (..., m, width) more rows at its end."""
        window, room = self.grow(rows.shape[-2])
        room.copy_(rows)
        return window

    def grow(self, more: int) -> tuple[Window, Tensor]:
        """Return the window with `more` rows at its end, and these, still to be filled."""
        buffer, first, count = self.buffer, self.first, len(self)
        if self.stop + more > buffer.shape[-2]:
            if first < count + more:
                room = count + more + min(count + more, _SPARE_ROWS)
                buffer = buffer.new_empty((*buffer.shape[:-2], room, buffer.shape[-1]))
            buffer[..., :count, :], first = self.rows, 0
        stop = first + count + more
        return Window(buffer, first, stop), buffer[..., first + count : stop, :]

    def drop(self, count: int) -> Window:
        """Return the window without its `count` oldest rows."""
        left = Window(self.buffer, self.first + count, self.stop)
        if self.buffer.shape[-2] > 2 * (len(left) + _SPARE_ROWS):
            return Window(left.rows.clone(), 0, len(left))
        return left

    def moved(self, device: torch.device, dtype: torch.dtype | None = None) -> Window:
        """Return the same rows on another device, in another precision."""
        return Window(self.buffer.to(device, dtype), self.first, self.stop)
