"""A one-line input that takes what input methods send.

Telex and VNI send backspace and the new letters in one burst. Textual handles letters at once
but backspace as a bubbling binding, so that their order flips and letters are lost; here
backspace acts at once too. Text is brought to NFC. The cursor does not blink: blinking costs
2.6 kB a second over a slow link.
"""

from __future__ import annotations

import unicodedata

from textual import events
from textual.widgets import Input

from omoai_engine.text import one_line


class TextInput(Input):
    """`Input` for people with Vietnamese keyboards."""

    def __init__(
        self,
        value: str = "",
        *,
        placeholder: str = "",
        id: str | None = None,
    ) -> None:
        super().__init__(value, placeholder=placeholder, id=id, select_on_focus=False)
        self.cursor_blink = False

    async def _on_key(self, event: events.Key) -> None:
        # Textual calls the handler of every class in the line of descent; prevent_default
        # keeps Input's own from acting a second time.
        if event.key in ("backspace", "ctrl+h"):
            event.stop()
            event.prevent_default()
            self.action_delete_left()
            return
        await super()._on_key(event)
        if event.is_printable:
            self._compose_letters()

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        text = one_line(event.text)
        if self.selection.is_empty:
            self.insert_text_at_cursor(text)
        else:
            self.replace(text, *self.selection)

    def _compose_letters(self) -> None:
        """Bring the text to NFC without moving the cursor off its place."""
        value = self.value
        composed = unicodedata.normalize("NFC", value)
        if composed != value:
            before = unicodedata.normalize("NFC", value[: self.cursor_position])
            self.value = composed
            self.cursor_position = len(before)
