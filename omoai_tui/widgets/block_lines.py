"""Which line belongs to which block, for lists of blocks of different heights. Pure numbers.

Lines and blocks count from 0. Finding a block by its line takes logarithmic time, adding one
constant time; a block that changes its height moves those after it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

Height = Callable[[int, int], int]
"""Lines of a block (first) at a width in cells (second)."""


class BlockLines:
    """The lines of measured blocks."""

    def __init__(self, height: Height) -> None:
        self._height = height
        self._ends: list[int] = []
        self.width = 0

    def __len__(self) -> int:
        """How many blocks are measured."""
        return len(self._ends)

    @property
    def total(self) -> int:
        """Lines of all blocks together."""
        return self._ends[-1] if self._ends else 0

    def start(self, block: int) -> int:
        """Return the first line of a block."""
        return self._ends[block - 1] if block else 0

    def end(self, block: int) -> int:
        """Return the line after the last of a block."""
        return self._ends[block]

    def at(self, line: int) -> tuple[int, int]:
        """Return the block that holds `line`, and the row inside it."""
        block = bisect_right(self._ends, line)
        return block, line - self.start(block)

    def measure_all(self, count: int, width: int) -> None:
        """Measure blocks `0..count-1` anew at this width."""
        self.width = width
        self._ends.clear()
        self.add(count)

    def add(self, count: int) -> None:
        """Measure the blocks that are new among `count`."""
        end, width = self.total, self.width
        height, add = self._height, self._ends.append
        for block in range(len(self._ends), count):
            end += height(block, width)
            add(end)

    def cut(self, count: int) -> None:
        """Forget every block from `count` on."""
        del self._ends[count:]

    def revise(self, first: int, last: int) -> bool:
        """Measure `first..last` again; say whether any line moved."""
        before = self._ends[first : last + 1]
        end = self.start(first)
        for block in range(first, last + 1):
            end += self._height(block, self.width)
            self._ends[block] = end
        if shift := end - before[-1]:
            self._ends[last + 1 :] = [line + shift for line in self._ends[last + 1 :]]
        return self._ends[first : last + 1] != before
