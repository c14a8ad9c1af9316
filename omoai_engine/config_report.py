"""What `config show` tells: every setting with its value and where the value comes from.

In: the checked configuration and what was given on the command line. Out: rows to print; values
as TOML would write them, secrets masked. Never prints.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from omoai_engine.config import OmoAIConfig, config_path, read_tables, section_names
from omoai_engine.config_origin import (
    Given,
    Origin,
    is_secret,
    unknown_variables,
    variable_name,
)

MASK = "********"
_WHO = re.compile(r"(?<=//)[^/@\s]*@")
"""Name and password in an address."""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting: its dotted `name`, `value` (JSON types, masked where secret), where the value
    comes from, the environment `variable` that would set it, and what it means."""

    name: str
    value: Any
    origin: Origin
    variable: str
    description: str

    @property
    def shown(self) -> str:
        """Return the value as people write it."""
        if self.value is None:
            return "not set"
        if isinstance(self.value, bool | int | float):
            return json.dumps(self.value)
        if isinstance(self.value, str):
            return self.value
        return json.dumps(self.value, ensure_ascii=False)


def config_report(config: OmoAIConfig, overrides: Mapping[str, Any]) -> list[SettingRow]:
    """Return a row for every setting of `config`, in the order of its definition."""
    given = Given(overrides, os.environ, read_tables(), config_path())
    return [
        SettingRow(".".join(path), value, given.origin(path), variable_name(path), description)
        for path, value, description in _leaves(config, ())
    ]


def ignored_variables() -> tuple[str, ...]:
    """Return the variables that begin like ours and set nothing."""
    return unknown_variables(os.environ, section_names() | {"config"})


def _leaves(
    section: BaseModel, prefix: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any, str]]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        path = (*prefix, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, path)
            continue
        yield path, _plain(name, value), field.description or ""


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, SecretStr) or (value and is_secret(name)):
        return MASK
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, str):
        return _WHO.sub(f"{MASK}@", value)
    return list(value) if isinstance(value, tuple) else value
