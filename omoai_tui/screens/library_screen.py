"""The library: every transcript, found by its words, opened for review, kept in order.

The screen asks the `LibraryDesk` and draws its answers; it opens no file itself. What was deleted
waits in the bin and can be brought back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input

from omoai_engine.text import one_line
from omoai_tui import language, texts_library
from omoai_tui import library_desk as desk
from omoai_tui.language import plural
from omoai_tui.library_desk import Group, LibraryDesk, View
from omoai_tui.screens.full_screen import FullScreen
from omoai_tui.widgets.bars import Hint
from omoai_tui.widgets.block_view import BlockView
from omoai_tui.widgets.library_details import LibraryDetails
from omoai_tui.widgets.library_list import LibraryList, Row
from omoai_tui.widgets.text_input import TextInput

if TYPE_CHECKING:
    from omoai_engine.library import Entry, Hit
    from omoai_engine.library.records import State
    from omoai_tui.asking import Asking

SEARCH_AFTER_SECONDS = 0.12
LOOK_AFTER_SECONDS = 0.15
_ORDERS: tuple[tuple[desk.Order, bool], ...] = (
    ("created", True),
    ("title", False),
    ("duration", True),
    ("state", False),
)


def _says(name: str) -> str:
    return language.english(texts_library, name)


class LibraryScreen(FullScreen):
    """List or search results, details of the one under the cursor, one line to search in."""

    CSS_PATH = Path(__file__).parents[1] / "styles" / "library.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", _says("DO_SEARCH"), show=False, id="library.search"),
        Binding("s", "sort", _says("DO_SORT"), show=False, id="library.sort"),
        Binding("S", "reverse", _says("DO_REVERSE"), show=False, id="library.reverse"),
        Binding("f", "filter", _says("DO_FILTER"), show=False, id="library.filter"),
        Binding("n,f2", "rename", _says("DO_RENAME"), show=False, id="library.rename"),
        Binding("T", "tag", _says("DO_TAG"), show=False, id="library.tag"),
        Binding("d,delete", "delete", _says("DO_DELETE"), show=False, id="library.delete"),
        Binding("u", "undo", _says("DO_UNDO"), show=False, id="library.undo"),
        Binding("b", "bin", _says("DO_BIN"), show=False, id="library.bin"),
        Binding("R", "again", _says("DO_AGAIN"), show=False, id="library.again"),
        Binding("e", "export", _says("DO_EXPORT"), show=False, id="library.export"),
        Binding("c", "copy", _says("DO_COPY"), show=False, id="library.copy"),
        Binding("C", "copy_place", _says("DO_COPY_PLACE"), show=False, id="library.copy_place"),
        Binding("i", "bring", _says("DO_IMPORT"), show=False, id="library.import"),
        Binding("V", "check", _says("DO_CHECK"), show=False, id="library.check"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.view = View()
        self._desk: LibraryDesk | None = None
        self._counted: Callable[[], str] | None = None
        self._soon: Timer | None = None
        self._look_soon: Timer | None = None
        self._more_after: Hit | None = None
        self._asked_more = False
        self._deleted: list[Entry] = []
        self._facts: desk.Facts | None = None
        self._stand_on: int | None = None

    @property
    def _omo(self) -> Asking:
        return cast("Asking", self.app)

    @property
    def _list(self) -> LibraryList:
        return self.query_one(LibraryList)

    # What it looks like.

    def body(self) -> ComposeResult:
        """Search line, list, details."""
        yield TextInput(placeholder=texts_library.PLACEHOLDER, id="library-search")
        with Container(id="library"):
            yield LibraryList(id="library-list")
            yield LibraryDetails(id="library-details")

    def headline(self) -> tuple[str, str]:
        """Where one is, how many there are and in which order."""
        view = self.view
        shown = [self._counted() if self._counted else ""]
        if not view.query:
            shown.append(texts_library.SORTED[(view.order, view.descending)])
        if view.tag is not None:
            shown.append(texts_library.FILTERED_TAG.format(tag=view.tag))
        if view.state is not None:
            shown.append(texts_library.STATE[view.state])
        title = texts_library.BIN if view.bin else texts_library.LIBRARY
        return title, " · ".join(filter(None, shown))

    def hints(self) -> list[Hint]:
        """What can be done with the transcript under the cursor, then with the list."""
        row = self._list.at_cursor()
        hints: list[Hint] = []
        if self.view.bin:
            if row:
                hints += [("Enter", texts_library.RESTORE, "screen.choose")]
                hints += [("d", texts_library.REMOVE, "screen.delete")]
            return [*hints, ("b", texts_library.LEAVE_BIN, "screen.bin")]
        if row:
            hints.append(("Enter", texts_library.REVIEW, "screen.choose"))
            if row.entry.state in ("interrupted", "failed") and self._sound_there(row.entry):
                hints.append(("R", texts_library.AGAIN, "screen.again"))
        hints.append(("/", texts_library.SEARCH, "screen.search"))
        if row:
            hints += [
                ("e", texts_library.EXPORT, "screen.export"),
                ("d", texts_library.DELETE, "screen.delete"),
            ]
        hints += [
            ("s", texts_library.SORT, "screen.sort"),
            ("f", texts_library.FILTER, "screen.filter"),
            ("i", texts_library.IMPORT, "screen.bring"),
        ]
        if row:
            hints += [
                ("n", texts_library.RENAME, "screen.rename"),
                ("T", texts_library.TAG, "screen.tag"),
                ("c", texts_library.COPY, "screen.copy"),
            ]
        return [
            *hints,
            ("b", texts_library.SEE_BIN, "screen.bin"),
            ("V", texts_library.CHECK, "screen.check"),
        ]

    def about(self) -> str:
        """What the library is for."""
        return texts_library.ABOUT

    @classmethod
    def binding_groups(cls) -> list[tuple[str, str, list[BindingType]]]:
        """Its own keys."""
        return [(texts_library.LIBRARY, "screen", list(cls.BINDINGS))]

    def speak(self) -> None:
        """Draw everything again in the language in use."""
        self.query_one(Input).placeholder = texts_library.PLACEHOLDER
        self.query_one(LibraryDetails).redraw()
        super().speak()

    # Coming and going.

    def on_mount(self) -> None:
        """Open the library in a thread."""
        self._desk = LibraryDesk(self._post, self._omo.conductor.overrides)
        self._list.say((texts_library.OPENING,))
        self.set_focus(self._list, scroll_visible=False)
        self._ask()

    def on_screen_resume(self) -> None:
        """Look again: a review or an import may have changed things."""
        super().on_screen_resume()
        if self._counted:
            self.reread()

    def on_unmount(self) -> None:
        """Let the thread go."""
        if self._desk is not None:
            self._desk.close()

    def _post(self, message: Message) -> bool:
        # The thread may still speak when the screen is gone.
        return self.is_running and self.post_message(message)

    # Asking and showing.

    def reread(self) -> None:
        """Ask for the same again; the cursor stays where it is."""
        row = self._list.at_cursor()
        self._stand_on = row.entry.id if row else None
        self._ask()

    def _ask(self) -> None:
        if self._desk is not None:
            question = desk.search if self.view.query else desk.listing
            self._desk.ask("list", question(self.view))

    def _look_at(self, view: View) -> None:
        self.view = view
        self._ask()
        self.sync_bars()

    def on_listed(self, message: desk.Listed) -> None:
        """Show the list."""
        if message.view != self.view:
            return
        count, total = len(message.entries), message.total

        def counted() -> str:
            if count == total:
                return plural(count, texts_library.COUNT)
            return texts_library.COUNT_OF.format(count=f"{count:,}", total=f"{total:,}")

        self._counted = counted
        self._more_after = None
        if message.view.bin:
            empty = texts_library.EMPTY_BIN
        else:
            empty = texts_library.EMPTY_FILTER if message.total else texts_library.EMPTY
        self._fill([Row(entry) for entry in message.entries], empty)

    def on_found(self, message: desk.Found) -> None:
        """Show what was found, or add to it."""
        if message.view != self.view:
            return
        rows = [row for group in message.groups for row in _rows(group)]
        self._more_after = message.last if message.more else None
        if message.after is not None:
            self._asked_more = False
            self._list.add(rows)
        else:
            self._fill(rows, texts_library.EMPTY_SEARCH)
        places = sum(row.hit is not None for row in self._list.rows)

        def counted() -> str:
            found = plural(places, texts_library.HITS)
            if message.more:
                found = texts_library.HITS_MORE.format(count=f"{places:,}")
            return f"{found} ({texts_library.LOOSENED})" if message.loosened else found

        self._counted = counted
        self.sync_bars()

    def _fill(self, rows: list[Row], empty: tuple[str, ...]) -> None:
        wanted, self._stand_on = self._stand_on, None
        at = next((n for n, row in enumerate(rows) if row.entry.id == wanted), None)
        self._asked_more = False
        self._list.say(empty)
        if wanted is not None and at is None:
            # It is gone: stay beside its place.
            at = max(0, min(self._list.cursor, len(rows) - 1))
        self._list.show(rows, at=at or 0)
        self.sync_bars()

    def on_library_list_moved(self) -> None:
        """Show what is known of the transcript; read the rest when the cursor rests."""
        row = self._list.at_cursor()
        facts = self._facts
        known = facts if row and facts and facts.entry == row.entry else None
        self.query_one(LibraryDetails).show(row.entry if row else None, known)
        if self._look_soon is not None:
            self._look_soon.stop()
            self._look_soon = None
        if row and known is None:
            self._look_soon = self.set_timer(LOOK_AFTER_SECONDS, self._look)
        self.sync_bars()
        if self._list.cursor >= len(self._list.rows) - 2:
            self._ask_more()

    def _ask_more(self) -> None:
        if self._more_after is not None and self._desk is not None and not self._asked_more:
            self._asked_more = True
            self._desk.ask("list", desk.search(self.view, self._more_after))

    def _look(self) -> None:
        row = self._list.at_cursor()
        if row and self._desk is not None:
            self._desk.ask("look", desk.facts_of(row.entry))

    def on_looked(self, message: desk.Looked) -> None:
        """Show the facts, if the cursor is still there."""
        row = self._list.at_cursor()
        if row and row.entry == message.facts.entry:
            self._facts = message.facts
            self.query_one(LibraryDetails).show(row.entry, message.facts)
            self.sync_bars()

    def _sound_there(self, entry: Entry) -> bool:
        facts = self._facts
        return facts is not None and facts.entry.id == entry.id and facts.sound_there

    def on_failed(self, message: desk.Failed) -> None:
        """Say it where the list would be, or beside it."""
        if message.closed:
            self._counted = None
            self._list.say((message.sentence,), broken=True)
            self._list.show([])
            self.sync_bars()
        else:
            self._omo.complain(message.sentence)

    # Searching.

    def action_search(self) -> None:
        """Type words to find."""
        if self.view.bin:
            self._look_at(replace(self.view, bin=False))
        self.set_focus(self.query_one(Input), scroll_visible=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search when the typing rests for a moment."""
        if self._soon is not None:
            self._soon.stop()
        self._soon = self.set_timer(SEARCH_AFTER_SECONDS, partial(self._search, event.value))

    def _search(self, words: str) -> None:
        query = words.strip()
        if query != self.view.query:
            self._stand_on = None
            self._look_at(replace(self.view, query=query))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to what was found."""
        self._search(event.value)
        self.set_focus(self._list, scroll_visible=False)

    def key_down(self) -> None:
        """From the words to what they found."""
        if self.focused is self.query_one(Input):
            self.set_focus(self._list, scroll_visible=False)

    def action_back(self) -> None:
        """First out of the words, then out of the search, of the bin, of the screen."""
        words = self.query_one(Input)
        if self.focused is words and not words.value:
            self.set_focus(self._list, scroll_visible=False)
        elif words.value:
            words.value = ""
            self.set_focus(self._list, scroll_visible=False)
        elif self.view.bin:
            self.action_bin()
        else:
            super().action_back()

    # What is shown.

    def action_sort(self) -> None:
        """The next order."""
        at = next((n for n, one in enumerate(_ORDERS) if one[0] == self.view.order), 0)
        order, descending = _ORDERS[(at + 1) % len(_ORDERS)]
        self._look_at(replace(self.view, order=order, descending=descending))

    def action_reverse(self) -> None:
        """The same order the other way round."""
        self._look_at(replace(self.view, descending=not self.view.descending))

    def action_filter(self) -> None:
        """Ask for the tags there are, then which."""
        if self._desk is not None:
            self._desk.ask("tags", desk.tags("filter"))

    def action_bin(self) -> None:
        """To the deleted ones, or back."""
        self.query_one(Input).value = ""
        self._look_at(View(self.view.order, self.view.descending, bin=not self.view.bin))

    def on_tagged(self, message: desk.Tagged) -> None:
        """Offer the tags: to filter by, or to put on a transcript."""
        if message.purpose == "filter":
            self._offer_filters(message.tags)
        elif row := self._list.at_cursor():
            self._ask_tags(row.entry, message.tags)

    def _offer_filters(self, tags: dict[str, int]) -> None:
        from omoai_tui.screens.dialogs import ChoiceDialog

        states = cast("list[State]", list(texts_library.STATE))
        rows = [texts_library.FILTER_ALL]
        rows += [texts_library.FILTER_STATE.format(state=texts_library.STATE[s]) for s in states]
        rows += [texts_library.FILTER_TAG.format(tag=tag, count=n) for tag, n in tags.items()]
        names = list(tags)
        at = 0
        if self.view.state is not None:
            at = 1 + states.index(self.view.state)
        elif self.view.tag in names:
            at = 1 + len(states) + names.index(self.view.tag or "")

        def chosen(index: int | None) -> None:
            if index is None:
                return
            view = replace(self.view, tag=None, state=None)
            if 0 < index <= len(states):
                view = replace(view, state=states[index - 1])
            elif index:
                view = replace(view, tag=names[index - 1 - len(states)])
            self._look_at(view)

        self.app.push_screen(ChoiceDialog(texts_library.FILTER_TITLE, rows, at=at), chosen)

    # What is done to the transcript under the cursor.

    def action_choose(self) -> None:
        """Enter, by the mouse."""
        self._list.action_choose()

    def on_block_view_chosen(self, message: BlockView.Chosen) -> None:
        """Open it for review at the place that was found; in the bin: bring it back."""
        row = self._list.at_cursor()
        if row is None or self._desk is None:
            return
        if self.view.bin:
            self._desk.change(desk.restoring(row.entry))
        else:
            self._omo.review(row.entry.id, row.hit.start if row.hit else None)

    def action_rename(self) -> None:
        """Ask for another title."""
        from omoai_tui.screens.library_dialogs import NameDialog

        row = self._list.at_cursor()
        if row is None or self.view.bin:
            return
        entry = row.entry

        def named(title: str | None) -> None:
            if title and title != entry.title and self._desk is not None:
                self._desk.change(desk.renaming(entry, title))

        self.app.push_screen(NameDialog(texts_library.RENAME_TITLE, entry.title), named)

    def action_tag(self) -> None:
        """Ask for the tags in use, then for those of the transcript."""
        if self._list.at_cursor() and not self.view.bin and self._desk is not None:
            self._desk.ask("tags", desk.tags("put"))

    def _ask_tags(self, entry: Entry, known: dict[str, int]) -> None:
        from omoai_tui.screens.library_dialogs import NameDialog

        def named(text: str | None) -> None:
            if text is None or self._desk is None:
                return
            names = list(dict.fromkeys(filter(None, map(one_line, text.split(",")))))
            if set(names) != set(entry.tags):
                self._desk.change(desk.tagging(entry, names))

        note = texts_library.TAG_KNOWN.format(names=", ".join(known)) if known else ""
        dialog = NameDialog(texts_library.TAG_TITLE, ", ".join(entry.tags), note)
        self.app.push_screen(dialog, named)

    def action_delete(self) -> None:
        """Ask, then put it into the bin; from the bin: remove it for good."""
        from omoai_tui.screens.library_dialogs import SureDialog

        row = self._list.at_cursor()
        if row is None:
            return
        entry = row.entry
        question = desk.removing if self.view.bin else desk.deleting

        def answered(sure: bool | None) -> None:
            if sure and self._desk is not None:
                self._desk.change(question(entry))

        title = one_line(entry.title)
        if self.view.bin:
            dialog = SureDialog(
                texts_library.REMOVE_TITLE,
                (title, texts_library.REMOVE_NOTE),
                texts_library.REMOVE_KEYS,
            )
        else:
            kept = entry.audio == "kept"
            note = texts_library.DELETE_NOTE_KEPT if kept else texts_library.DELETE_NOTE
            dialog = SureDialog(
                texts_library.DELETE_TITLE, (title, note), texts_library.DELETE_KEYS
            )
        self.app.push_screen(dialog, answered)

    def action_undo(self) -> None:
        """Bring back the one under the cursor of the bin, or the one deleted last."""
        row = self._list.at_cursor()
        if self.view.bin and row:
            entry = row.entry
        elif self._deleted:
            entry = self._deleted.pop()
        else:
            self._omo.tell(texts_library.NOTHING_TO_UNDO)
            return
        if self._desk is not None:
            self._desk.change(desk.restoring(entry))

    def on_done(self, message: desk.Done) -> None:
        """Say what was done and draw it."""
        entry, title = message.entry, one_line(message.entry.title)
        if message.what == "renamed":
            self._omo.tell(texts_library.RENAMED.format(title=title))
        elif message.what == "tagged":
            names = ", ".join(entry.tags)
            told = texts_library.TAGGED if names else texts_library.TAGGED_NONE
            self._omo.tell(told.format(title=title, names=names))
        elif message.what == "deleted":
            self._deleted.append(entry)
            self._omo.tell(texts_library.DELETED.format(title=title, days=message.about))
        elif message.what == "restored":
            self._deleted = [one for one in self._deleted if one.id != entry.id]
            self._omo.tell(texts_library.RESTORED.format(title=title))
        else:
            self._omo.tell(texts_library.REMOVED.format(title=title))
        if message.what in ("renamed", "tagged"):
            self._list.replace(entry)
        else:
            self.reread()

    def action_again(self) -> None:
        """Queue its recording, if it is there."""
        row = self._list.at_cursor()
        if row is None or self.view.bin:
            return
        if not self._sound_there(row.entry) or not (self._facts and self._facts.sound):
            self._omo.tell(texts_library.NO_SOUND.format(title=one_line(row.entry.title)))
            return
        self._omo.conductor.add_files([str(self._facts.sound)])
        self.dismiss(None)

    def action_export(self) -> None:
        """Ask how, then write."""
        row = self._list.at_cursor()
        if row and not self.view.bin:
            self._omo.export_entry(row.entry.id)

    def action_copy(self) -> None:
        """Copy the whole transcript."""
        row = self._list.at_cursor()
        if row and self._desk is not None:
            self._desk.ask("copy", desk.text_of(row.entry))

    def action_copy_place(self) -> None:
        """Copy the sentence that was found."""
        row = self._list.at_cursor()
        if row and row.hit:
            self._omo.copy_text(row.hit.text)
        else:
            self.action_copy()

    def on_text(self, message: desk.Text) -> None:
        """To the clipboard with it."""
        self._omo.copy_text(message.text)

    # The whole library.

    def action_bring(self) -> None:
        """Ask which transcript to bring in."""
        self._omo.import_transcript("")

    def action_check(self) -> None:
        """Read everything, in a thread of its own."""
        self._omo.tell(texts_library.CHECKING)
        checker = LibraryDesk(self._post, self._omo.conductor.overrides)
        checker.ask("check", desk.checking)
        checker.close(finish=True)

    def on_checked(self, message: desk.Checked) -> None:
        """Show what is wrong, if anything."""
        from omoai_tui.screens.library_dialogs import ReportDialog

        titles = {row.entry.id: one_line(row.entry.title) for row in self._list.rows}
        rows = [
            texts_library.CHECK_ROW.format(
                title=titles.get(one.entry or 0, texts_library.LIBRARY),
                what=one_line(one.what),
                hint=one.hint,
            )
            for one in message.problems
        ]
        good = plural(message.total, texts_library.CHECK_GOOD)
        self.app.push_screen(ReportDialog(texts_library.CHECK_TITLE, rows or [good]))


def _rows(group: Group) -> list[Row]:
    return [Row(group.entry), *(Row(group.entry, hit) for hit in group.hits)]
