"""The lines that send another machine's microphone: shown, and copied one at a time."""

from __future__ import annotations

from omoai_tui import texts_recorder
from omoai_tui.cells import wrap
from omoai_tui.widgets.block_view import BlockView, Pieces


class SenderLines(BlockView):
    """A system and its line a block."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.lines: tuple[tuple[str, str], ...] = ()

    def show(self, lines: tuple[tuple[str, str], ...]) -> None:
        """Show (system, line) pairs."""
        self.lines = lines
        self.reset()
        self._move_to(0)

    def line(self) -> str:
        """Return the line under the cursor; one without a remark beside it."""
        text = self.lines[max(0, self.cursor)][1] if self.lines else ""
        return text.partition("     (")[0]

    def block_count(self) -> int:
        """One block a line."""
        return len(self.lines)

    def _heading(self, index: int) -> str:
        system = self.lines[index][0]
        if index and self.lines[index - 1][0] == system:
            return ""
        return str(texts_recorder.SYSTEMS.get(system, system))

    def block_height(self, index: int, width: int) -> int:
        """The system above, unless the line before was for the same; the wrapped line."""
        return bool(self._heading(index)) + len(wrap(self.lines[index][1], width - 4))

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """The system, and the line below it."""
        heading, text = self._heading(index), self.lines[index][1]
        lines: list[Pieces] = [[(f" {heading}", "strong")]] if heading else []
        return lines + [[(f"   {text[a:b]}", "time")] for a, b in wrap(text, width - 4)]
