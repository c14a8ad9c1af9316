"""Beside the list: the segment under the cursor, its words in doubt, and what else could stand
there. Only seen where the window is wide."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text
from textual.widgets import Static

from omoai_engine.library.doubts import Doubt
from omoai_engine.library.records import Segment
from omoai_tui import texts_review
from omoai_tui.palette import palette
from omoai_tui.review_document import ReviewDocument


@dataclass(frozen=True, slots=True)
class Details:
    """What to draw: a segment, the doubt that is looked at, the whole."""

    segment: Segment | None
    doubt: Doubt | None
    document: ReviewDocument | None


class ReviewDetails(Static):
    """Draws `Details`; draws nothing when nothing differs."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._drawn = ""

    def show(self, details: Details) -> None:
        """Show these."""
        rows = self._rows(details)
        plain = "\n".join(text for text, _ in rows)
        if plain == self._drawn:
            return
        self._drawn = plain
        styles = palette(self.app.theme_variables, self.app.no_color)
        text = Text()
        for row, name in rows:
            text.append(row + "\n", styles[name] if name else "")
        self.update(text)

    def _rows(self, details: Details) -> list[tuple[str, str]]:
        segment, doubt, document = details.segment, details.doubt, details.document
        if segment is None or document is None:
            return []
        rows = [
            (f"{exact_time(segment.start)} – {exact_time(segment.end)}", "time"),
            (f"{texts_review.SPEAKER}: {segment.speaker or '—'}", ""),
        ]
        if segment.confidence is not None:
            rows.append(
                (texts_review.SURE.format(percent=round(segment.confidence * 100)), "muted")
            )
        if segment.edited:
            rows.append((texts_review.EDITED, "muted"))
        if segment.key in document.drafts:
            rows += [("", ""), (texts_review.DRAFT_HERE, "busy")]
        rows.append(("", ""))
        if doubt is None:
            count = len(document.doubts_in(segment.key))
            rows.append((texts_review.DOUBTS_HERE.format(count=count), "muted"))
            return rows
        rows.append((f"“{doubt.text}”", "doubt"))
        if doubt.confidence is not None:
            rows.append((texts_review.SURE.format(percent=round(doubt.confidence * 100)), "muted"))
        if doubt.suggestion is not None:
            rows.append((texts_review.BY_MODEL, "muted"))
        rows.append(("", ""))
        rows += [(f"{n} {text}", "strong") for n, text in enumerate(doubt.options, 1)]
        if not doubt.options:
            rows.append((texts_review.NO_OPTIONS, "muted"))
        rows += [("", ""), *((row, "muted") for row in texts_review.DOUBT_KEYS)]
        return rows


def exact_time(seconds: float) -> str:
    """Return `0:01:02.5`."""
    tenths = round(seconds * 10)
    return f"{tenths // 36000}:{tenths // 600 % 60:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"
