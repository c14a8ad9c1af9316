"""Small pieces of work that may block (files, tmux), each in a thread, each ending in a message."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from omoai_engine.text import shown_path
from omoai_tui import clipboard
from omoai_tui.disk_watch import watch
from omoai_tui.messages import CopyFinished, ExportFinished, Trouble
from omoai_tui.pipeline_worker import sentence_for

if TYPE_CHECKING:
    from omoai_tui.screens.export_dialog import ExportWish

Post = Callable[[Message], object]
Task = Callable[[], None]


def start_task(task: Task, post: Post, words: str = "") -> None:
    """Run `task` in a thread; whatever it raises reaches the person as one sentence.

    `words`: what it writes, said where a silent disk holds it.
    """

    def run() -> None:
        try:
            with watch.at_work(words, writes=True) if words else contextlib.nullcontext():
                task()
        except Exception as error:
            post(Trouble(sentence_for(error)))

    threading.Thread(target=run, name="omoai-task", daemon=True).start()


def export_task(number: int, wish: ExportWish, post: Post) -> Task:
    """Return the task that writes the files of `wish` and posts `ExportFinished` for job `number`
    (0: for none)."""

    def write() -> None:
        from omoai_engine.export import write_all

        outcomes = write_all(
            wish.result,
            Path(wish.stem),
            wish.formats,
            overwrite=wish.overwrite,
            options=wish.options,
        )
        written = tuple(shown_path(one.path) for one in outcomes if one.error is None)
        errors = " ".join(f"{one.error}." for one in outcomes if one.error)
        post(ExportFinished(number, written, errors))

    return write


def copy_task(text: str, post: Post) -> Task:
    """Return the task that hands `text` to tmux and posts `CopyFinished`."""

    def copy() -> None:
        error = clipboard.copy_through_tmux(text)
        post(CopyFinished(error, len(text.encode())))

    return copy
