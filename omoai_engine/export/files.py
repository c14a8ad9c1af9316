"""Files that appear whole or not at all.

In: a path and the bytes it is to hold. Out: the file, with the permissions that the process's
umask gives. The bytes go to a temporary file in the same folder, are synced, and take the name
in one step, so that neither a kill nor a full disk leaves a half-written file under it. An
existing file is replaced only when asked; without that, two writers racing for one name
cannot both win. Never creates folders.
"""

from __future__ import annotations

import errno
import os
import secrets
from pathlib import Path

from omoai_engine.errors import ExportError
from omoai_engine.shortage import CAUSES
from omoai_engine.synced_folder import sync_folder
from omoai_engine.text import shown_path

# Long enough for no clash, short enough to fit beside names near the limit of 255 bytes.
_TEMPORARY_PREFIX = ".omoai-"

_CAUSES = {
    errno.ENOSPC: ("the disk is full", "Free some space or choose another folder"),
    errno.EDQUOT: ("the disk quota is used up", "Free some space or choose another folder"),
    errno.EACCES: ("writing there is not permitted", "Choose a folder you may write to"),
    errno.EPERM: ("writing there is not permitted", "Choose a folder you may write to"),
    errno.EFBIG: CAUSES[errno.EFBIG],
    errno.EMFILE: CAUSES[errno.EMFILE],
    errno.ENFILE: CAUSES[errno.ENFILE],
    errno.EIO: CAUSES[errno.EIO],
    errno.EROFS: ("the file system is read-only", "Choose a folder you may write to"),
    errno.ENOENT: ("there is no such folder", "Create the folder or correct the path"),
    errno.ENOTDIR: ("a part of the path is not a folder", "Correct the path"),
    errno.EISDIR: ("it is a folder", "Give the name of a file"),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter name"),
    errno.ELOOP: ("the path leads round in symbolic links", "Correct the path"),
}


def write_atomically(path: Path | str, data: bytes, *, overwrite: bool = False) -> Path:
    """Write `data` to `path` whole or not at all; return the path.

    A symbolic link as the last part of `path` is followed when overwriting, so that the file
    behind it is replaced and the link stays.

    Raises `ExportError` naming the path, the cause and what to do: the file exists and
    `overwrite` is false, no such folder, no permission, disk full.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise OSError(errno.EISDIR, "is a directory")
        target = path.resolve() if overwrite and path.is_symlink() else path
        temporary = _write_beside(target, data)
        try:
            if overwrite:
                temporary.replace(target)
            else:
                _take_free_name(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(target.parent)
    except FileExistsError:
        raise ExportError(
            "the file exists already",
            where=shown_path(path),
            hint="Choose another name, or ask for it to be overwritten",
        ) from None
    except (OSError, ValueError) as error:
        code = error.errno if isinstance(error, OSError) else None
        what, hint = _CAUSES.get(
            code or 0, (f"the file cannot be written: {_reason(error)}", "Choose another path")
        )
        raise ExportError(what, where=shown_path(path), hint=hint) from None
    return path


def free_name(path: Path | str) -> Path:
    """Return `path`, or where that is taken the first free `name-2.ext`, `name-3.ext`, ..."""
    path = Path(path)
    candidate, number = path, 1
    while os.path.lexists(candidate):
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _write_beside(target: Path, data: bytes) -> Path:
    temporary = target.parent / f"{_TEMPORARY_PREFIX}{secrets.token_hex(8)}.part"
    # 0o666 lets the umask decide, as for any file that a person's program creates.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _take_free_name(temporary: Path, target: Path) -> None:
    """Give the finished file its name unless that is taken, in one step where possible."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError as error:
        # FAT, exFAT and some network mounts have no hard links: reserve the name instead.
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}:
            raise
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
        try:
            temporary.replace(target)
        except OSError:
            target.unlink(missing_ok=True)
            raise
