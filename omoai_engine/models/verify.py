"""Whether a model's files are what they should be: read once, then only looked at.

The first check hashes every file and leaves a small marker in the folder with each file's size,
modification time and SHA-256; while sizes and times agree with it, later checks read nothing.
Never repairs anything.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omoai_engine.errors import ModelCorruptError
from omoai_engine.models.catalogue import ModelFile, ModelSpec
from omoai_engine.text import shown_path

MARKER = ".omoai-verified.json"
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Seen:
    """What a marker holds of one file: `size` in bytes, `mtime_ns` as `stat` gives it."""

    size: int
    mtime_ns: int
    sha256: str


def sha256_of(path: Path, on_bytes: Callable[[int], None] | None = None) -> str:
    """Return the SHA-256 of a file as hex; `on_bytes` is told of each piece. Raises `OSError`."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            if on_bytes is not None:
                on_bytes(len(piece))
    return digest.hexdigest()


def read_marker(folder: Path) -> dict[str, Seen]:
    """Return what was seen at the last full check; empty when there is no usable marker."""
    try:
        data: Any = json.loads((folder / MARKER).read_bytes())
        return {
            str(name): Seen(int(seen["size"]), int(seen["mtime_ns"]), str(seen["sha256"]))
            for name, seen in data["files"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def write_marker(folder: Path, source: str, hashes: dict[str, str]) -> None:
    """Note that the files of `hashes` were read and have these hashes.

    A folder that cannot be written stays without a marker: it is read again next time.
    """
    files = {}
    for name, sha256 in hashes.items():
        stat = (folder / name).stat()
        files[name] = {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": sha256}
    text = json.dumps({"source": source, "files": files}, indent=1)
    staged = folder / f"{MARKER}.{os.getpid()}"
    with contextlib.suppress(OSError):
        staged.write_text(text, encoding="utf-8")
        staged.replace(folder / MARKER)


def check_model(
    folder: Path,
    spec: ModelSpec,
    *,
    thorough: bool = False,
    hint: str,
    on_bytes: Callable[[int], None] | None = None,
) -> None:
    """Check the files of `spec` in `folder`; reads them only where the marker does not vouch.

    Where the catalogue has no hashes, the marker of the download is the reference.

    Args:
        folder: the model's folder.
        spec: what should be there.
        thorough: read every file, whatever the marker says.
        hint: what the person can do when something is wrong.
        on_bytes: told of every piece read, in bytes.

    Raises:
        ModelCorruptError: names the first file that is missing or different.
    """
    seen = read_marker(folder)
    expected = spec.files or tuple(
        ModelFile(name, known.size, known.sha256) for name, known in seen.items()
    )
    hashes = {}
    fresh = False
    for file in expected:
        path = folder / file.name
        try:
            stat = path.stat()
            if stat.st_size != file.size:
                raise _different(path, f"it has {stat.st_size} bytes and not {file.size}", hint)
            known = seen.get(file.name)
            unchanged = known is not None and known == Seen(
                stat.st_size, stat.st_mtime_ns, file.sha256
            )
            if thorough or not unchanged:
                fresh = True
                if sha256_of(path, on_bytes) != file.sha256:
                    raise _different(path, "its content has another SHA-256 than published", hint)
        except OSError as error:
            reason = "it is missing" if isinstance(error, FileNotFoundError) else error.strerror
            raise _different(path, str(reason), hint) from None
        hashes[file.name] = file.sha256
    if fresh:
        write_marker(folder, spec.source, hashes)


def missing_file(folder: Path, names: Iterable[tuple[str, ...]]) -> str | None:
    """Return the first file that `folder` lacks, or None; a row lists alternatives."""
    for row in names:
        if not any((folder / name).is_file() for name in row):
            return " or ".join(row)
    return None


def _different(path: Path, what: str, hint: str) -> ModelCorruptError:
    return ModelCorruptError(
        f"the model file is not what it should be: {what}", where=shown_path(path), hint=hint
    )
