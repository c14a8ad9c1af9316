"""Finding and replacing in a whole transcript, one place after the other or all at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from omoai_engine.library.edits import (
    EditText,
    Replace,
    found_in,
)
from omoai_engine.library.records import EditOutcome, Segment
from omoai_tui import texts_review
from omoai_tui.formats import clock
from omoai_tui.screens.review_doubts import DoubtQueue

if TYPE_CHECKING:
    pass


class ReviewReplacing(DoubtQueue):
    """The part of the review that finds and replaces."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "slash",
            "replace",
            texts_review.english(texts_review.DO_REPLACE),
            show=False,
            id="review.replace",
        ),
    ]

    def action_replace(self) -> None:
        """Ask what to replace by what."""
        from omoai_tui.screens.review_dialogs import ReplaceDialog

        if self.document is None:
            return
        first = self.doubt.text.strip(".,;:!?…") if self.doubt else ""

        def everywhere(wish: Replace | None) -> None:
            if wish is None:
                return

            def done(outcome: EditOutcome) -> None:
                count = sum(len(step.added) for step in outcome.steps)
                self.say(
                    texts_review.FIXED_ALL.format(count=count, find=wish.find, by=wish.replacement)
                )

            self.make([wish], then=done)

        dialog = ReplaceDialog(first, self._count_places, self._replace_one, self._seek_one)
        self.app.push_screen(dialog, everywhere)

    def _count_places(self, wish: Replace, then: Callable[[int], object]) -> None:
        segments = [segment.text for segment in self.document.segments] if self.document else []
        self.ask(lambda _: sum(len(found_in(wish, text)) for text in segments), then)

    def _next_found(self, wish: Replace) -> tuple[Segment, int, int] | None:
        document = self.document
        if document is None:
            return None
        at, count = max(self.view.cursor, 0), len(document.segments)
        begin = self._found_from if self._found_from[0] == at else (at, 0)
        for number in range(count + 1):
            index = (at + number) % count
            segment = document.segments[index]
            for first, last in found_in(wish, segment.text):
                if number or first >= begin[1]:
                    return segment, first, last
        return None

    _found_from: tuple[int, int] = (-1, 0)

    def _seek_one(self, wish: Replace, then: Callable[[str], object]) -> None:
        found = self._next_found(wish)
        document = self.document
        if found is None or document is None:
            then(texts_review.REPLACE_COUNT.format(count=0))
            return
        segment, first, last = found
        at = document.index[segment.key]
        self.view.show_block(at)
        self._found_from = (at, last)
        self.view.mark_sounding((segment.key, first, last))
        then(f"{clock(segment.start)}  {segment.text}")

    def _replace_one(self, wish: Replace, then: Callable[[str], object]) -> None:
        found = self._next_found(wish)
        document = self.document
        if found is None or document is None:
            then(texts_review.REPLACE_COUNT.format(count=0))
            return
        segment, first, last = found
        text = segment.text[:first] + wish.replacement + segment.text[last:]
        at = document.index[segment.key]
        self.view.show_block(at)
        self._found_from = (at, first + len(wish.replacement))
        self.view.mark_sounding(None)

        def done(_outcome: EditOutcome) -> None:
            then(texts_review.REPLACED_ONE.format(time=clock(segment.start)))

        self.make([EditText(segment.key, text, segment.text)], then=done, failed=then)
