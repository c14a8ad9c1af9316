"""Which transcript of another program, and which sound belongs to it. Gives the new entry.

The files are read and the library is written in threads; the dialog closes when the transcript
is in the library.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input, Static

from omoai_tui import import_tasks, texts, texts_library
from omoai_tui.language import plural
from omoai_tui.messages import Trouble
from omoai_tui.screens.dialogs import label
from omoai_tui.tasks import start_task
from omoai_tui.widgets.path_input import PathInput

LOOK_AFTER_SECONDS = 0.3


class ImportDialog(ModalScreen[int | None]):
    """Gives the number of the entry in the library, or `None`."""

    CSS_PATH = Path(__file__).parents[1] / "styles" / "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False, id="import.back")
    ]

    def __init__(self, path: str, overrides: dict[str, Any]) -> None:
        super().__init__()
        self._path = path
        self._overrides = overrides
        self._soon: Timer | None = None
        self._guessed = ""
        self._busy = False

    def compose(self) -> ComposeResult:
        """Title, two paths, complaint, keys."""
        with Vertical(classes="dialog"):
            yield label(texts_library.IMPORT_TITLE, "dialog-title")
            yield label(texts_library.IMPORT_FILE, "dialog-keys")
            yield PathInput(self._path, id="transcript")
            yield label(texts_library.IMPORT_SOUND, "dialog-keys")
            yield PathInput(id="sound")
            yield Static(id="complaint", classes="dialog-complaint", markup=False)
            yield label(texts_library.IMPORT_KEYS, "dialog-keys")

    def on_mount(self) -> None:
        """Look for the sound of what was given."""
        if self._path:
            self._guess()

    def _post(self, message: Message) -> bool:
        return self.is_running and self.post_message(message)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look for the sound beside it when the typing rests."""
        if event.input.id == "transcript":
            if self._soon is not None:
                self._soon.stop()
            self._soon = self.set_timer(LOOK_AFTER_SECONDS, self._guess)

    def _guess(self) -> None:
        path = self.query_one("#transcript", Input).value.strip()
        start_task(import_tasks.guess_task(path, self._post), self._post)

    def on_guessed(self, message: import_tasks.Guessed) -> None:
        """Offer the sound, unless the person named one."""
        sound = self.query_one("#sound", Input)
        if message.path == self.query_one("#transcript", Input).value.strip() and (
            sound.value == self._guessed
        ):
            self._guessed = sound.value = message.sound

    def on_path_input_offered(self, message: PathInput.Offered) -> None:
        """Show what the path could go on with."""
        self._complain("  ".join(message.names[:8]) + ("  …" if len(message.names) > 8 else ""))

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        """Read it and keep it."""
        transcript = self.query_one("#transcript", Input).value.strip()
        sound = self.query_one("#sound", Input).value.strip()
        if self._busy or not transcript:
            return
        self._busy = True
        self._complain(texts_library.IMPORT_READING)
        task = import_tasks.import_task(transcript, sound, self._overrides, self._post)
        start_task(task, self._post)

    def on_trouble(self, message: Trouble) -> None:
        """Say why not; the person may try again."""
        self._busy = False
        self._complain(message.sentence)

    def on_imported(self, message: import_tasks.Imported) -> None:
        """Say what came in."""
        segments = plural(message.segments, texts.SEGMENT_COUNT)
        told = [texts_library.IMPORTED.format(title=message.title, segments=segments)]
        if message.mended:
            told.append(texts_library.IMPORTED_MENDED.format(count=message.mended))
        if message.guessed:
            told.append(texts_library.IMPORTED_GUESSED)
        self.app.notify(" ".join(told), markup=False, timeout=8)
        self.dismiss(message.entry)

    def _complain(self, sentence: str) -> None:
        self.query_one("#complaint", Static).update(Content(sentence))
