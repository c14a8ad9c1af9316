"""Where models live on this machine, and how one is put there: whole or not at all.

A model is a folder `<models folder>/<name>`, made under another name beside it, flushed to the
disk, then renamed; a reader never sees half a model. Folders are private (0700). Sizes in bytes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from omoai_engine.errors import ModelError
from omoai_engine.private_folders import make_private_folder
from omoai_engine.silent_places import ask_for_place
from omoai_engine.text import shown_path

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig

FOLDER_SETTING = "OMOAI_MODELS__FOLDER"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def models_folder(config: OmoAIConfig) -> Path:
    """Return the folder models are kept in; it need not exist yet.

    Raises `ConfigError` where it lies on a disk that does not answer.
    """
    if config.models.folder is not None:
        folder = config.models.folder.expanduser().absolute()
    else:
        folder = platformdirs.user_data_path("omoai").absolute() / "models"
    ask_for_place(folder)  # the usual one may be a link to another disk
    return folder


def fallback_folder() -> Path:
    """Return where models go when the models folder cannot be written: the user's cache."""
    return platformdirs.user_cache_path("omoai").absolute() / "models"


def search_folders(config: OmoAIConfig) -> tuple[Path, ...]:
    """Return the folders an installed model may lie in, in the order they are looked at."""
    return tuple(dict.fromkeys((models_folder(config), fallback_folder())))


def writable_folder(config: OmoAIConfig) -> Path:
    """Return the first of the search folders that can be written, created if need be.

    Raises `ModelError` when there is none.
    """
    reasons = []
    for folder in search_folders(config):
        try:
            make_private_folder(folder)
        except OSError as error:
            reasons.append(f"{shown_path(folder)}: {error.strerror}")
            continue
        if os.access(folder, os.W_OK | os.X_OK) and not _read_only(folder):
            return folder
        reasons.append(f"{shown_path(folder)}: not writable")
    raise ModelError(
        f"no folder for models can be written ({'; '.join(reasons)})",
        hint=f"Set {FOLDER_SETTING} to a folder that can be",
    )


def _read_only(folder: Path) -> bool:
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def folder_error(error: OSError, folder: Path, needed: int | None = None) -> ModelError:
    """Say in one sentence why nothing could be written into `folder`."""
    where = shown_path(folder)
    if error.errno in _NO_ROOM:
        room = f", {megabytes(needed)} are needed" if needed else ""
        free = free_bytes(folder)
        left = f" and {megabytes(free)} are free" if needed and free is not None else ""
        return ModelError(
            f"there is no room for the model{room}{left}",
            where=where,
            hint=f"Free some space or set {FOLDER_SETTING} to a folder on another disk",
        )
    return ModelError(
        f"the model cannot be written: {error.strerror or error}",
        where=where,
        hint=f"Check the folder's permissions or set {FOLDER_SETTING}",
    )


def free_bytes(folder: Path) -> int | None:
    """Return the free bytes of the disk that `folder` (or its nearest parent) is on."""
    for step in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(step).free
    return None


def megabytes(size: int) -> str:
    """Return `size` bytes for people."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


@contextlib.contextmanager
def locked(folder: Path, name: str, *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock for model `name` in `folder`; yields False when `wait` is off and another
    process has it. Where the file system has no locks, goes on without: renames decide."""
    import fcntl

    path = folder / f".{name}.lock"
    try:
        handle = path.open("ab")
    except OSError:
        yield True
        return
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        except OSError:
            yield True
            return
        yield True


def flush_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def put_in_place(staged: Path, target: Path) -> None:
    """Rename the complete folder `staged` to `target`; what was there before is removed.

    When another process was faster, its folder stays and `staged` goes. Raises `OSError`.
    """
    flush_folder(staged)
    aside = target.with_name(f".{target.name}.old-{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        target.rename(aside)
    try:
        staged.rename(target)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            with contextlib.suppress(OSError):
                aside.rename(target)
            raise
        shutil.rmtree(staged, ignore_errors=True)
    flush_folder(target.parent)
    shutil.rmtree(aside, ignore_errors=True)
