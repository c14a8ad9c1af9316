"""Fetch a model from the hub because a person asked: resumed, checked, whole or not at all.

The files come into `<models folder>/.downloads/<name>` and are hashed there; only when every one
is right the folder is renamed to `<models folder>/<name>`. A broken download stays and goes on
where it ended. Never prints, never asks: `make_plan` says what will be fetched before it is.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import shutil
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from omoai_engine.control import JobControl
from omoai_engine.errors import ModelCorruptError, ModelError, ModelNotFoundError
from omoai_engine.models.catalogue import OPTIONAL_FILES, REQUIRED_FILES, ModelSpec
from omoai_engine.models.hub import (
    ConnectionCutError,
    Plan,
    RemoteFile,
    endpoint,
    file_url,
    open_at,
)
from omoai_engine.models.store import (
    FOLDER_SETTING,
    flush_folder,
    folder_error,
    free_bytes,
    locked,
    megabytes,
    put_in_place,
)
from omoai_engine.models.verify import write_marker
from omoai_engine.private_folders import make_private_folder
from omoai_engine.text import shown_path

_PIECE = 1 << 18
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """`done` of `total` bytes of the whole model are here; `file` is being fetched."""

    file: str
    done: int
    total: int


OnProgress = Callable[[DownloadProgress], None]


def download_model(
    plan: Plan,
    folder: Path,
    *,
    on_progress: OnProgress | None = None,
    control: JobControl | None = None,
    retries: int = 5,
) -> Path:
    """Fetch the files of `plan` into `folder` (the models folder); return the model's folder.

    Args:
        plan: from `make_plan`.
        folder: the models folder.
        on_progress: told after every piece.
        control: cancels between pieces; what was fetched stays for the next time.
        retries: how often in a row the connection may break without a single byte.

    Raises:
        CancelledError: `control` was set.
        ModelCorruptError: a file has another hash than published; it was thrown away.
        ModelNotFoundError: the hub has no such file.
        ModelError: the hub cannot be reached, no room, another process fetches it already.
    """
    target = folder / plan.spec.name
    staged = folder / ".downloads" / plan.spec.name
    try:
        make_private_folder(staged)
        with locked(staged.parent, plan.spec.name, wait=False) as alone:
            if not alone:
                raise ModelError(
                    f"another omoai is fetching {plan.spec.name} right now", hint="Wait for it"
                )
            _check_room(plan, staged)
            hashes = {}
            done = 0
            for file in plan.files:
                fetch = _Fetch(plan, file, staged, done, on_progress, control)
                hashes[file.name] = fetch.run(retries)
                done += file.size
            _keep_only(staged, hashes)
            write_marker(staged, f"{plan.spec.repository}@{plan.commit}", hashes)
            put_in_place(staged, target)
    except OSError as error:
        if isinstance(error, ModelNotFoundError):
            raise
        raise folder_error(error, folder, plan.size) from None
    return target


def copy_instructions(spec: ModelSpec, folder: Path, plan: Plan | None = None) -> list[str]:
    """Return lines that say how to get the model here from a machine that has a network."""
    lines = ["On a machine with a network, fetch these files:"]
    if plan is not None:
        lines += [f"  {file_url(spec.repository, plan.commit, file.name)}" for file in plan.files]
    else:
        commit = spec.revision or "main"
        rows = [*REQUIRED_FILES[spec.engine], *((name,) for name in OPTIONAL_FILES[spec.engine])]
        lines.append(f"  from {endpoint()}/{spec.repository}/tree/{commit}")
        lines += [f"  {' or '.join(row)}" for row in rows]
    return [*lines, "and copy them to this folder:", f"  {shown_path(folder / spec.name)}"]


def _keep_only(staged: Path, names: Collection[str]) -> None:
    """Delete what an older download of another commit left behind."""
    for path in staged.iterdir():
        if path.name not in names:
            path.unlink()


def _check_room(plan: Plan, staged: Path) -> None:
    here = sum(path.stat().st_size for path in staged.iterdir() if path.is_file())
    needed = max(0, plan.size - here)
    free = free_bytes(staged)
    if free is not None and free < needed:
        raise ModelError(
            f"there is no room for the model, {megabytes(needed)} are needed and "
            f"{megabytes(free)} are free",
            where=shown_path(staged.parent.parent),
            hint=f"Free some space or set {FOLDER_SETTING} to a folder on another disk",
        )


class _Fetch:
    """One file: `path` once it is whole and right, `path`.part until then."""

    def __init__(
        self,
        plan: Plan,
        file: RemoteFile,
        staged: Path,
        before: int,
        on_progress: OnProgress | None,
        control: JobControl | None,
    ) -> None:
        self._plan = plan
        self._file = file
        self._path = staged / file.name
        # The commit is in the name: bytes of two versions are never joined.
        self._part = staged / f"{file.name}.{plan.commit[:12]}.part"
        self._before = before
        self._on_progress = on_progress
        self._control = control

    def run(self, retries: int) -> str:
        """Fetch what is missing; return the SHA-256."""
        if self._path.is_file():
            with contextlib.suppress(ModelCorruptError):
                return self._check(self._path)
        failures = 0
        while (have := self._size()) < self._file.size:
            try:
                self._fetch(have)
            except ConnectionCutError:
                if self._size() > have:
                    failures = 0
                failures += 1
                if failures > retries:
                    raise
                self._pause(min(_FIRST_PAUSE_SECONDS * 2 ** (failures - 1), _LONGEST_PAUSE_SECONDS))
        sha256 = self._check(self._part)
        self._part.replace(self._path)
        flush_folder(self._path.parent)
        return sha256

    def _pause(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            if self._control is not None:
                self._control.checkpoint()
            time.sleep(min(left, 0.2))

    def _size(self) -> int:
        try:
            size = self._part.stat().st_size
        except FileNotFoundError:
            return 0
        if size > self._file.size:
            self._part.unlink()
            return 0
        return size

    def _fetch(self, have: int) -> None:
        stream, start = open_at(self._plan, self._file, have)
        with stream, self._part.open("r+b" if have else "wb") as out:
            out.truncate(start)
            out.seek(start)
            done = start
            while done < self._file.size:
                if self._control is not None:
                    self._control.checkpoint()
                piece = self._read(stream, min(_PIECE, self._file.size - done))
                out.write(piece)
                done += len(piece)
                self._tell(done)
            out.flush()
            os.fsync(out.fileno())

    def _read(self, stream: object, size: int) -> bytes:
        # Reading the network and writing the disk both raise OSError: told apart here.
        try:
            piece: bytes = stream.read(size)  # type: ignore[attr-defined]
        except (OSError, http.client.HTTPException):
            piece = b""
        if not piece:
            raise ConnectionCutError(
                "the connection to the hub broke",
                where=self._file.name,
                hint="Run the same command again: it goes on where it ended",
            )
        return piece

    def _tell(self, done: int) -> None:
        if self._on_progress is not None:
            self._on_progress(
                DownloadProgress(self._file.name, self._before + done, self._plan.size)
            )

    def _check(self, path: Path) -> str:
        sha256 = hashlib.sha256()
        blob = hashlib.sha1(b"blob %d\0" % self._file.size, usedforsecurity=False)
        size = 0
        with path.open("rb") as content:
            while piece := content.read(_PIECE):
                sha256.update(piece)
                blob.update(piece)
                size += len(piece)
        digest = sha256.hexdigest()
        right = (
            digest == self._file.sha256
            if self._file.sha256
            else (blob.hexdigest() == self._file.git_blob)
        )
        if not right or size != self._file.size:
            path.unlink()
            raise ModelCorruptError(
                "what the hub sent is not the published file (its hash differs), "
                "so it was thrown away",
                where=self._file.name,
                hint="Run the same command again; if it happens twice, something on the way "
                "changes the file",
            )
        self._tell(size)
        return digest


def remove_model(folder: Path, name: str) -> Path:
    """Delete the model `name` from the models folder; return what was deleted.

    Raises `ModelNotFoundError` when it is not there, `ModelError` when it cannot be deleted.
    """
    target = folder / name
    if not target.is_dir() or target.parent != folder or name.startswith("."):
        raise ModelNotFoundError(
            f"there is no model {name!r} in the models folder",
            where=shown_path(folder),
            hint="See: omoai models list",
        )
    try:
        shutil.rmtree(target)
    except OSError as error:
        raise folder_error(error, folder) from None
    return target
