"""Models that are cut, altered or made to harm: each is refused with what is wrong, and where."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

from omoai_engine.asr.chunkformer.checkpoint import load_checkpoint, read_cmvn
from omoai_engine.asr.whisper import WhisperRecognizer
from omoai_engine.config import ASRSettings, load_config
from omoai_engine.errors import ModelError
from omoai_engine.models import resolve_model

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "data" / "tiny-chunkformer"
WEIGHT = "encoder.after_norm.weight"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a copy of the small model."""
    return Path(shutil.copytree(TINY, tmp_path / "model"))


def refusal(folder: Path) -> str:
    """Return the sentence that `folder` is refused with."""
    with pytest.raises(ModelError) as caught:
        load_checkpoint(folder)
    sentence = str(caught.value)
    assert sentence.isprintable()
    assert len(sentence) < 800
    return sentence


def bomb() -> str:
    """Return a few lines that stand for a thousand million words."""
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    return "\n".join([*lines, "encoder: *i"])


@pytest.mark.parametrize(
    "text",
    [
        "zz: 2001-13-45",
        "zz: !!timestamp abc",
        "zz: !!bool abc",
        "zz: !!int ''",
        "zz: !!float abc",
        "zz: " + "9" * 5000,
        "encoder: 0x" + "f" * 5000,
        "encoder: &a [*a]",
        bomb(),
        "[" * 3000,
    ],
)
def test_a_configuration_that_is_made_to_harm_is_refused(model: Path, text: str) -> None:
    (model / "config.yaml").write_text(text)
    assert "config.yaml" in refusal(model)


def test_stars_that_refer_to_nothing_are_no_references(model: Path) -> None:
    """A remark or a text may hold as many as it likes."""
    path = model / "config.yaml"
    path.write_text(f"# {'*' * 200}\nremark: '{'* ' * 200}'\n{path.read_text()}")
    load_checkpoint(model)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("norm_eps", "abc"),
        ("norm_eps", [1]),
        ("norm_eps", float("nan")),
        ("norm_eps", -1.0),
        ("norm_eps", True),
        ("num_blocks", 10**6),
    ],
)
def test_a_size_that_is_none_is_named(model: Path, key: str, value: Any) -> None:
    tree = yaml.safe_load((model / "config.yaml").read_bytes())
    tree["encoder_conf"][key] = value
    (model / "config.yaml").write_text(yaml.safe_dump(tree))
    sentence = refusal(model)
    assert key in sentence or "encoder.encoders.4" in sentence


def test_numbers_as_a_text_of_yaml_s_are_still_numbers(model: Path) -> None:
    """YAML reads `1e-5` as text; published files hold it."""
    text = (model / "config.yaml").read_text()
    (model / "config.yaml").write_text(
        text.replace("encoder_conf:", "encoder_conf:\n  norm_eps: 1e-5")
    )
    assert load_checkpoint(model).config.norm_eps == 1e-5


def test_a_vocabulary_without_end_and_numbers_without_end(model: Path) -> None:
    (model / "vocab.txt").write_text("a " + "9" * 5000)
    assert "line 1" in refusal(model)
    with (model / "vocab.txt").open("wb") as file:
        file.truncate(8 << 30)
    assert "larger than 16 MiB" in refusal(model)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"mean_stat": [10**400] * 80, "var_stat": [1] * 80, "frame_num": 3}),
        json.dumps({"mean_stat": [1.0] * 80, "var_stat": [1] * 80, "frame_num": 10**400}),
        '{"a":' + "[" * 100_000,
    ],
)
def test_statistics_that_no_number_holds(tmp_path: Path, text: str) -> None:
    (tmp_path / "global_cmvn").write_text(text)
    with pytest.raises(ModelError, match="feature statistics"):
        read_cmvn(tmp_path / "global_cmvn")


def in_itself(tensors: dict[Any, Any]) -> dict[Any, Any]:
    tensors["model"] = tensors
    return tensors


def with_one(change: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[dict[Any, Any]], Any]:
    return lambda tensors: tensors | {WEIGHT: change(tensors[WEIGHT].float())}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda tensors: {1: torch.zeros(2)}, "table of tensors"),
        (lambda tensors: tensors | {1: torch.zeros(2)}, "table of tensors"),
        (in_itself, "table of tensors"),
        (with_one(torch.Tensor.to_sparse), WEIGHT),
        (with_one(lambda t: torch.quantize_per_tensor(t, 0.1, 0, torch.qint8)), WEIGHT),
        (with_one(lambda t: t.to(torch.complex64)), WEIGHT),
        (with_one(lambda t: t.to("meta")), WEIGHT),
        (with_one(lambda t: t[:0]), WEIGHT),
        (with_one(lambda t: t / 0), WEIGHT),
    ],
)
@pytest.mark.filterwarnings("ignore:torch.quantize:UserWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_table_of_odd_tensors_names_the_first(
    model: Path, change: Callable[[dict[Any, Any]], Any], says: str
) -> None:
    (model / "model.safetensors").unlink()
    torch.save(change(dict(load_file(TINY / "model.safetensors"))), model / "pytorch_model.bin")
    assert says in refusal(model)


