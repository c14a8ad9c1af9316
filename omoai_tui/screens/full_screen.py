"""What the screens over the workbench share: a title line, the keys below, Esc back to it.

A full screen is imported when it is visited for the first time, with its texts and its style
(`CSS_PATH` of its own), so that the first paint waits for none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from omoai_tui import texts
from omoai_tui.layout import SHAPES, shape_for
from omoai_tui.widgets.bars import Hint, HintBar, ScreenTitle
from omoai_tui.widgets.block_view import BlockView

FULL_SCREENS: dict[str, str] = {
    "library": "omoai_tui.screens.library_screen:LibraryScreen",
    "recorder": "omoai_tui.screens.recorder_screen:RecorderScreen",
    "review": "omoai_tui.screens.review_screen:ReviewScreen",
}
"""Every full screen by its name, as `module:class`; each can be made without arguments."""

KEPT_ACTIONS = frozenset(
    {
        "choose_language",
        "choose_theme",
        "help_pane",
        "keys",
        "leave",
        "palette",
        "suspend_process",
        "use_language",
        "use_theme",
        "visit",
    }
)
"""What the app's own keys still do over a full screen; the others belong to the workbench."""


class FullScreen(Screen[None]):
    """Base of the recorder, the library and the review."""

    AUTO_FOCUS = ""
    ESCAPE_TO_MINIMIZE = False
    # As in the workbench: the panes' own frames show the focus.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", texts.DO_BACK, show=False, id="screen.back"),
    ]

    def compose(self) -> ComposeResult:
        """Title, what the screen is for, keys; or one sentence in a tiny window."""
        self._shape(self.app.size)
        yield ScreenTitle(id="title")
        yield from self.body()
        yield HintBar(id="hints")
        yield Static(id="too-small", markup=False)

    def body(self) -> ComposeResult:
        """Hook: what stands between title and keys."""
        raise NotImplementedError

    def headline(self) -> tuple[str, str]:
        """Hook: what the title line says on the left (the screen or what it shows) and right."""
        raise NotImplementedError

    def hints(self) -> list[Hint]:
        """Hook: the keys that matter now, the important ones first."""
        raise NotImplementedError

    def about(self) -> str:
        """Hook: one or two sentences for a person who asks what this screen is for."""
        raise NotImplementedError

    @classmethod
    def binding_groups(cls) -> list[tuple[str, str, list[BindingType]]]:
        """Hook: title, home (`screen` or the id of a widget) and bindings, for keys and palette."""
        raise NotImplementedError

    def on_resize(self, event: events.Resize) -> None:
        """Say it plainly when the window is too small."""
        self._shape(event.size)

    def _shape(self, size: Size) -> None:
        shape = shape_for(size)
        if not self.has_class(shape):
            self.remove_class(*SHAPES)
            self.add_class(shape)
        if shape == "-tiny" and self.is_mounted:
            sentence = texts.TOO_SMALL.format(width=size.width, height=size.height)
            self.query_one("#too-small", Static).update(Content(sentence))

    def on_screen_resume(self) -> None:
        """Draw the bars when the screen comes (back) to the front."""
        self.sync_bars()

    def sync_bars(self) -> None:
        """Draw title and keys as they are now."""
        self.query_one(ScreenTitle).show(*self.headline())
        hints = [*self.hints(), ("?", texts.HELP, "app.keys"), ("Esc", texts.BACK, "screen.back")]
        self.query_one(HintBar).show(hints)

    def speak(self) -> None:
        """Draw everything again in the language in use."""
        for view in self.query(BlockView):
            view.redraw()
        self.sync_bars()

    def action_back(self) -> None:
        """Go back to where the person came from."""
        self.dismiss(None)


def full_screen(name: str) -> type[FullScreen]:
    """Import and return the class of a full screen."""
    module, _, cls = FULL_SCREENS[name].partition(":")
    found: type[FullScreen] = getattr(import_module(module), cls)
    return found
