"""Folders that nobody else may look into: made so, and made so again where they were opened.

Standard library and `platformdirs` only: the app needs this before its first paint.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

_OTHERS = 0o077


def make_private_folder(folder: Path) -> Path:
    """Create `folder` with mode 0700 where it is missing, and its parents, whatever the umask.

    One of OmoAI's own folders that others may look into is closed to them; a folder that a person
    chose elsewhere keeps its rights. Raises `OSError`.
    """
    missing = []
    step = folder
    while not step.exists():
        missing.append(step)
        step = step.parent
    for step in reversed(missing):
        with contextlib.suppress(FileExistsError):
            step.mkdir(mode=0o700)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    if not missing:
        _close(folder)
    return folder


def open_to_others(path: Path) -> bool:
    """Say whether anybody but the owner may read or write it."""
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & _OTHERS)
    except OSError:
        return False


def _close(folder: Path) -> None:
    for root in _own_roots():
        if folder == root or root in folder.parents:
            for step in (root, folder):
                if open_to_others(step):
                    with contextlib.suppress(OSError):
                        step.chmod(0o700)


def _own_roots() -> tuple[Path, ...]:
    import platformdirs

    return (
        platformdirs.user_data_path("omoai"),
        platformdirs.user_state_path("omoai"),
        platformdirs.user_cache_path("omoai"),
    )
