"""The library for the screen: one thread that reads and changes it, and answers by messages.

In: questions, each a function of the open library. Out: the message that the function returns. A
question that waits is replaced by a newer one of the same kind, so that nobody waits for answers
to what was typed before. The thread opens the library when it is first asked, and again after an
error; it ends with `close`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from textual.message import Message

from omoai_engine.far_files import is_file
from omoai_tui import texts
from omoai_tui.disk_watch import watch
from omoai_tui.pipeline_worker import sentence_for

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig
    from omoai_engine.library import Entry, Hit, Library
    from omoai_engine.library.records import State
    from omoai_engine.library.verifying import Problem

Question = Callable[["Library", "OmoAIConfig"], Message]
Order = Literal["created", "title", "duration", "state"]
MOST_HITS = 100
MOST_TITLES = 50


@dataclass(frozen=True, slots=True)
class View:
    """What of the library is looked at: order, filters, the bin instead, and words to find."""

    order: Order = "created"
    descending: bool = True
    tag: str | None = None
    state: State | None = None
    bin: bool = False
    query: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A transcript, and the places in it that answer a search."""

    entry: Entry
    hits: tuple[Hit, ...] = ()


@dataclass(eq=False)
class Listed(Message, bubble=False):
    """The transcripts of `view`, of `total` in the library."""

    view: View
    entries: list[Entry]
    total: int


@dataclass(eq=False)
class Found(Message, bubble=False):
    """What a search found; `after` is the hit that it went on from. `loosened`: only without the
    marks of the query."""

    view: View
    groups: list[Group]
    more: bool
    loosened: bool
    last: Hit | None
    after: Hit | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a transcript beside its entry; `sound` where its audio lies, if any."""

    entry: Entry
    sound: Path | None = None
    sound_there: bool = False
    edits: int = 0
    beginning: str = ""


@dataclass(eq=False)
class Looked(Message, bubble=False):
    """The facts of the transcript under the cursor."""

    facts: Facts


@dataclass(eq=False)
class Done(Message, bubble=False):
    """A change is on the disk; `what` says which, `about` what it was done to."""

    what: str
    entry: Entry
    about: str = ""


@dataclass(eq=False)
class Tagged(Message, bubble=False):
    """Every tag with the number of its transcripts."""

    tags: dict[str, int]
    purpose: str


@dataclass(eq=False)
class Checked(Message, bubble=False):
    """Everything was read and compared."""

    problems: list[Problem]
    total: int


@dataclass(eq=False)
class Failed(Message, bubble=False):
    """It could not be done: one sentence. `closed`: the library itself cannot be used."""

    sentence: str
    closed: bool = False


@dataclass(eq=False)
class Text(Message, bubble=False):
    """The text of a transcript, to be copied."""

    text: str


@dataclass(slots=True)
class _Waiting:
    kinds: dict[str, Question] = field(default_factory=dict)
    closed: bool = False


class LibraryDesk:
    """Owns the thread. `post` may be called from it at any time."""

    def __init__(self, post: Callable[[Message], Any], overrides: dict[str, Any]) -> None:
        self._post = post
        self._overrides = overrides
        self._waiting = _Waiting()
        self._news = threading.Condition()
        self._number = 0
        self._thread: threading.Thread | None = None

    def ask(self, kind: str, question: Question) -> None:
        """Put a question; it takes the place of one of the same `kind` that still waits."""
        with self._news:
            if self._waiting.closed:
                return
            self._waiting.kinds.pop(kind, None)
            self._waiting.kinds[kind] = question
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="omoai-library", daemon=True)
                self._thread.start()
            self._news.notify()

    def change(self, question: Question) -> None:
        """Put something to do that no later question replaces."""
        self._number += 1
        self.ask(f"change-{self._number}", question)

    def close(self, *, finish: bool = False) -> None:
        """Let the thread end when it has done what changes the library; with `finish`, also what
        else was asked."""
        with self._news:
            waiting = self._waiting
            if not finish:
                waiting.kinds = {k: q for k, q in waiting.kinds.items() if k.startswith("change-")}
            waiting.closed = True
            self._news.notify()

    def _next(self) -> tuple[str, Question] | None:
        with self._news:
            while not self._waiting.kinds:
                if self._waiting.closed:
                    return None
                self._news.wait()
            kind = next(iter(self._waiting.kinds))
            return kind, self._waiting.kinds.pop(kind)

    def _run(self) -> None:
        library: Library | None = None
        config: OmoAIConfig | None = None
        while (following := self._next()) is not None:
            kind, question = following
            changes = kind.startswith("change-")
            try:
                if library is None or config is None:
                    from omoai_engine.config import load_config
                    from omoai_engine.library import Library

                    with watch.at_work(str(texts.DISK_LIBRARY), writes=changes):
                        config = load_config(**self._overrides)
                        library = Library.open(config)
            except Exception as error:
                self._post(Failed(sentence_for(error), closed=True))
                continue
            try:
                with watch.at_work(str(texts.DISK_LIBRARY), writes=changes):
                    answer = question(library, config)
                self._post(answer)
            except Exception as error:
                self._post(Failed(sentence_for(error), closed=kind == "list"))
                library.close()
                library = None
        if library is not None:
            library.close()


# Questions.


def listing(view: View) -> Question:
    """Ask for the transcripts of a view."""

    def ask(library: Library, _config: OmoAIConfig) -> Message:
        entries = library.entries(
            order=view.order,
            descending=view.descending,
            tag=view.tag,
            state=view.state,
            deleted=view.bin,
        )
        filtered = view.tag is not None or view.state is not None
        return Listed(view, entries, library.count(deleted=view.bin) if filtered else len(entries))

    return ask


def search(view: View, after: Hit | None = None) -> Question:
    """Ask for the transcripts whose title or words answer the view's query."""

    def ask(library: Library, _config: OmoAIConfig) -> Message:
        page = library.search(
            view.query, limit=MOST_HITS, before=after, tag=view.tag, state=view.state
        )
        groups: dict[int, list[Hit]] = {}
        entries: dict[int, Entry] = {}
        if after is None:
            for entry in library.entries(
                title=view.query, tag=view.tag, state=view.state, limit=MOST_TITLES
            ):
                entries[entry.id] = entry
                groups[entry.id] = []
        for hit in page.hits:
            groups.setdefault(hit.entry, []).append(hit)
        for number in groups.keys() - entries.keys():
            entries[number] = library.entry(number)
        found = [Group(entries[number], tuple(hits)) for number, hits in groups.items()]
        last = page.hits[-1] if page.hits else None
        return Found(view, found, page.more, page.loosened, last, after)

    return ask


