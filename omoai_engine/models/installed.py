"""Which models this machine has, and which one a job takes.

A model is looked for in four places, in this order: the path in the configuration, the models
folder, the data packages, the Hugging Face cache. Looks at folders only; never loads a model,
never uses a network. Missing models are errors here, of the action that needs them.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from omoai_engine.errors import ModelCorruptError, ModelError, ModelNotFoundError
from omoai_engine.models.catalogue import (
    CATALOGUE,
    PATH_BEGINS,
    REQUIRED_FILES,
    WHISPER_BASE,
    Engine,
    ModelSpec,
    find_spec,
    nearest_names,
)
from omoai_engine.models.offline import (
    INSTALL_COMMAND,
    assemble_offline_whisper,
    find_whisper_base_parts,
)
from omoai_engine.models.store import models_folder, search_folders, writable_folder
from omoai_engine.models.verify import check_model, missing_file
from omoai_engine.silent_places import ask_for_place
from omoai_engine.text import one_line, shown_path

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig

Origin = Literal["configuration", "models folder", "data packages", "Hugging Face cache"]


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model on this machine. `languages` (ISO 639-1) empty means any; `licence` None: unknown.

    `folder` is what a recogniser loads; with the origin `data packages` the files still lie in
    packages and `resolve_model` joins them into `folder` at the first use."""

    name: str
    engine: Engine
    folder: Path
    source: str
    languages: tuple[str, ...]
    licence: str | None
    origin: Origin


def engine_of(folder: Path) -> Engine | None:
    """Return the engine that the files of `folder` belong to, or None."""
    for engine, rows in REQUIRED_FILES.items():
        if missing_file(folder, rows) is None:
            return engine
    return None


def hub_cache() -> Path:
    """Return the Hugging Face cache, by that library's own rules, without importing it.

    Raises `ConfigError` where it lies on a disk that does not answer.
    """
    cache = _named_cache()
    ask_for_place(cache)
    return cache


def _named_cache() -> Path:
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if named := os.environ.get(variable):
            return Path(named).expanduser()
    if home := os.environ.get("HF_HOME"):
        return Path(home).expanduser() / "hub"
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "huggingface" / "hub"


def find_in_hub_cache(spec: ModelSpec) -> Path | None:
    """Return the complete snapshot of `spec` in the Hugging Face cache: the pinned commit, else
    the one `main` points to, else any. Files that the catalogue knows must have its sizes."""
    for repository in (spec.repository, *spec.former):
        root = hub_cache() / f"models--{repository.replace('/', '--')}"
        commits = [spec.revision] if spec.revision else []
        with contextlib.suppress(OSError, UnicodeDecodeError):
            commits.append((root / "refs" / "main").read_text().strip())
        with contextlib.suppress(OSError):
            commits += sorted(entry.name for entry in (root / "snapshots").iterdir())
        for commit in dict.fromkeys(commits):
            folder = root / "snapshots" / commit
            if not commit or "/" in commit or not _complete(folder, spec.engine):
                continue
            if commit != spec.revision or _sizes_fit(folder, spec):
                return folder
    return None


def list_installed(config: OmoAIConfig) -> list[InstalledModel]:
    """Return every model that can be used now, in the order in which `auto` prefers them."""
    found = [_installed(spec, *place) for spec in CATALOGUE if (place := _place(config, spec))]
    known = {spec.name for spec in CATALOGUE}
    for folder in _own_folders(config):
        engine = engine_of(folder)
        if engine and folder.name not in known:
            name = one_line(folder.name)
            found.append(InstalledModel(name, engine, folder, name, (), None, "models folder"))
    return found


def resolve_model(
    config: OmoAIConfig,
    *,
    engine: str | None = None,
    name: str | None = None,
    language: str | None = None,
) -> InstalledModel:
    """Return the model a job takes, ready to be loaded.

    Args:
        config: the configuration; its `asr` section answers what the arguments leave open.
        engine: `whisper`, `chunkformer` or `auto`: ChunkFormer where an installed model speaks
            the language that was chosen, else Whisper.
        name: a name of the catalogue, an alias (`small`), a folder, or `auto`: the first
            installed one in the catalogue's order; one that lies in the Hugging Face cache only
            when nothing else is there.
        language: ISO 639-1, or `auto`.

    Raises:
        ModelNotFoundError: it is not installed; the hint says how to get it.
        ModelCorruptError: its files are not what they should be.
        ModelError: the name, the engine and the language do not fit together.
    """
    return _ready(config, find_model(config, engine=engine, name=name, language=language))


def find_model(
    config: OmoAIConfig,
    *,
    engine: str | None = None,
    name: str | None = None,
    language: str | None = None,
) -> InstalledModel:
    """Return what `resolve_model` would take, without reading, checking or joining its files.

    Raises `ModelNotFoundError`, `ModelError`.
    """
    engine = engine or config.asr.engine
    name = name or config.asr.model
    language = language or config.asr.language
    if name == "auto":
        return _automatic(config, engine, language)
    if name.startswith(PATH_BEGINS):
        ask_for_place(Path(name).expanduser())
    if _is_path(name):
        return _from_path(Path(name).expanduser(), engine)
    return _by_name(config, name, engine)


