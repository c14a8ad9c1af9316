"""`omoai templates list | path | copy NAME`: what a language model is asked for."""

from __future__ import annotations

from omoai_engine.cli.console import Parser, write_text
from omoai_engine.cli.exits import EXIT_CODES, ExitCode
from omoai_engine.text import shown_path

_DESCRIPTION = """\
Templates say what a language model writes as a summary: minutes, tasks, notes of a lecture.
A copy in your own folder wins over ours of the same name; change it as you like."""


def templates(arguments: list[str]) -> int:
    """Run `omoai templates` with `arguments`; return the exit code."""
    parser = Parser("omoai templates", _DESCRIPTION, EXIT_CODES)
    parser.add_argument("action", nargs="?", choices=("list", "path", "copy"), default="list")
    parser.add_argument("name", nargs="?", metavar="NAME", help="which template to copy")
    parsed = parser.parse_args(arguments)
    if (parsed.action == "copy") != (parsed.name is not None):
        parser.error("copy takes the NAME of a template, list and path take none")
    from omoai_engine.postprocess.templates import (
        copy_template,
        find_template,
        template_names,
        user_folder,
    )

    if parsed.action == "path":
        write_text(f"{shown_path(user_folder())}\n")
    elif parsed.action == "copy":
        for path in copy_template(parsed.name):
            write_text(f"{shown_path(path)}\n")
    else:
        for name in template_names():
            found = find_template(name, None)
            own = " (your own)" if found.own else ""
            write_text(f"{name:12}{found.description}{own}\n")
    return ExitCode.DONE
