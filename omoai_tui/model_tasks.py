"""What the models screen asks of the engine, each in a thread, each ending in a message.

Nothing is fetched before the person agreed to what `PlanReady` says: size, licence, source, place.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.message import Message

from omoai_engine.control import JobControl
from omoai_engine.errors import CancelledError
from omoai_engine.text import shown_path
from omoai_tui.pipeline_worker import sentence_for
from omoai_tui.tasks import Post, Task

if TYPE_CHECKING:
    from omoai_engine.models.hub import Plan

PROGRESS_EVERY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model to look at: installed where `place` says, or to be had (`place` empty).

    `size` in bytes and `licence` are None where only the hub knows; `own`: not of the catalogue.
    """

    name: str
    engine: str
    languages: tuple[str, ...]
    size: int | None
    licence: str | None
    about: str
    place: str
    in_use: bool
    own: bool
    path: str


class ModelsRead(Message, bubble=False):
    """Which models there are."""

    def __init__(self, rows: list[ModelRow]) -> None:
        super().__init__()
        self.rows = rows


class PlanReady(Message, bubble=False):
    """What a download would fetch, from where, into which folder."""

    def __init__(self, plan: Plan, source: str, folder: Path) -> None:
        super().__init__()
        self.plan = plan
        self.source = source
        self.folder = folder


class Fetched(Message, bubble=False):
    """So many bytes are here; at most one such message waits."""

    def __init__(self, done: int, total: int) -> None:
        super().__init__()
        self.done = done
        self.total = total

    def can_replace(self, message: Message) -> bool:
        """Say that only the latest counts."""
        return isinstance(message, Fetched)


class Finished(Message, bubble=False):
    """A download or a check is over; `outcome` is `got`, `stopped`, `verified`, `unpublished`,
    `folder` or `failed`, and `detail` what it is about."""

    def __init__(self, outcome: str, detail: str) -> None:
        super().__init__()
        self.outcome = outcome
        self.detail = detail


def _config(overrides: dict[str, Any]) -> Any:
    from omoai_engine.config import load_config

    return load_config(**overrides)


def guarded(work: Callable[[], None], post: Post) -> Task:
    """Return the task that does `work`; what it raises becomes one sentence in `Finished`."""

    def run() -> None:
        try:
            work()
        except CancelledError:
            post(Finished("stopped", ""))
        except Exception as error:
            post(Finished("failed", sentence_for(error)))

    return run


def list_task(overrides: dict[str, Any], post: Post) -> Task:
    """Return the task that posts `ModelsRead`."""

    def work() -> None:
        post(ModelsRead(model_rows(_config(overrides))))

    return guarded(work, post)


def model_rows(config: Any) -> list[ModelRow]:
    """Return the installed models, then those of the catalogue that are not installed."""
    from omoai_engine.errors import ModelError
    from omoai_engine.models import CATALOGUE, find_model, find_spec, list_installed

    used = set()
    with contextlib.suppress(ModelError):
        used.add(find_model(config).folder)
    rows = []
    installed = list_installed(config)
    for model in installed:
        spec = find_spec(model.name)
        place = shown_path(model.folder) if model.origin != "data packages" else model.origin
        rows.append(
            ModelRow(
                model.name,
                model.engine,
                model.languages,
                spec.size if spec else None,
                model.licence,
                spec.about if spec else "",
                place,
                model.folder in used,
                spec is None,
                str(model.folder),
            )
        )
    there = {model.name for model in installed}
    for spec in CATALOGUE:
        if spec.name not in there:
            rows.append(
                ModelRow(
                    spec.name,
                    spec.engine,
                    spec.languages,
                    spec.size,
                    spec.licence,
                    spec.about,
                    "",
                    False,
                    False,
                    "",
                )
            )
    return rows


def plan_task(name: str, overrides: dict[str, Any], post: Post) -> Task:
    """Return the task that posts `PlanReady` for a model of the catalogue."""

    def work() -> None:
        from omoai_engine.models import find_spec
        from omoai_engine.models.hub import endpoint, make_plan
        from omoai_engine.models.store import writable_folder

        spec = find_spec(name)
        if spec is None:
            return
        config = _config(overrides)
        folder = writable_folder(config)
        plan = make_plan(spec, offline=config.offline)
        post(PlanReady(plan, f"{endpoint()}/{spec.repository}", folder))

    return guarded(work, post)


def download_task(plan: Plan, folder: Path, control: JobControl, post: Post) -> Task:
    """Return the task that fetches what was agreed to; posts `Fetched` and then `Finished`."""

    def work() -> None:
        from omoai_engine.models.download import DownloadProgress, download_model

        told = 0.0

        def tell(progress: DownloadProgress) -> None:
            nonlocal told
            now = time.monotonic()
            if now - told >= PROGRESS_EVERY_SECONDS or progress.done >= progress.total:
                told = now
                post(Fetched(progress.done, progress.total))

        download_model(plan, folder, on_progress=tell, control=control)
        post(Finished("got", plan.spec.name))

    return guarded(work, post)


def verify_task(row: ModelRow, post: Post) -> Task:
    """Return the task that compares every file of an installed model with its hash."""

    def work() -> None:
        from omoai_engine.models import find_spec
        from omoai_engine.models.verify import check_model, read_marker

        spec = find_spec(row.name)
        folder = Path(row.path)
        if spec is None or not folder.is_dir() or not (spec.files or read_marker(folder)):
            post(Finished("unpublished", row.name))
            return
        check_model(folder, spec, thorough=True, hint="Remove it and get it again")
        post(Finished("verified", row.name))

    return guarded(work, post)


def folder_task(folder: str, overrides: dict[str, Any], post: Post) -> Task:
    """Return the task that says whether a folder on disk holds a model that can be used."""

    def work() -> None:
        from omoai_engine.models import find_model

        model = find_model(_config(overrides), engine="auto", name=folder)
        post(Finished("folder", str(model.folder)))

    return guarded(work, post)
