"""Review: a transcript of the library, corrected one place at a time, by keys, with the sound.

The screen draws a `ReviewDocument` and sends wishes to a `ReviewDesk`, whose thread writes each
edit to the disk before it is shown. What a person typed and did not keep stays as a draft.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static

from omoai_engine.library.edits import Edit, EditText, Split, word_places
from omoai_engine.library.records import EditOutcome, Segment, StoredSuggestion, Transcript
from omoai_engine.text import one_line
from omoai_tui import texts_review
from omoai_tui.formats import clock
from omoai_tui.language import plural
from omoai_tui.review_desk import DeskAnswered, ReviewDesk
from omoai_tui.review_document import Redraw, ReviewDocument
from omoai_tui.review_drafts import read_drafts, write_drafts
from omoai_tui.screens.review_again import ReviewAgain
from omoai_tui.screens.review_doubts import DoubtQueue
from omoai_tui.screens.review_lists import ReviewLists
from omoai_tui.screens.review_outside import ReviewOutside
from omoai_tui.screens.review_replacing import ReviewReplacing
from omoai_tui.screens.review_segments import ReviewSegments
from omoai_tui.screens.review_sound import ReviewSound
from omoai_tui.widgets.bars import Hint
from omoai_tui.widgets.block_view import BlockView
from omoai_tui.widgets.review_details import ReviewDetails
from omoai_tui.widgets.review_list import ReviewList
from omoai_tui.widgets.segment_input import SegmentInput

if TYPE_CHECKING:
    from omoai_engine.library import Library
    from omoai_tui.app import OmoaiApp
    from omoai_tui.jobs import Job

LOOK_AGAIN_SECONDS = 2.0
"""So often a transcript that is still being recognised is looked at for more."""


PARTS = (
    DoubtQueue,
    ReviewSound,
    ReviewSegments,
    ReviewReplacing,
    ReviewLists,
    ReviewOutside,
    ReviewAgain,
)
"""What the screen is put together from, in the order of the key table."""


class ReviewScreen(
    ReviewAgain, ReviewOutside, ReviewLists, ReviewReplacing, ReviewSegments, ReviewSound
):
    """The review of one entry; without a number, of the job that the workbench shows."""

    CSS_PATH = "../styles/review.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "e", "edit", texts_review.english(texts_review.DO_EDIT), show=False, id="review.edit"
        ),
        Binding(
            "s", "split", texts_review.english(texts_review.DO_SPLIT), show=False, id="review.split"
        ),
        Binding(
            "u", "undo", texts_review.english(texts_review.DO_UNDO), show=False, id="review.undo"
        ),
        Binding(
            "U,ctrl+r",
            "redo",
            texts_review.english(texts_review.DO_REDO),
            show=False,
            id="review.redo",
        ),
        Binding(
            "x", "mark", texts_review.english(texts_review.DO_MARK), show=False, id="review.mark"
        ),
        Binding(
            "ctrl+d",
            "discard_draft",
            texts_review.english(texts_review.DO_DISCARD),
            show=False,
            id="review.discard",
        ),
    ]

    def __init__(self, entry: int | None = None, at_seconds: float | None = None) -> None:
        super().__init__()
        self._entry = entry
        self._at = at_seconds
        self._desk: ReviewDesk | None = None
        self._again: Timer | None = None
        self._editing: int | None = None
        self._drafts: dict[int, str] = {}

    def body(self) -> ComposeResult:
        """The list with the input over it, details beside, one line of state below."""
        with Horizontal(id="review"):
            with Container(id="review-area"):
                yield ReviewList(id="review-list")
                yield SegmentInput(id="segment-input")
            yield ReviewDetails(id="review-details")
        yield Static(id="review-state", markup=False)

    # Coming and going.

    def on_mount(self) -> None:
        """Read the entry in the thread."""
        self.set_focus(self.view, scroll_visible=False)
        app = cast("OmoaiApp", self.app)
        if self._entry is None:
            job = app.bench.job
            self._entry = job.entry if job else None
            if self._entry is None:
                self.view.why_empty = _why_not(job)
                self.view.reset()
                return
        self._desk = ReviewDesk(self.post_message, app.conductor.overrides, self._failed)
        entry = self._entry

        def read(library: Library) -> tuple[Transcript, dict[int, str]]:
            return library.transcript(entry), read_drafts(entry)

        self.ask(read, self._found, self._not_opened)

    def _found(self, read: tuple[Transcript, dict[int, str]]) -> None:
        transcript, self._drafts = read
        self._opened(transcript)

    def on_unmount(self) -> None:
        """What was asked for comes to its end; sound and thread go."""
        if self._desk is not None:
            self._desk.close()
        self.player.close()

    def ask(
        self,
        work: Callable[[Library], Any],
        done: Callable[[Any], object],
        failed: Callable[[str], object] | None = None,
        *,
        writes: bool = False,
    ) -> None:
        """Let the thread do `work` with the library, then `done` here."""
        if self._desk is not None:
            self._desk.do(work, done, failed, writes=writes)

    @on(DeskAnswered)
    def _answered(self, message: DeskAnswered) -> None:
        if self.is_mounted:
            message.tell()

    def _failed(self, sentence: str) -> None:
        self.app.notify(sentence, severity="error", markup=False, timeout=12)

    def _not_opened(self, sentence: str) -> None:
        self.view.why_empty = (sentence,)
        self.view.reset()

    def _opened(self, transcript: Transcript) -> None:
        self._show(transcript)
        self._look_for_doubts()
        if transcript.entry.state == "recording":
            self._again = self.set_interval(LOOK_AGAIN_SECONDS, self._look_again)

    def _show(self, transcript: Transcript) -> None:
        before = self.document
        document = ReviewDocument(transcript)
        at = self.view.cursor
        if before is not None:
            document.marked = before.marked & document.index.keys()
            document.drafts, document.pace = before.drafts, before.pace
            document.take_doubts(before)
            if 0 <= at < len(before.segments):
                at = document.index.get(
                    before.segments[at].key, document.at_time(before.segments[at].start)
                )
        else:
            document.drafts = self._drafts
            at = document.at_time(self._at) if self._at is not None else 0
        self.document = document
        self.view.why_empty = texts_review.EMPTY
        self.view.show(document, at)
        self.sync()

    def _look_for_doubts(self) -> None:
        entry, document = cast(int, self._entry), self.document
        if document is None:
            return
        segments = list(document.segments)

        def look(library: Library) -> tuple[ReviewDocument, list[StoredSuggestion]]:
            transcript = Transcript(document.entry, tuple(segments), document.summary)
            copy = ReviewDocument(transcript)
            suggestions = library.suggestions(entry)
            copy.find_doubts(suggestions)
            return copy, suggestions

        def found(both: tuple[ReviewDocument, list[StoredSuggestion]]) -> None:
            if self.document is document:
                document.take_doubts(both[0])
                self.view.redraw_part(Redraw(0, len(document.segments) - 1))
                self.sync()

        self.ask(look, found)

    def _look_again(self) -> None:
        """Take in what a running job has recognised meanwhile; all anew when it is through."""
        entry, document = cast(int, self._entry), self.document
        if document is None:
            return
        revision, known = document.entry.revision, max(document.index, default=-1)

        def look(library: Library) -> Transcript | list[Segment]:
            now = library.entry(entry)
            if now.state != "recording":
                return library.transcript(entry)
            return [] if now.revision == revision else library.segments_since(entry, known)

        def take(found: Transcript | list[Segment]) -> None:
            if isinstance(found, Transcript):
                if self._again is not None:
                    self._again.stop()
                if self._editing is not None:
                    # Not under the person's hands: the typed text stands over the list.
                    self._again = self.set_interval(LOOK_AGAIN_SECONDS, self._look_again)
                    return
                self._show(found)
                self._look_for_doubts()
                self.app.notify(texts_review.THROUGH, markup=False, timeout=4)
            elif document.add(found):
                self.view.grow()
                self.sync()

        self.ask(look, take)

    # What is drawn.

    @property
    def view(self) -> ReviewList:
        """The segments."""
        return self.query_one(ReviewList)

    def headline(self) -> tuple[str, str]:
        """The title of the transcript; how it stands."""
        document = self.document
        if document is None:
            return texts_review.REVIEW, ""
        entry = document.entry
        # The proof first: where the line is short, its end is what is cut.
        facts = [self.proof_note(), texts_review.STATES[entry.state], clock(entry.duration)]
        facts.append(plural(len(document.segments), texts_review.SEGMENT_COUNT))
        return one_line(entry.title), " · ".join(filter(None, facts))

    def hints(self) -> list[Hint]:
        """The keys that matter now."""
        if self._editing is not None:
            return [
                ("Enter", texts_review.KEEP, "screen.keep"),
                ("^S", texts_review.SPLIT_HERE, "screen.in_input('split')"),
                ("Tab", texts_review.KEEP_NEXT, "screen.in_input('next')"),
                ("F5", texts_review.PLAY, "screen.in_input('hear')"),
            ]
        if self.document is None:
            return []
        return [
            ("Enter", texts_review.EDIT, "screen.edit"),
            ("n", texts_review.NEXT_DOUBT, "screen.doubt(1)"),
            ("a", texts_review.RIGHT, "screen.accept"),
            ("Space", texts_review.PLAY, "screen.play"),
            ("u", texts_review.UNDO, "screen.undo"),
            ("/", texts_review.REPLACE, "screen.replace"),
            ("s", texts_review.SPLIT, "screen.split"),
            ("m", texts_review.MERGE, "screen.merge(1)"),
            ("r", texts_review.AGAIN, "screen.again"),
            ("E", texts_review.EDITOR, "screen.editor"),
            ("X", texts_review.EXPORT, "screen.export"),
        ]

    def about(self) -> str:
        """For F1."""
        return texts_review.ABOUT

    @classmethod
    def binding_groups(cls) -> list[tuple[str, str, list[BindingType]]]:
        """For the key table and the palette."""
        own = [one for kind in (cls, *PARTS) for one in kind.BINDINGS]
        return [
            (texts_review.REVIEW, "screen", own),
            (texts_review.WHILE_EDITING, "segment-input", list(SegmentInput.BINDINGS)),
        ]

    def sync(self) -> None:
        """Draw bars, details and the line of state as they are now."""
        if not self.is_mounted:
            return
        self.sync_bars()
        self.query_one(ReviewDetails).show(self.details())
        self.query_one("#review-state", Static).update(Content(self.state_line()))

    def speak(self) -> None:
        """Another language."""
        super().speak()
        self.sync()

    def current(self) -> Segment | None:
        """The segment under the cursor."""
        document, at = self.document, self.view.cursor
        return document.segments[at] if document and 0 <= at < len(document.segments) else None

    @on(ReviewList.Moved)
    def _moved(self) -> None:
        self.cursor_moved()
        self.sync()

    @on(BlockView.Chosen)
    def _chosen(self, message: BlockView.Chosen) -> None:
        if message.view is self.view:
            self.action_edit()

    # Edits.

    def make(
        self,
        edits: Iterable[Edit],
        label: str | None = None,
        *,
        then: Callable[[EditOutcome], object] | None = None,
        failed: Callable[[str], object] | None = None,
    ) -> None:
        """Write edits as one step of the history, then show them."""
        entry, wanted = cast(int, self._entry), tuple(edits)

        def made(outcome: EditOutcome) -> None:
            self.took(outcome)
            if then is not None:
                then(outcome)

        def refused(sentence: str) -> None:
            (failed or self._failed)(sentence)
            # Another program may have changed the transcript: show it as it is.
            self.ask(lambda library: library.transcript(entry), self._show_anew)

        self.ask(
            lambda library: library.edit(entry, *wanted, label=label), made, refused, writes=True
        )

    def _show_anew(self, transcript: Transcript) -> None:
        if self._editing is None:  # not under the person's hands
            self._show(transcript)
            self._look_for_doubts()

    def took(self, outcome: EditOutcome) -> None:
        """Show what an edit did."""
        document = self.document
        if document is None:
            return
        redraw = document.apply(outcome)
        if redraw is not None:
            self.view.redraw_part(redraw)
        self.check_place()
        self.sync()

    def action_undo(self) -> None:
        """Take the last edit back."""
        self._travel(back=True)

    def action_redo(self) -> None:
        """Make it again."""
        self._travel(back=False)

    def _travel(self, *, back: bool) -> None:
        entry = cast(int, self._entry)

        def told(outcome: EditOutcome | None) -> None:
            if outcome is None:
                self.app.notify(
                    texts_review.NO_UNDO if back else texts_review.NO_REDO, markup=False, timeout=3
                )
                return
            self.took(outcome)
            document = self.document
            keys = [segment.key for step in outcome.steps for segment in step.added]
            if document and keys and (at := document.index.get(keys[0])) is not None:
                self.view.show_block(at)
            said = texts_review.UNDONE if back else texts_review.REDONE
            self.app.notify(
                said.format(what=texts_review.LABELS.get(outcome.label, outcome.label)),
                markup=False,
                timeout=3,
            )

        self.ask(
            lambda library: library.undo(entry) if back else library.redo(entry), told, writes=True
        )

    # The input in the place of the segment.

    def action_edit(self) -> None:
        """Open the text of the segment in its place."""
        if (segment := self.current()) is not None:
            self.open_input(segment, len(segment.text))

    def action_split(self) -> None:
        """Open it with the cursor where it will be cut: at its longest pause."""
        segment = self.current()
        if segment is None:
            return
        places = word_places(segment)
        at = len(segment.text) // 2
        if len(places) == len(segment.words) > 1:
            words = segment.words
            gaps = [(b.start - a.end, n + 1) for n, (a, b) in enumerate(pairwise(words))]
            at = places[max(gaps)[1]][0]
        self.open_input(segment, at)
        self.app.notify(texts_review.SPLIT_HOW, markup=False, timeout=4)

    def open_input(self, segment: Segment, at: int, *, stop: int | None = None) -> None:
        """Open the input on a segment, the cursor at a letter, or the letters to `stop` chosen."""
        document = self.document
        if document is None:
            return
        place = document.index[segment.key]
        self.view.show_block(place)
        self._editing = segment.key
        box = self.input
        box.display = True
        draft = document.drafts.get(segment.key)
        self._put_input()
        box.open(segment.text if draft is None else draft, at)
        if stop is not None and draft is None:
            box.selection = type(box.selection)(at, stop)
        self._put_input()
        self.set_focus(box, scroll_visible=False)
        self.sync_bars()

    @property
    def input(self) -> SegmentInput:
        """The input over the list."""
        return self.query_one(SegmentInput)

    def _put_input(self) -> None:
        document = self.document
        if document is None or self._editing is None or self._editing not in document.index:
            return
        view, box = self.view, self.input
        top = view.top_of(document.index[self._editing])
        box.styles.width = max(8, view.size.width - view.indent - 1)
        rows = max(box.rows, view.rows_of(document.index[self._editing]))
        box.styles.height = max(1, min(rows, view.size.height))
        box.styles.offset = (view.indent, max(0, min(top, view.size.height - 1)))

    @on(SegmentInput.Grown)
    @on(ReviewList.Scrolled)
    def _follow_input(self) -> None:
        self._put_input()

    @on(Input.Changed, "#segment-input")
    def _typed(self, event: Input.Changed) -> None:
        """What is typed is a draft until it is kept."""
        document = self.document
        if document is None or self._editing is None:
            return
        segment = document.segments[document.index[self._editing]]
        if event.value == segment.text:
            document.drafts.pop(segment.key, None)
        else:
            document.drafts[segment.key] = event.value
        self._write_drafts()

    def _write_drafts(self) -> None:
        if self.document is not None:
            write_drafts(self.document.entry.id, self.document.drafts)

    def close_input(self) -> int | None:
        """Close the input; return the segment that was open."""
        key, self._editing = self._editing, None
        self.input.display = False
        self.set_focus(self.view, scroll_visible=False)
        if key is not None:
            self.view.redraw_key(key)
        self.sync()
        return key

    @on(Input.Submitted, "#segment-input")
    def _submitted(self) -> None:
        self.keep_typed()

    def keep_typed(self, *more: Edit, then: Callable[[EditOutcome], object] | None = None) -> None:
        """Write what was typed (and `more`, as one step), close the input."""
        document, key = self.document, self._editing
        if document is None or key is None:
            return
        typed = one_line(self.input.value)
        was = document.segments[document.index[key]].text
        self.close_input()
        edits: list[Edit] = [EditText(key, typed, was)] if typed != was else []
        edits += more
        if not edits:
            document.drafts.pop(key, None)
            self._write_drafts()
            self.view.redraw_key(key)
            self.fixed(key, None)
            return

        def made(outcome: EditOutcome) -> None:
            document.drafts.pop(key, None)
            self._write_drafts()
            self.view.redraw_key(key)
            self.fixed(key, outcome)
            self.sync()
            if then is not None:
                then(outcome)

        def failed(sentence: str) -> None:
            document.drafts[key] = typed
            self._write_drafts()
            self.view.redraw_key(key)
            self._failed(sentence)

        self.make(edits, then=made, failed=failed)

    @on(SegmentInput.Left)
    def _left(self) -> None:
        key = self.close_input()
        if self.document and key in self.document.drafts:
            self.app.notify(texts_review.DRAFT_KEPT, markup=False, timeout=5)

    @on(SegmentInput.Wanted)
    def _wanted(self, message: SegmentInput.Wanted) -> None:
        document, key = self.document, self._editing
        if document is None or key is None:
            return
        if message.what == "hear":
            self.hear(document.segments[document.index[key]])
        elif message.what == "split":
            word = len(one_line(self.input.value[: message.at]).split())
            self.keep_typed(Split(key, word))
        else:
            at = document.index[key] + (1 if message.what == "next" else -1)
            self.keep_typed()
            if 0 <= at < len(document.segments):
                self.open_input(document.segments[at], 0)

    def action_keep(self) -> None:
        """Enter, by the mouse."""
        self.keep_typed()

    def action_in_input(self, what: str) -> None:
        """A key of the input, by the mouse."""
        box = self.input
        if what == "split":
            box.action_split()
        elif what == "next":
            box.action_on(1)
        else:
            box.action_hear()

    def action_discard_draft(self) -> None:
        """Forget what was typed into this segment and not kept."""
        document, segment = self.document, self.current()
        if document and segment and document.drafts.pop(segment.key, None) is not None:
            self._write_drafts()
            self.view.redraw_key(segment.key)
            self.app.notify(texts_review.DRAFT_GONE, markup=False, timeout=3)

    def action_mark(self) -> None:
        """Choose the segment for what is done to several."""
        document, segment = self.document, self.current()
        if document and segment:
            document.marked ^= {segment.key}
            self.view.redraw_key(segment.key)
            self.view.action_cursor(1)
            self.sync()

    def action_back(self) -> None:
        """First out of what is chosen, then out of the screen."""
        document = self.document
        if document and document.marked:
            document.marked.clear()
            self.view.redraw_part(Redraw(0, len(document.segments) - 1))
            self.sync()
            return
        super().action_back()


def _why_not(job: Job | None) -> tuple[str, ...]:
    """Say why no entry of the library belongs to a job."""
    if job is not None and not job.status.over:
        return texts_review.NOT_YET
    return texts_review.NOT_KEPT if job is not None and job.segments else texts_review.NOTHING
