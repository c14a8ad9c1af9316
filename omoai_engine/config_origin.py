"""Where a setting was given: on the command line, in the environment, in the file, or nowhere.

Pure functions of their arguments. A setting is named by its path, as `("asr", "device")`; an
`Origin` names it in the form in which the person wrote it, so that a message points at the place
to mend.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from omoai_engine.text import one_line, shown_path

ENV_PREFIX = "OMOAI_"
DELIMITER = "__"
_SECRET_ENDINGS = ("api_key", "token", "password", "secret")

Kind = Literal["command line", "environment", "file", "default"]


@dataclass(frozen=True, slots=True)
class Origin:
    """`label` is what the person wrote: an option's setting, a variable, a place in the file."""

    kind: Kind
    label: str


@dataclass(frozen=True, slots=True)
class Given:
    """Everything that was given, by source, in the order of precedence."""

    overrides: Mapping[str, Any]
    environ: Mapping[str, str]
    tables: Mapping[str, Any]
    file: Path

    def origin(self, path: tuple[str, ...]) -> Origin:
        """Return where the setting at `path` comes from."""
        if _holds(self.overrides, path):
            return Origin("command line", ".".join(path))
        if variable := self.variable(path):
            return Origin("environment", variable)
        if _holds(self.tables, path):
            table = ".".join(path[:-1])
            key = one_line(path[-1])
            name = f"[{one_line(table)}] {key}" if table else key
            return Origin("file", f"{shown_path(self.file)}, {name}")
        return Origin("default", "default")

    def variable(self, path: tuple[str, ...]) -> str | None:
        """Return the environment variable that gives the setting at `path`, if one does.

        It may name the setting itself, something inside it (`OMOAI_TUI__KEYS__SAVE`), or a
        table around it whose value is JSON (`OMOAI_ASR`).
        """
        names = {name.upper(): name for name, value in self.environ.items() if value}
        exact = variable_name(path)
        if exact in names:
            return one_line(names[exact])
        inside = [name for name in names if name.startswith(exact + DELIMITER)]
        if inside:
            return one_line(names[min(inside)])
        for length in range(len(path) - 1, 0, -1):
            around = variable_name(path[:length])
            if around in names and _json_holds(self.environ[names[around]], path[length:]):
                return one_line(names[around])
        return None


def variable_name(path: tuple[str, ...]) -> str:
    """Return the environment variable of the setting at `path`."""
    return ENV_PREFIX + DELIMITER.join(part.upper() for part in path)


def unknown_variables(environ: Mapping[str, str], known: frozenset[str]) -> tuple[str, ...]:
    """Return the variables with our prefix whose first part is no setting; `known` are the
    lower-case names of the sections and of the settings outside them."""
    found = []
    for name in environ:
        if name.upper().startswith(ENV_PREFIX):
            first = name[len(ENV_PREFIX) :].split(DELIMITER)[0].lower()
            if first not in known:
                found.append(name)
    return tuple(sorted(found))


def nearest(name: str, candidates: list[str]) -> str | None:
    """Return the candidate that looks most like `name`, if any is near."""
    from difflib import get_close_matches

    close = get_close_matches(name.lower(), candidates, n=1, cutoff=0.6)
    return close[0] if close else None


def _holds(tables: Any, path: tuple[str, ...]) -> bool:
    for part in path:
        if not isinstance(tables, Mapping) or part not in tables:
            return False
        tables = tables[part]
    return True


def is_secret(name: str) -> bool:
    """Say whether the value of the setting called `name` is shown to nobody."""
    return name.endswith(_SECRET_ENDINGS)


def is_json(text: str) -> bool:
    """Say whether `text` is a JSON document."""
    import json

    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _json_holds(text: str, path: tuple[str, ...]) -> bool:
    import json

    try:
        return _holds(json.loads(text), path)
    except (ValueError, RecursionError):
        return False
