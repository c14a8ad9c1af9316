"""Everything that can be done, by name: what the command palette offers and the key table shows.

Made from the bindings themselves and from what there is to choose (themes, languages), so that it
cannot be wrong. Pure; runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from textual.binding import Binding, BindingType

from omoai_tui import language, texts
from omoai_tui.matching import score

Group = tuple[str, list[tuple[str, str]]]
_SHOWN = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "enter": "Enter",
    "space": "Space",
    "tab": "Tab",
    "escape": "Esc",
    "home": "Home",
    "end": "End",
    "backspace": "Backspace",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
}


@dataclass(frozen=True, slots=True)
class Command:
    """One thing to do: its name, its keys, the action, and whose it is: `app`, `screen`, or the
    pane that must be in focus."""

    title: str
    keys: str
    action: str
    home: str = "app"


def shown_keys(keys: str) -> str:
    """Return `up,k` as `↑ k`, `ctrl+o` as `^O`."""
    names = []
    for key in keys.split(","):
        if key.startswith("ctrl+"):
            names.append("^" + key[5:].upper())
        elif key.startswith("shift+"):
            names.append("Shift+" + _SHOWN.get(key[6:], key[6:]))
        else:
            names.append(_SHOWN.get(key, key.upper() if key.startswith("f") and key[1:] else key))
    return " ".join(names)


def key_table(
    groups: list[tuple[str, list[BindingType]]], key_map: Mapping[str, str]
) -> list[Group]:
    """Return titles with (keys, what they do), after the person's own key map."""
    return [(title, [(c.keys, c.title) for c in _of(some, key_map)]) for title, some in groups]


def commands(
    groups: Iterable[tuple[str, str, list[BindingType]]],
    key_map: Mapping[str, str],
    themes: Mapping[str, str],
) -> list[Command]:
    """Return every command, in the order of the groups: (title, home, bindings)."""
    found = [
        Command(command.title, command.keys, command.action, home)
        for _, home, bindings in groups
        for command in _of(bindings, key_map)
    ]
    for name, title in themes.items():
        words = texts.COMMAND_THEME.format(name=title)
        found.append(Command(words, "", f"app.use_theme({name!r})"))
    for code, title in language.LANGUAGES.items():
        words = texts.COMMAND_LANGUAGE.format(name=title)
        found.append(Command(words, "", f"app.use_language({code!r})"))
    return found


def matching(wanted: str, known: Iterable[Command]) -> list[Command]:
    """Return the commands whose names have the letters of `wanted`, the best first."""
    scored = [
        (found, command) for command in known if (found := score(wanted, command.title)) is not None
    ]
    return [command for _, command in sorted(scored, key=lambda pair: pair[0])]


def _of(bindings: Iterable[BindingType], key_map: Mapping[str, str]) -> Iterable[Command]:
    for binding in bindings:
        if isinstance(binding, Binding) and binding.description:
            words = language.say(binding.description)
            if (binding.id or "").startswith("pane.") and binding.key.isdigit():
                words = texts.COMMAND_GO.format(pane=words)
            keys = key_map.get(binding.id or "", binding.key)
            yield Command(words, shown_keys(keys), binding.action)
