"""What the threads tell the app: facts, as Textual messages. Each is made once and not changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from omoai_engine.results import PipelineResult
    from omoai_tui.history import History


@dataclass(eq=False)
class NewsWaiting(Message, bubble=False):
    """The mailbox holds events. At most one is under way at a time, however many events come."""

    def can_replace(self, message: Message) -> bool:
        """Say that a second one adds nothing to the first."""
        return isinstance(message, NewsWaiting)


@dataclass(eq=False)
class SettingsLoaded(Message, bubble=False):
    """The configuration was read: theme, language and key map it asks for; `better` is the name
    and licence of a model that would hear Vietnamese better than what is installed."""

    theme: str | None
    language: str | None
    keys: dict[str, str]
    better: tuple[str, str] | None


@dataclass(eq=False)
class HistoryRead(Message, bubble=False):
    """This machine's own past runs."""

    history: History


@dataclass(eq=False)
class JobEnded(Message, bubble=False):
    """A job is over: its result (partial after a cancel or failure) and its error sentence."""

    number: int
    result: PipelineResult | None
    error: str


@dataclass(eq=False)
class JobEntered(Message, bubble=False):
    """The library has begun an entry for a job that runs; its words so far can be corrected."""

    number: int
    entry: int


@dataclass(eq=False)
class JobKept(Message, bubble=False):
    """The library holds what a job gave, as its entry `entry`."""

    number: int
    entry: int


@dataclass(eq=False)
class Trouble(Message, bubble=False):
    """Something went wrong outside a job: one clear sentence."""

    sentence: str


@dataclass(eq=False)
class ExportFinished(Message, bubble=False):
    """Files were written (`paths`); `error` says why one could not be, if so."""

    number: int
    paths: tuple[str, ...]
    error: str


@dataclass(eq=False)
class CopyFinished(Message, bubble=False):
    """`count` bytes went to the clipboard of tmux, or `error` says why not."""

    error: str
    count: int
