"""The audio beside the library: copied into it, or referred to where it lies.

A fingerprint tells whether a file is still the same: of a copy the SHA-256 of all bytes, of a
file referred to the SHA-256 of its length and of three mebibytes (begin, middle, end), so that
an hour of sound costs milliseconds.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path

from omoai_engine.errors import DiskSilentError, LibraryError
from omoai_engine.far_files import Disk, FarFile
from omoai_engine.private_folders import make_private_folder
from omoai_engine.text import shown_path

_PIECE = 1 << 20
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")


def keep_copy(source: Path, folder: Path) -> tuple[str, str]:
    """Copy `source` into `folder` (0700) as a private file; return its name and fingerprint.

    The copy is on the disk when this returns. Raises `LibraryError`.
    """
    suffix = source.suffix if _SUFFIX.fullmatch(source.suffix) else ""
    name = f"{secrets.token_hex(12)}{suffix}"
    target = folder / name
    digest = hashlib.sha256()
    try:
        make_private_folder(folder)
        with FarFile(source) as reading:
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as writing:
                while block := reading.read(_PIECE):
                    digest.update(block)
                    writing.write(block)
                writing.flush()
                os.fsync(writing.fileno())
    except DiskSilentError as error:
        target.unlink(missing_ok=True)
        raise LibraryError(error.what, where=error.where, hint=error.hint) from None
    except OSError as error:
        target.unlink(missing_ok=True)
        raise LibraryError(
            f"the audio cannot be copied into the library: {error.strerror}",
            where=shown_path(source),
            hint="Keep it where it is (library.audio = reference), or free some space",
        ) from None
    return name, f"sha256:{digest.hexdigest()}"


def fingerprint(path: Path, *, whole: bool = False, disk: Disk | None = None) -> str:
    """Return the fingerprint of a file. Raises `OSError`."""
    digest = hashlib.sha256()
    with FarFile(path, disk) as file:
        if whole:
            while block := file.read(_PIECE):
                digest.update(block)
            return f"sha256:{digest.hexdigest()}"
        size = file.size
        digest.update(size.to_bytes(8, "big"))
        for at in (0, size // 2, max(size - _PIECE, 0)):
            file.seek(at)
            digest.update(file.read(_PIECE))
    return f"sample:{digest.hexdigest()}"


def is_same(path: Path, known: str | None, disk: Disk | None = None) -> bool:
    """Say whether the file at `path` is the one that had fingerprint `known`.

    Raises `OSError` where it cannot be read.
    """
    if known is None:
        FarFile(path, disk).close()
        return True
    return fingerprint(path, whole=known.startswith("sha256:"), disk=disk) == known
