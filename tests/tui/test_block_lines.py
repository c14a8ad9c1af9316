"""Line arithmetic of the lists, against the plain way of counting."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omoai_tui.widgets.block_lines import BlockLines

HEIGHTS = st.lists(st.integers(1, 5), min_size=1, max_size=30)


def plain(heights: list[int]) -> list[tuple[int, int]]:
    return [(block, row) for block, height in enumerate(heights) for row in range(height)]


@given(HEIGHTS, HEIGHTS, st.data())
def test_lines_are_those_of_counting(
    heights: list[int], others: list[int], data: st.DataObject
) -> None:
    lines = BlockLines(lambda block, _width: heights[block])
    cut = data.draw(st.integers(0, len(heights)))
    lines.measure_all(cut, 40)
    lines.add(len(heights))
    assert [lines.at(line) for line in range(lines.total)] == plain(heights)
    first = data.draw(st.integers(0, len(heights) - 1))
    last = min(len(heights) - 1, first + len(others) - 1)
    before = list(heights)
    heights[first : last + 1] = others[: last + 1 - first]
    moved = lines.revise(first, last)
    assert moved == (before != heights)
    assert [lines.at(line) for line in range(lines.total)] == plain(heights)
    for block in range(len(heights)):
        assert lines.end(block) - lines.start(block) == heights[block]