@pytest.mark.parametrize("text", ["<!DOCTYPE html><p>404", "version https://git-lfs.github.com/"])
@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_a_web_page_in_place_of_the_weights(model: Path, name: str, text: str) -> None:
    (model / "model.safetensors").unlink()
    (model / name).write_text(text * 20)
    assert name in refusal(model)


def test_nothing_may_run_code_of_a_model() -> None:
    """No call asks a library to run what a model brings along, and pickles hold tensors only."""
    for path in (ROOT / "omoai_engine").rglob("*.py"):
        text = path.read_text(encoding="utf-8").replace(" ", "")
        assert "trust_remote_code=True" not in text, path
        assert '"trust_remote_code":True' not in text, path
        assert text.count("torch.load(") == text.count("weights_only=True"), path
        assert "pickle.load" not in text, path


@pytest.fixture
def whisper(tmp_path: Path) -> Path:
    """Return the base model as links, so that a file can be exchanged."""
    base = resolve_model(load_config(), engine="whisper").folder
    folder = tmp_path / "whisper"
    folder.mkdir()
    for path in base.iterdir():
        if not path.name.startswith("."):
            (folder / path.name).symlink_to(path)
    return folder


def whisper_refusal(folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        WhisperRecognizer(folder, "whisper", ASRSettings(device="cpu")).load()
    sentence = str(caught.value)
    assert sentence.isprintable()
    return sentence


def put(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("config.json", b"{}", "alignment_heads"),
        ("config.json", b"[" * 200_000, "not JSON"),
        ("preprocessor_config.json", b"[]", "no table"),
        ("model.bin", b"<html>" * 900, "cannot be loaded"),
    ],
)
def test_a_file_of_a_whisper_folder_that_is_none(
    whisper: Path, name: str, content: bytes, says: str
) -> None:
    put(whisper / name, content)
    assert says in whisper_refusal(whisper)


def test_a_whisper_folder_without_a_tokenizer_asks_no_network(
    whisper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.socket.connect", pytest.fail)
    (whisper / "tokenizer.json").unlink()
    assert "tokenizer.json" in whisper_refusal(whisper)


def test_whisper_s_parts_have_to_belong_together(whisper: Path) -> None:
    """Each of these gave other words, an error for programmers or minutes of work for nothing."""
    tokens, tokenizer = ((whisper / n).resolve() for n in ("vocabulary.txt", "tokenizer.json"))
    lines = tokens.read_bytes().split(b"\n")
    put(whisper / "vocabulary.txt", b"\n".join([*lines[:700], b"other", *lines[701:]]))
    assert "token 700 is 'other'" in whisper_refusal(whisper)
    put(whisper / "vocabulary.txt", b"\n".join(lines[:700]))
    assert "token 700 is nothing" in whisper_refusal(whisper)
    put(whisper / "vocabulary.txt", tokens.read_bytes())
    put(whisper / "tokenizer.json", tokenizer.read_bytes()[:100_000])
    assert "cannot be loaded" in whisper_refusal(whisper)
    tree = json.loads(tokenizer.read_bytes())
    put(whisper / "tokenizer.json", json.dumps(tree | {"added_tokens": []}).encode())
    assert "the token <|startoftranscript|> is missing" in whisper_refusal(whisper)
    put(whisper / "tokenizer.json", tokenizer.read_bytes())
    put(whisper / "preprocessor_config.json", b'{"sampling_rate": 8000}')
    assert "sampling_rate is 8000" in whisper_refusal(whisper)
    put(whisper / "preprocessor_config.json", b'{"hop_length": 0}')
    assert "cannot be loaded" in whisper_refusal(whisper)


def test_whisper_s_weights_have_to_be_numbers(whisper: Path) -> None:
    weights = bytearray((whisper / "model.bin").read_bytes())
    name = b"decoder/layer_2/ffn/linear_0/weight\0"
    # Behind the name: the number of dimensions, each of them, the type, the size in bytes.
    at = weights.index(name) + len(name)
    at += 1 + 4 * weights[at] + 1
    (size,) = struct.unpack_from("<I", weights, at)
    weights[at + 4 : at + 4 + size] = b"\x00\x7e" * (size // 2)
    put(whisper / "model.bin", bytes(weights))
    assert "not numbers" in whisper_refusal(whisper)
