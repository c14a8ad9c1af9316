"""Why a setting cannot be used, in one sentence that points at the place to mend.

Turns what pydantic says into a `ConfigError` that names the setting as the person wrote it: an
environment variable, a table and key of the file, or a setting of the command line. `model` is
the class that holds the settings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_origin

from pydantic import BaseModel

from omoai_engine.config_origin import (
    DELIMITER,
    ENV_PREFIX,
    Given,
    Origin,
    is_json,
    is_secret,
    nearest,
    variable_name,
)
from omoai_engine.errors import ConfigError
from omoai_engine.text import one_line

_SEE = "See `omoai config show` for the names and values"


def not_json(message: str, environ: Mapping[str, str], model: type[BaseModel]) -> ConfigError:
    """Explain a variable that should hold a table or a list as JSON, and does not."""
    named = re.search(r'field "(\w+)"', message)
    section = named.group(1) if named else ""
    field = model.model_fields.get(section)
    inside = field.annotation if field is not None else None
    paths: list[tuple[str, ...]] = [(section,)]
    if isinstance(inside, type) and issubclass(inside, BaseModel):
        # Only tables and lists are read as JSON; `OMOAI_ASR__DEVICE` is taken as it stands.
        paths += [
            (section, name)
            for name, setting in inside.model_fields.items()
            if get_origin(setting.annotation) in (dict, list, tuple)
        ]
    values = {name.upper(): value for name, value in environ.items()}
    for path in paths:
        value = values.get(variable_name(path))
        if value and not is_json(value):
            # A whole section may hold a key among other things.
            shown = "" if len(path) == 1 else f": {one_line(value)[:60]}"
            return ConfigError(
                f"the value is not JSON{shown}",
                where=f"environment variable {variable_name(path)}",
                hint='Write a list as ["vi", "en"] and a table as {"name": "value"}',
            )
    return ConfigError(message, where="environment", hint=_SEE)


def unknown_section(variable: str, sections: frozenset[str]) -> ConfigError:
    """Explain a variable whose first part is no section."""
    first, _, rest = variable[len(ENV_PREFIX) :].partition(DELIMITER)
    close = nearest(first, sorted(sections))
    hint = f"Perhaps you mean {ENV_PREFIX}{close.upper()}{DELIMITER}{rest}" if close else _SEE
    where = f"environment variable {one_line(variable)}"
    return ConfigError("there is no such setting", where=where, hint=hint)


def explained(first: Any, given: Given, model: type[BaseModel]) -> ConfigError:
    """Explain the first of pydantic's errors (`first`, as its `errors()` gives it)."""
    path = tuple(str(part) for part in first["loc"])
    origin = given.origin(path)
    where = {
        "command line": f"command line, {origin.label}",
        "environment": f"environment variable {origin.label}",
        "file": origin.label,
        "default": f"configuration, {'.'.join(path)}",
    }[origin.kind]
    if first["type"] == "extra_forbidden":
        return ConfigError(
            "there is no such setting", where=where, hint=_did_you_mean(path, origin, model)
        )
    if first["type"] in ("model_type", "dict_type", "model_attributes_type"):
        what = "it must be a table"
    else:
        must = re.sub(r"^(Input|Value|String) should", "it should", one_line(str(first["msg"])))
        if first["type"] == "string_pattern_mismatch":
            must = f"it should be: {_description(path, model)}"
        what = must
        if not is_secret(path[-1]):
            what += f", and not {one_line(repr(first.get('input')))[:60]}"
    return ConfigError(what, where=where, hint=_SEE)


def _description(path: tuple[str, ...], model: type[BaseModel]) -> str:
    section = model.model_fields[path[0]].annotation
    if isinstance(section, type) and issubclass(section, BaseModel) and len(path) > 1:
        return section.model_fields[path[1]].description or "see the names and values"
    return "see the names and values"


def _did_you_mean(path: tuple[str, ...], origin: Origin, model: type[BaseModel]) -> str:
    section = model.model_fields.get(path[0])
    inside = section.annotation if section is not None else None
    if len(path) > 1 and isinstance(inside, type) and issubclass(inside, BaseModel):
        siblings = sorted(inside.model_fields)
    else:
        siblings = sorted(model.model_fields)
    close = nearest(path[-1], siblings)
    if close is None:
        return f"Known here: {', '.join(siblings)}"
    name = variable_name((*path[:-1], close)) if origin.kind == "environment" else close
    return f"Perhaps you mean {name}"