def facts_of(entry: Entry) -> Question:
    """Ask for what the entry itself does not say."""

    def ask(library: Library, _config: OmoAIConfig) -> Message:
        sound = library.audio_file(entry.id)
        edits = sum(not item.undone for item in library.history(entry.id))
        there = sound is not None and is_file(sound)
        return Looked(Facts(entry, sound, there, edits, library.beginning(entry.id)))

    return ask


def renaming(entry: Entry, title: str) -> Question:
    """Give a transcript another title."""

    def ask(library: Library, _config: OmoAIConfig) -> Message:
        library.rename(entry.id, title)
        return Done("renamed", library.entry(entry.id))

    return ask


def tagging(entry: Entry, names: list[str]) -> Question:
    """Give a transcript exactly these tags."""

    def ask(library: Library, _config: OmoAIConfig) -> Message:
        for name in set(entry.tags) - set(names):
            library.untag(entry.id, name)
        for name in names:
            library.tag(entry.id, name)
        return Done("tagged", library.entry(entry.id))

    return ask


def deleting(entry: Entry) -> Question:
    """Put a transcript into the bin; what has been there for too long goes for good."""

    def ask(library: Library, config: OmoAIConfig) -> Message:
        library.delete(entry.id)
        library.purge(older_than_days=config.library.deleted_days)
        return Done("deleted", entry, f"{config.library.deleted_days:.0f}")

    return ask


def restoring(entry: Entry) -> Question:
    """Bring a transcript back from the bin."""

    def ask(library: Library, _config: OmoAIConfig) -> Message:
        library.restore(entry.id)
        return Done("restored", library.entry(entry.id))

    return ask


def removing(entry: Entry) -> Question:
    """Remove a transcript of the bin for good."""

    def ask(library: Library, _config: OmoAIConfig) -> Message:
        library.remove(entry.id)
        return Done("removed", entry)

    return ask


def tags(purpose: str) -> Question:
    """Ask for every tag."""

    def ask(library: Library, _config: OmoAIConfig) -> Message:
        return Tagged(library.tags(), purpose)

    return ask


def text_of(entry: Entry) -> Question:
    """Ask for the text of a transcript."""

    def ask(library: Library, _config: OmoAIConfig) -> Message:
        from omoai_engine.export import render

        return Text(render(library.result(entry.id), "txt"))

    return ask


def checking(library: Library, _config: OmoAIConfig) -> Message:
    """Read everything and compare."""
    return Checked(library.verify(), library.count())
