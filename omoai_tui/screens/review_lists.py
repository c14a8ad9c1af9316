"""The lists over the review: history, differences, what the language model suggested, summary."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from omoai_engine.library.differences import Difference
from omoai_engine.library.records import EditOutcome, HistoryItem
from omoai_engine.text import one_line
from omoai_tui import texts_review
from omoai_tui.formats import clock
from omoai_tui.language import plural
from omoai_tui.screens.review_doubts import DoubtQueue

if TYPE_CHECKING:
    from omoai_engine.library import Library


class ReviewLists(DoubtQueue):
    """The part of the review that shows lists; Enter goes to the place."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "h",
            "history",
            texts_review.english(texts_review.DO_HISTORY),
            show=False,
            id="review.history",
        ),
        Binding(
            "D",
            "differences",
            texts_review.english(texts_review.DO_DIFF),
            show=False,
            id="review.diff",
        ),
        Binding(
            "O",
            "restore",
            texts_review.english(texts_review.DO_RESTORE),
            show=False,
            id="review.restore",
        ),
        Binding(
            "P", "proof", texts_review.english(texts_review.DO_PROOF), show=False, id="review.proof"
        ),
        Binding(
            "b",
            "bullets",
            texts_review.english(texts_review.DO_BULLETS),
            show=False,
            id="review.bullets",
        ),
    ]

    def jump(self, key: int) -> None:
        """Put the cursor on a segment, if it is still there."""
        at = self.document.index.get(key) if self.document else None
        if at is None:
            self.say(texts_review.GONE)
        else:
            self.view.show_block(at)
            self.sync()

    def action_history(self) -> None:
        """Show every edit; go back (or on) to one."""
        from omoai_tui.screens.review_dialogs import ListDialog, Row

        document = self.document
        if document is None:
            return
        entry = document.entry.id

        def show(items: list[HistoryItem]) -> None:
            rows = [Row("", texts_review.AS_RECOGNIZED)]
            for item in items:
                when = datetime.fromtimestamp(item.created).strftime("%d.%m. %H:%M:%S")
                said = texts_review.LABELS.get(item.label, item.label)
                rows.append(Row(when, said, "muted" if item.undone else ""))
            now = sum(not item.undone for item in items)

            def chosen(index: int | None) -> None:
                if index is not None and index != now:
                    self.ask(
                        lambda library: _travel(library, entry, index - now),
                        self._took_all,
                    )

            self.app.push_screen(
                ListDialog(
                    texts_review.HISTORY_TITLE, rows, keys=texts_review.HISTORY_KEYS, at=now
                ),
                chosen,
            )

        self.ask(lambda library: library.history(entry), show)

    def _took_all(self, outcomes: list[EditOutcome]) -> None:
        for outcome in outcomes:
            self.took(outcome)

    def action_differences(self) -> None:
        """Show what differs from the original recognition."""
        from omoai_tui.screens.review_dialogs import ListDialog, Row

        document = self.document
        if document is None:
            return

        def show(found: tuple[Difference, ...]) -> None:
            rows = [
                Row(clock(one.start), f"{one.before or '∅'} → {one.after or '∅'}") for one in found
            ]

            def chosen(index: int | None) -> None:
                if index is not None and self.document:
                    self.view.show_block(self.document.at_time(found[index].start))

            title = plural(len(rows), texts_review.DIFF_TITLE)
            self.app.push_screen(
                ListDialog(title, rows, keys=texts_review.DIFF_KEYS, empty=texts_review.DIFF_NONE),
                chosen,
            )

        self.ask(lambda library: library.diff(document.entry.id), show)

    def action_restore(self) -> None:
        """Bring the original recognition back; `u` takes that back."""
        document = self.document
        if document is None:
            return
        entry = document.entry.id

        def done(outcome: EditOutcome) -> None:
            self.took(outcome)
            self.say(texts_review.RESTORED)

        self.ask(lambda library: library.restore_original(entry), done, writes=True)

    def proof_note(self) -> str:
        """What the language model did to the words: counted, not assumed."""
        document = self.document
        if document is None:
            return ""
        figures = document.entry.metadata.get("postprocess")
        changed = figures.get("words_changed") if isinstance(figures, dict) else None
        if not isinstance(changed, int):
            return ""
        return plural(changed, texts_review.WORDS_CHANGED)

    def action_proof(self) -> None:
        """Show every suggestion of the language model and what became of it."""
        from omoai_tui.screens.review_dialogs import ListDialog, Row

        document = self.document
        if document is None:
            return
        suggestions = list(document.suggestions)
        rows = []
        for one in suggestions:
            at = document.index.get(one.key)
            time = clock(document.segments[at].start) if at is not None else "–"
            state = texts_review.SUGGESTION[one.state]
            rows.append(Row(time, f"{state}: {one.words} → {one.text}"))
        accepted = sum(one.state == "accepted" for one in suggestions)
        note = self.proof_note() or texts_review.NOT_COUNTED
        title = texts_review.PROOF_TITLE.format(note=note, count=len(rows), accepted=accepted)

        def chosen(index: int | None) -> None:
            if index is None or document is not self.document:
                return
            one = suggestions[index]
            self.jump(one.key)
            for doubt in document.doubts_in(one.key):
                if doubt.suggestion == one.id:
                    self._go(doubt)
                    self.sync()

        self.app.push_screen(
            ListDialog(title, rows, keys=texts_review.JUMP_KEYS, empty=texts_review.NO_SUGGESTIONS),
            chosen,
        )

    def action_bullets(self) -> None:
        """Show the summary; every point with its segments, what has none is marked."""
        from omoai_tui.screens.review_dialogs import ListDialog, Row

        document = self.document
        if document is None:
            return
        rows: list[Row] = []
        keys: list[int | None] = []
        if document.summary.abstract:
            rows.append(Row("", document.summary.abstract, "muted"))
            keys.append(None)
        supports = document.bullet_keys
        for at, bullet in enumerate(document.summary.bullets):
            there = [k for k in (supports[at] if at < len(supports) else ()) if k in document.index]
            if not there:
                rows.append(Row("!", f"{bullet} ({texts_review.NO_SUPPORT})", "low"))
                keys.append(None)
                continue
            times = ", ".join(clock(document.segments[document.index[k]].start) for k in there)
            rows.append(Row("•", f"{bullet} [{times}]"))
            keys.append(there[0])

        def chosen(index: int | None) -> None:
            if index is not None and (key := keys[index]) is not None:
                self.jump(key)

        title = one_line(document.summary.title) or texts_review.SUMMARY_TITLE
        self.app.push_screen(
            ListDialog(title, rows, keys=texts_review.JUMP_KEYS, empty=texts_review.NO_SUMMARY),
            chosen,
        )


def _travel(library: Library, entry: int, steps: int) -> list[EditOutcome]:
    """Undo (or redo) so many edits."""
    outcomes = []
    for _ in range(abs(steps)):
        outcome = library.undo(entry) if steps < 0 else library.redo(entry)
        if outcome is None:
            break
        outcomes.append(outcome)
    return outcomes
