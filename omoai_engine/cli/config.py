"""`omoai config show` and `omoai config path`: every value with its origin; the file's path."""

from __future__ import annotations

import json

from omoai_engine.cli.console import Parser, say, write_text
from omoai_engine.cli.exits import ExitCode
from omoai_engine.text import clean_text, shown_path

_DESCRIPTION = """\
Every setting, its value and where the value comes from.

Command line > environment > file > default. The file is the one OMOAI_CONFIG names, else
omoai.toml in the user's configuration folder. In the environment the setting asr.device is
OMOAI_ASR__DEVICE."""


def config(arguments: list[str]) -> int:
    """Run `omoai config` with `arguments`; return the exit code."""
    parser = Parser("omoai config", _DESCRIPTION)
    parser.add_argument("what", choices=("show", "path"), help="all settings, or the file's path")
    parser.add_argument("--json", action="store_true", help="show: print JSON")
    parsed = parser.parse_args(arguments)
    if parsed.what == "path":
        return _path()
    return _show(as_json=parsed.json)


def _path() -> int:
    from omoai_engine.config import config_path

    path = config_path()
    write_text(f"{shown_path(path)}\n")
    if not path.exists():
        say("There is no such file yet; the defaults apply.")
    return ExitCode.DONE


def _show(*, as_json: bool) -> int:
    from omoai_engine.config import load_config
    from omoai_engine.config_report import config_report, ignored_variables

    rows = config_report(load_config(), {})
    if as_json:
        table = [
            {
                "name": row.name,
                "value": row.value,
                "origin": row.origin.kind,
                "from": row.origin.label,
                "variable": row.variable,
                "description": row.description,
            }
            for row in rows
        ]
        write_text(json.dumps(table, ensure_ascii=False, indent=2) + "\n")
    else:
        name_width = max(len(row.name) for row in rows)
        value_width = min(28, max(len(row.shown) for row in rows))
        lines = [
            f"{row.name:<{name_width}}  {clean_text(row.shown):<{value_width}}  {row.origin.label}"
            for row in rows
        ]
        write_text("\n".join(lines) + "\n")
    for variable in ignored_variables():
        say(f"Note: {clean_text(variable)} is set and means nothing here.")
    return ExitCode.DONE
