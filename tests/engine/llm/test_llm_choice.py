"""Which language model is chosen, why, and what is said where one is missing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from llm_asks import settings

from omoai_engine.config import OmoAIConfig, load_config
from omoai_engine.errors import (
    LanguageModelError,
    ModelCorruptError,
    ModelError,
    ModelNotFoundError,
)
from omoai_engine.models.installed import hub_cache
from omoai_engine.postprocess.llm.choice import build_language_model, choose_language_model
from omoai_engine.postprocess.llm.files import examine_model, locate_model
from omoai_engine.postprocess.llm.graphics import graphics_cards
from omoai_engine.postprocess.llm.server import ServerModel
from omoai_engine.postprocess.llm.vllm_model import VLLMModel


@pytest.fixture(autouse=True)
def no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def test_without_anything_the_rules_are_taken_and_the_reason_is_said() -> None:
    choice = choose_language_model(load_config())
    assert choice.backend == "rules"
    assert "there is no graphics card, and no server is configured" in choice.reason
    assert build_language_model(choice) is None
    assert graphics_cards() == ()


def test_a_configured_server_is_next() -> None:
    choice = choose_language_model(settings(server_url="http://localhost:9/v1"))
    assert (choice.backend, choice.model) == ("server", "")
    assert "because there is no graphics card" in choice.reason
    assert isinstance(build_language_model(choice), ServerModel)


def test_a_backend_asked_for_by_name_is_taken_or_an_error(
    tiny_folder: Path, vllm_installed: None
) -> None:
    asked = settings(backend="vllm", device="cpu", model=str(tiny_folder))
    choice = choose_language_model(asked)
    assert (choice.backend, choice.folder, choice.device) == ("vllm", tiny_folder, "cpu")
    assert isinstance(build_language_model(choice), VLLMModel)
    with pytest.raises(ModelNotFoundError, match="omoai models get qwen3-4b-instruct"):
        choose_language_model(settings(backend="vllm", device="cpu"))
    with pytest.raises(LanguageModelError, match=r'pip install "omoai-tui\[vllm\]"'):
        choose_language_model(settings(backend="vllm", device="cuda", model=str(tiny_folder)))
    with pytest.raises(LanguageModelError, match=r"llm\.server_url"):
        choose_language_model(settings(backend="server"))


def test_a_model_is_found_by_path_in_the_models_folder_and_in_the_hub_cache(
    tiny_folder: Path, tmp_path: Path
) -> None:
    def located(config: OmoAIConfig) -> Path:
        return locate_model(config)[1]

    config = load_config(llm={"model": "mine"}, models={"folder": str(tmp_path)})
    with pytest.raises(ModelNotFoundError, match="mine is not installed"):
        located(config)
    shutil.copytree(tiny_folder, tmp_path / "mine")
    assert located(config) == tmp_path / "mine"
    shutil.copytree(tiny_folder, tmp_path / "qwen3-4b-instruct")
    default = load_config(models={"folder": str(tmp_path)})
    assert located(default) == tmp_path / "qwen3-4b-instruct"
    cached = hub_cache() / "models--someone--tiny" / "snapshots" / "abc"
    shutil.copytree(tiny_folder, cached)
    assert located(settings(model="someone/tiny")) == cached
    with pytest.raises(ModelError, match="recogniser"):
        located(settings(model="whisper-base"))
    with pytest.raises(ModelNotFoundError, match="does not exist"):
        located(settings(model="/nowhere/model"))


def test_the_facts_of_a_model_are_read_from_its_files(tiny_folder: Path) -> None:
    facts = examine_model(tiny_folder)
    assert (facts.architecture, facts.context) == ("Qwen3ForCausalLM", 2048)
    assert facts.weights_bytes == (tiny_folder / "model.safetensors").stat().st_size
    assert facts.kv_bytes == 2 * 2 * 1 * 32 * 2
    assert not facts.quantised


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("model.safetensors", None, "model.safetensors"),
        ("model.safetensors", b"", "it is cut"),
        ("model.safetensors", b"\xff" * 100, "it is cut, or no safetensors file"),
        ("model.safetensors", "cut", "bytes instead of"),
        ("model.safetensors", b"\x02\0\0\0\0\0\0\0[]", "no safetensors file"),
        ("tokenizer.json", None, r"tokenizer\.json is missing"),
        ("tokenizer.json", b"{}", "it holds no tokenizer"),
        ("tokenizer_config.json", b"{", "it is not JSON"),
        ("config.json", b"[]", "it holds no table"),
        ("config.json", b"{}", "it names no architecture"),
    ],
)
def test_a_broken_file_is_named(
    tiny_folder: Path, tmp_path: Path, name: str, content: bytes | str | None, says: str
) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    file = folder / name
    if content is None:
        file.unlink()
    elif isinstance(content, str):
        file.write_bytes(file.read_bytes()[:-100])
    else:
        file.write_bytes(content)
    with pytest.raises(ModelCorruptError, match=says):
        examine_model(folder)


def test_weights_in_parts_are_all_looked_at(tiny_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    whole = folder / "model.safetensors"
    whole.rename(folder / "model-00001-of-00002.safetensors")
    index = folder / "model.safetensors.index.json"
    parts = {"a": "model-00001-of-00002.safetensors"}
    index.write_text(json.dumps({"weight_map": parts}))
    assert examine_model(folder).weights_bytes > 0
    index.write_text(json.dumps({"weight_map": {**parts, "b": "model-00002-of-00002.safetensors"}}))
    with pytest.raises(ModelCorruptError, match="00002-of-00002"):
        examine_model(folder)
    index.write_text(json.dumps({"weight_map": {"a": "../x.safetensors"}}))
    with pytest.raises(ModelCorruptError, match="outside the folder"):
        examine_model(folder)
