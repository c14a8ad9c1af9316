"""The doubt queue of the review: from one uncertain place to the next, each settled by one key."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.binding import Binding, BindingType

from omoai_engine.library.doubts import Doubt
from omoai_engine.library.edits import Confirm, Edit, EditText, Replace
from omoai_engine.library.records import EditOutcome, Segment
from omoai_tui import texts_review
from omoai_tui.formats import clock
from omoai_tui.review_document import ReviewDocument
from omoai_tui.screens.full_screen import FullScreen
from omoai_tui.widgets.review_details import Details
from omoai_tui.widgets.review_list import ReviewList

if TYPE_CHECKING:
    from omoai_engine.library import Library
    from omoai_tui.app import OmoaiApp


class DoubtQueue(FullScreen):
    """What the review does with doubts; the screen itself opens the input and writes edits."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "n",
            "doubt(1)",
            texts_review.english(texts_review.DO_NEXT_DOUBT),
            show=False,
            id="review.next_doubt",
        ),
        Binding(
            "N",
            "doubt(-1)",
            texts_review.english(texts_review.DO_DOUBT_BEFORE),
            show=False,
            id="review.doubt_before",
        ),
        Binding(
            "a",
            "accept",
            texts_review.english(texts_review.DO_ACCEPT),
            show=False,
            id="review.accept",
        ),
        *(
            Binding(
                str(number),
                f"option({number - 1})",
                texts_review.english(texts_review.DO_OPTION) if number == 1 else "",
                show=False,
                id=f"review.option_{number}",
            )
            for number in range(1, 10)
        ),
        Binding("f", "fix", texts_review.english(texts_review.DO_FIX), show=False, id="review.fix"),
        Binding(
            "F",
            "fix_all",
            texts_review.english(texts_review.DO_FIX_ALL),
            show=False,
            id="review.fix_all",
        ),
        Binding(
            "w", "learn", texts_review.english(texts_review.DO_LEARN), show=False, id="review.learn"
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.document: ReviewDocument | None = None
        self.doubt: Doubt | None = None
        self._last_fix: tuple[str, str] | None = None

    # What the screen gives.

    @property
    def view(self) -> ReviewList:
        """The segments."""
        raise NotImplementedError

    def current(self) -> Segment | None:
        """The segment under the cursor."""
        raise NotImplementedError

    def sync(self) -> None:
        """Draw bars and details."""
        raise NotImplementedError

    def ask(
        self,
        work: Callable[[Library], Any],
        done: Callable[[Any], object],
        failed: Callable[[str], object] | None = None,
        *,
        writes: bool = False,
    ) -> None:
        """Let the thread do something with the library."""
        raise NotImplementedError

    def make(
        self,
        edits: Iterable[Edit],
        label: str | None = None,
        *,
        then: Callable[[EditOutcome], object] | None = None,
        failed: Callable[[str], object] | None = None,
    ) -> None:
        """Write edits."""
        raise NotImplementedError

    def took(self, outcome: EditOutcome) -> None:
        """Show what an edit did."""
        raise NotImplementedError

    def open_input(self, segment: Segment, at: int, *, stop: int | None = None) -> None:
        """Open a segment's text."""
        raise NotImplementedError

    def say(self, sentence: str, seconds: float = 4) -> None:
        """Tell the person something."""
        self.app.notify(sentence, markup=False, timeout=seconds)

    # Where the person is.

    def _here(self) -> tuple[int, int]:
        document = self.document
        if self.doubt is not None and document and self.doubt.key in document.index:
            return document.index[self.doubt.key], self.doubt.begin
        return max(self.view.cursor, 0), -1

    def cursor_moved(self) -> None:
        """A doubt is left when the cursor leaves its segment; the first of another one is not
        taken up by itself."""
        segment = self.current()
        if self.doubt is not None and (segment is None or segment.key != self.doubt.key):
            self._look_at(None)

    def check_place(self) -> None:
        """After an edit: the doubt that is looked at may be settled or have moved."""
        if self.doubt is None or self.document is None:
            return
        still = [
            one
            for one in self.document.doubts_in(self.doubt.key)
            if one.text == self.doubt.text and abs(one.begin - self.doubt.begin) < 40
        ]
        self._look_at(still[0] if still else None)

    def _look_at(self, doubt: Doubt | None) -> None:
        self.doubt = doubt
        self.view.mark_place((doubt.key, doubt.begin, doubt.stop) if doubt else None)
        if doubt and self.document:
            self.document.pace.begin(time.monotonic())

    def action_doubt(self, step: int) -> None:
        """Go to the next uncertain place, or the one before."""
        document = self.document
        if document is None:
            return
        here = self._here()
        found = document.next_place(here, step)
        if found is None and document.places:
            found = document.places[0 if step > 0 else -1]
            if found == self.doubt:
                self.say(texts_review.ONLY_DOUBT)
                return
            self.say(texts_review.ROUND_END if step > 0 else texts_review.ROUND_BEGIN)
        if found is None:
            self.say(texts_review.NO_DOUBT)
            self._look_at(None)
        else:
            self._go(found)
        self.sync()

    def _go(self, doubt: Doubt) -> None:
        self.doubt = doubt
        if self.document is not None:
            self.view.show_block(self.document.index[doubt.key])
        self._look_at(doubt)

    def _on(self, at: tuple[int, int]) -> None:
        """A place is settled: go on with the next."""
        document = self.document
        if document is None:
            return
        document.pace.settle(time.monotonic())
        found = document.next_place(at, 1)
        if found is None:
            self._look_at(None)
            self.say(texts_review.ROUND_END if document.places else texts_review.ALL_SETTLED)
        else:
            self._go(found)
        self.sync()

    # Settling.

    def _in_doubt(self) -> Doubt | None:
        """The doubt that is looked at, else the first of the segment under the cursor."""
        if self.doubt is None and self.document and (segment := self.current()):
            found = self.document.doubts_in(segment.key)
            if found:
                self._look_at(found[0])
        if self.doubt is None:
            self.say(texts_review.NO_DOUBT_HERE)
        return self.doubt

    def action_accept(self) -> None:
        """It is right as it stands."""
        doubt, document = self._in_doubt(), self.document
        if doubt is None or document is None:
            return
        here = self._here()
        if doubt.suggestion is None:
            edits = [Confirm(doubt.key, doubt.first, doubt.last)]
            self.make(edits, then=lambda _: self._on(here))
            return
        entry, number = document.entry.id, doubt.suggestion
        sure = not any(
            word.confidence is not None
            for word in document.segments[here[0]].words[doubt.first : doubt.last + 1]
        )

        def refuse(library: Library) -> EditOutcome | None:
            library.settle(entry, number, accept=False)
            return (
                None if sure else library.edit(entry, Confirm(doubt.key, doubt.first, doubt.last))
            )

        def done(outcome: EditOutcome | None) -> None:
            document.settled(number, "refused")
            if outcome is not None:
                self.took(outcome)
            else:
                document.refresh(doubt.key)
                self.view.redraw_key(doubt.key)
            self._on(here)

        self.ask(refuse, done, writes=True)

    def action_option(self, number: int) -> None:
        """Put this alternative there."""
        doubt, document = self._in_doubt(), self.document
        if doubt is None or document is None:
            return
        if number >= len(doubt.options):
            self.app.bell()
            return
        here, text = self._here(), doubt.options[number]
        self._last_fix = (doubt.text, text)
        if doubt.suggestion is not None and number == 0:
            entry, suggestion = document.entry.id, doubt.suggestion

            def done(outcome: EditOutcome | None) -> None:
                document.settled(suggestion, "accepted")
                if outcome is not None:
                    self.took(outcome)
                self._on(here)

            self.ask(
                lambda library: library.settle(entry, suggestion, accept=True), done, writes=True
            )
            return
        segment = document.segments[here[0]]
        whole = segment.text[: doubt.begin] + text + segment.text[doubt.stop :]
        self.make(self._settled(doubt, segment, whole), then=lambda _: self._on(here))

    def _settled(self, doubt: Doubt, segment: Segment, text: str) -> tuple[Edit, ...]:
        """Return the edits for a place that a person has chosen the words of: those that stayed
        the same are right, too."""
        edits: list[Edit] = [EditText(segment.key, text, segment.text)]
        same = len(text.split()) == len(segment.text.split())
        if segment.words and same:
            edits.append(Confirm(segment.key, doubt.first, doubt.last))
        return tuple(edits)

    def action_fix(self) -> None:
        """Open the text with the word chosen: what is typed takes its place."""
        doubt, document = self._in_doubt(), self.document
        if doubt is not None and document is not None:
            segment = document.segments[document.index[doubt.key]]
            self._fixing = (doubt, segment.text, self._here())
            self.open_input(segment, doubt.begin, stop=doubt.stop)

    _fixing: tuple[Doubt, str, tuple[int, int]] | None = None

    def fixed(self, key: int, outcome: EditOutcome | None) -> None:
        """The input was closed and its text is kept: if a doubt was being fixed, it is settled."""
        fixing, self._fixing = self._fixing, None
        document = self.document
        if fixing is None or document is None or fixing[0].key != key:
            return
        doubt, was, here = fixing
        at = document.index.get(key)
        if at is None:
            return
        now = document.segments[at].text
        tail = len(was) - doubt.stop
        if now.startswith(was[: doubt.begin]) and (not tail or now.endswith(was[doubt.stop :])):
            self._last_fix = (doubt.text, now[doubt.begin : len(now) - tail])
        left = [one for one in document.doubts_in(key) if one.begin == doubt.begin]
        if outcome is None and left and left[0].suggestion is None:
            # Nothing was changed: it is right as it stands.
            self.make([Confirm(key, doubt.first, doubt.last)], then=lambda _: self._on(here))
        elif outcome is not None:
            self._on(here)

    def action_fix_all(self) -> None:
        """Do the last fix wherever the same words stand, or ask what to write."""
        doubt, document = self.doubt, self.document
        if document is None:
            return
        if self._last_fix is not None and (doubt is None or doubt.text == self._last_fix[0]):
            self.replace_all(*self._last_fix)
            return
        if (doubt := self._in_doubt()) is not None:
            from omoai_tui.screens.review_dialogs import LineDialog

            def answered(text: str | None) -> None:
                if text:
                    self.replace_all(doubt.text, text)

            title = texts_review.FIX_ALL_TITLE.format(words=doubt.text)
            first = doubt.options[0] if doubt.options else doubt.text
            self.app.push_screen(LineDialog(title, first, doubt.options), answered)

    def replace_all(self, find: str, by: str) -> None:
        """Replace words everywhere."""
        edit = Replace(find, by, marks_count=True, case_counts=False, whole_words=True)

        def done(outcome: EditOutcome) -> None:
            count = sum(len(step.added) for step in outcome.steps)
            self.say(texts_review.FIXED_ALL.format(count=count, find=find, by=by))

        self.make([edit], then=done)

    def action_learn(self) -> None:
        """Add words to the person's own vocabulary."""
        from omoai_tui.screens.review_dialogs import LineDialog

        app = cast("OmoaiApp", self.app)
        overrides = app.conductor.overrides
        first = self._last_fix[1] if self._last_fix else self.doubt.text if self.doubt else ""

        def answered(text: str | None) -> None:
            if not text:
                return

            def add(_library: Library) -> object:
                from omoai_engine.config import load_config
                from omoai_engine.library.vocabulary import add_hotword

                return add_hotword(load_config(**overrides), text)

            def added(path: object) -> None:
                said = texts_review.LEARNED if path else texts_review.KNOWN
                self.say(said.format(word=text, path=str(path)), 6)
                app.conductor.renew()

            self.ask(add, added)

        self.app.push_screen(
            LineDialog(texts_review.LEARN_TITLE, first.strip(".,;:!?…"), ()), answered
        )

    # What is said of it.

    def state_line(self) -> str:
        """One line: which doubt of how many, how long the rest takes, what could stand there."""
        document = self.document
        if document is None:
            return ""
        parts = []
        count = len(document.places)
        total = count + document.pace.settled
        if self.doubt is not None:
            number = document.pace.settled + document.number_of(self.doubt)
            parts.append(texts_review.DOUBT_OF.format(number=number, total=total))
        elif count:
            parts.append(texts_review.DOUBTS_LEFT.format(count=count))
        else:
            parts.append(texts_review.NO_DOUBT)
        if count and (left := document.pace.left(count)) is not None:
            parts.append(texts_review.TIME_LEFT.format(time=clock(left)))
        if document.marked:
            parts.append(texts_review.MARKED.format(count=len(document.marked)))
        if self.doubt is not None:
            parts += [f"{n} {text}" for n, text in enumerate(self.doubt.options, 1)]
        return " · ".join(parts)

    def details(self) -> Details:
        """What stands beside the list."""
        segment, doubt = self.current(), self.doubt
        return Details(segment, doubt, self.document)
