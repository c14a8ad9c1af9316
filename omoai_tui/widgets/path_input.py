"""A line for a path: Tab completes it as a shell does, reading the folder in a thread."""

from __future__ import annotations

from textual import events
from textual.message import Message

from omoai_tui.export_tasks import Completed, complete_task
from omoai_tui.tasks import start_task
from omoai_tui.widgets.text_input import TextInput


class PathInput(TextInput):
    """Tab completes; where there is nothing to complete, it goes on to the next box."""

    class Offered(Message):
        """What the path could go on with; empty when it is unambiguous."""

        def __init__(self, names: list[str]) -> None:
            super().__init__()
            self.names = names

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "tab":
            event.stop()
            event.prevent_default()
            start_task(complete_task(self.value, self._tell), self._tell)
            return
        await super()._on_key(event)

    def _tell(self, message: Message) -> bool:
        return self.is_attached and self.post_message(message)

    def on_completed(self, message: Completed) -> None:
        """Take it, unless something else was typed meanwhile."""
        if message.begun != self.value:
            return
        if message.text == self.value and len(message.names) < 2:
            self.screen.focus_next()
        else:
            self.value = message.text
            self.cursor_position = len(self.value)
        self.post_message(self.Offered(message.names if len(message.names) > 1 else []))
