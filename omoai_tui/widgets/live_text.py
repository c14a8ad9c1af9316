"""The live text of a recording: firm segments as those of a job, and the words that may change."""

from __future__ import annotations

from omoai_tui import texts_recorder
from omoai_tui.widgets.segment_list import SegmentList


class LiveText(SegmentList):
    """A segment list that says what a recording without words yet is doing."""

    expected = True
    """Whether live text comes or will come."""

    def expect(self, expected: bool) -> None:
        """Say whether words will come."""
        if expected != self.expected:
            self.expected = expected
            if not self.block_count():
                self.refresh()

    def empty_lines(self) -> tuple[str, ...]:
        """Say what will be here."""
        return texts_recorder.EMPTY_LIVE if self.expected else texts_recorder.EMPTY_LIVE_NONE
