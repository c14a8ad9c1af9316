"""Recognising segments again, side by side with what stands there; taken or left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType

from omoai_engine.control import JobControl
from omoai_engine.library.edits import (
    Edit,
    Recognize,
)
from omoai_engine.library.records import Segment
from omoai_engine.results import ASRSegment
from omoai_tui import texts_review
from omoai_tui.screens.review_segments import ReviewSegments
from omoai_tui.widgets.review_details import exact_time

if TYPE_CHECKING:
    from omoai_engine.library import Library
    from omoai_tui.app import OmoaiApp
    from omoai_tui.screens.review_dialogs import AgainWish


class ReviewAgain(ReviewSegments):
    """The part of the review that recognises a stretch again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "r", "again", texts_review.english(texts_review.DO_AGAIN), show=False, id="review.again"
        ),
    ]

    def action_again(self) -> None:
        """Recognise the segments again, with other settings or another model."""
        document, chosen = self.document, self.chosen()
        if document is None or not chosen:
            return
        entry = document.entry.id
        overrides = cast("OmoaiApp", self.app).conductor.overrides

        def look(library: Library) -> tuple[Path, list[str], AgainWish]:
            from omoai_engine.config import load_config
            from omoai_engine.library.redoing import sound_of
            from omoai_engine.models import list_installed
            from omoai_tui.screens.review_dialogs import AgainWish

            path = sound_of(library.audio_file(entry))
            config = load_config(**overrides)
            names = [one.name for one in list_installed(config) if one.engine != "llm"]
            asr = config.asr
            models = list(dict.fromkeys((asr.model, "auto", *names)))
            return path, models, AgainWish(asr.model, asr.language, "best")

        def ask(found: tuple[Path, list[str], AgainWish]) -> None:
            from omoai_tui.screens.review_dialogs import AgainDialog

            path, models, now = found
            span = f"{exact_time(chosen[0].start)} – {exact_time(max(one.end for one in chosen))}"

            def answered(wish: AgainWish | None) -> None:
                if wish is not None:
                    self._again_with(wish, path, chosen)

            self.app.push_screen(AgainDialog(span, models, now), answered)

        self.ask(look, ask)

    def _again_with(self, wish: AgainWish, path: Path, chosen: list[Segment]) -> None:
        from omoai_tui.screens.review_dialogs import ProgressDialog
        from omoai_tui.tasks import start_task

        app = cast("OmoaiApp", self.app)
        overrides = dict(app.conductor.overrides)
        overrides["asr"] = {
            **overrides.get("asr", {}),
            "model": wish.model,
            "language": wish.language,
            "quality": wish.quality,
        }
        control = JobControl()
        dialog = ProgressDialog(texts_review.AGAIN_GOING, control.cancel)
        start, end = chosen[0].start, max(one.end for one in chosen)

        def work() -> None:
            from omoai_engine.config import load_config
            from omoai_engine.errors import CancelledError
            from omoai_engine.library.redoing import recognize_again

            try:
                heard = recognize_again(
                    path,
                    start,
                    end,
                    load_config(**overrides),
                    control=control,
                    progress=lambda part: self._later(lambda: dialog.show(part)),
                )
            except CancelledError:
                self._later(dialog.dismiss)
                return
            except BaseException:
                self._later(dialog.dismiss)
                raise
            self._later(lambda: self._heard_again(dialog, chosen, heard))

        app.push_screen(dialog)
        start_task(work, app.post)

    def _later(self, call: Callable[[], object]) -> None:
        from omoai_tui.review_desk import DeskAnswered

        self.post_message(DeskAnswered(call))

    def _heard_again(
        self, dialog: object, chosen: list[Segment], heard: tuple[ASRSegment, ...]
    ) -> None:
        from omoai_tui.screens.review_dialogs import CompareDialog, ProgressDialog

        cast(ProgressDialog, dialog).dismiss()
        if not heard:
            self.say(texts_review.NOTHING_HEARD)
            return
        before = " ".join(one.text for one in chosen)
        after = " ".join(one.text for one in heard)
        keys = tuple(one.key for one in chosen)

        def answered(take: bool | None) -> None:
            if take:
                self.make([_taken(keys, chosen, heard)], then=self._marks_done)

        self.app.push_screen(CompareDialog(before, after), answered)


def _taken(keys: tuple[int, ...], chosen: list[Segment], heard: tuple[ASRSegment, ...]) -> Edit:
    """Return the edit; one segment that stays one keeps its times."""
    if len(chosen) == len(heard) == 1:
        one = replace(heard[0], start=chosen[0].start, end=chosen[0].end)
        return Recognize(keys, (one,))
    return Recognize(keys, heard)