def _automatic(config: OmoAIConfig, engine: str, language: str) -> InstalledModel:
    candidates = sorted(
        list_installed(config),
        key=lambda model: model.origin == "Hugging Face cache",
    )
    wanted = ("chunkformer", "whisper") if engine == "auto" else (engine,)
    for choice in wanted:
        for model in candidates:
            if model.engine != choice:
                continue
            speaks = not model.languages or language in model.languages
            # ChunkFormer models know one language each: only `--engine` may take one blindly.
            unsure = language == "auto" and engine == "auto" and choice == "chunkformer"
            if (speaks or language == "auto") and not unsure:
                return model
    if engine == "chunkformer":
        return _none_of_chunkformer(language)
    raise ModelNotFoundError(
        "no Whisper model is installed",
        hint=f"Run {INSTALL_COMMAND} (works offline afterwards), or: omoai models get whisper-base",
    )


def _none_of_chunkformer(language: str) -> InstalledModel:
    suited = [
        spec.name
        for spec in CATALOGUE
        if spec.engine == "chunkformer" and (language == "auto" or language in spec.languages)
    ]
    if not suited:
        raise ModelError(
            f"no ChunkFormer model speaks {language!r}", hint="Use --engine whisper or auto"
        )
    raise ModelNotFoundError(
        "no ChunkFormer model is installed"
        + ("" if language == "auto" else f" for the language {language!r}"),
        hint=f"Run: omoai models get {suited[0]}",
    )


def _by_name(config: OmoAIConfig, name: str, engine: str) -> InstalledModel:
    spec = find_spec(name)
    if spec is None:
        for folder in _own_folders(config):
            if folder.name == name and engine_of(folder):
                return _from_path(folder, engine, origin="models folder")
        close = nearest_names(name)
        guess = f"Did you mean {' or '.join(close)}? " if close else ""
        raise ModelNotFoundError(
            f"there is no model called {one_line(name)!r}",
            hint=f"{guess}See: omoai models list; a folder is given with a slash, as ./folder",
        )
    _fits(spec.name, spec.engine, engine)
    place = _place(config, spec)
    if place is None:
        how = f"omoai models get {spec.name}"
        if spec is WHISPER_BASE:
            how = f"{INSTALL_COMMAND}, or: {how}"
        raise ModelNotFoundError(f"the model {spec.name} is not installed", hint=f"Run: {how}")
    return _installed(spec, *place)


def _from_path(folder: Path, engine: str, origin: Origin = "configuration") -> InstalledModel:
    where = shown_path(folder)
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise ModelNotFoundError(
            f"the model folder {what}", where=where, hint="Correct --model or asr.model"
        )
    found = engine_of(folder)
    if found is None:
        wanted: tuple[Engine, ...] = (
            (engine,) if engine in ("whisper", "chunkformer") else ("whisper", "chunkformer")  # type: ignore[assignment]
        )
        lacks = "; ".join(
            f"{kind} needs {missing_file(folder, REQUIRED_FILES[kind])}" for kind in wanted
        )
        raise ModelCorruptError(
            f"the folder holds no complete model ({lacks})",
            where=where,
            hint="Correct --model or asr.model, or copy the missing files there",
        )
    _fits(where, found, engine)
    name = one_line(folder.resolve().name)
    return InstalledModel(name, found, folder.absolute(), where, (), None, origin)


def _fits(what: str, found: Engine, engine: str) -> None:
    if engine not in ("auto", found):
        raise ModelError(
            f"{what} is a {found} model and the engine {engine} was asked for",
            hint=f"Use --engine {found} or auto",
        )


def _ready(config: OmoAIConfig, model: InstalledModel) -> InstalledModel:
    spec = find_spec(model.name)
    if model.origin == "data packages":
        return replace(model, folder=assemble_offline_whisper(writable_folder(config)))
    if spec is not None and model.origin == "models folder":
        try:
            check_model(model.folder, spec, hint=f"Run: omoai models get {spec.name}")
        except ModelCorruptError:
            if spec is not WHISPER_BASE or find_whisper_base_parts() is None:
                raise
            return replace(model, folder=assemble_offline_whisper(writable_folder(config)))
    return model


def _installed(spec: ModelSpec, folder: Path, origin: Origin) -> InstalledModel:
    return InstalledModel(
        spec.name, spec.engine, folder, spec.source, spec.languages, spec.licence, origin
    )


def _place(config: OmoAIConfig, spec: ModelSpec) -> tuple[Path, Origin] | None:
    """Return where `spec` lies, complete at first sight, or None."""
    for parent in search_folders(config):
        folder = parent / spec.name
        if _complete(folder, spec.engine):
            return folder, "models folder"
    if spec is WHISPER_BASE and find_whisper_base_parts() is not None:
        return models_folder(config) / spec.name, "data packages"
    cached = find_in_hub_cache(spec)
    return (cached, "Hugging Face cache") if cached is not None else None


def _own_folders(config: OmoAIConfig) -> Iterator[Path]:
    for parent in search_folders(config):
        with contextlib.suppress(OSError):
            for entry in sorted(parent.iterdir()):
                ask_for_place(entry)
                if entry.is_dir() and not entry.name.startswith("."):
                    yield entry


def _complete(folder: Path, engine: Engine) -> bool:
    ask_for_place(folder)  # a single model may be a link to another disk
    return missing_file(folder, REQUIRED_FILES[engine]) is None


def _sizes_fit(folder: Path, spec: ModelSpec) -> bool:
    try:
        return all((folder / file.name).stat().st_size == file.size for file in spec.files)
    except OSError:
        return False


def _is_path(name: str) -> bool:
    # `khanhld/model` names a repository; a path says so with its beginning, or exists.
    if name.startswith(PATH_BEGINS) or name in (".", ".."):
        return True
    return find_spec(name) is None and ("/" in name or Path(name).is_dir())
