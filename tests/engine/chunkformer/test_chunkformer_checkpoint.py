"""Broken, strange and dangerous model files: one clear sentence that names the difference."""

import json
import pickle
import shutil

import pytest
import torch
import yaml
from random_model import write_random_model
from safetensors.torch import save_file

from omoai_engine.asr.chunkformer.checkpoint import load_checkpoint, read_cmvn
from omoai_engine.asr.chunkformer.config import Context
from omoai_engine.asr.chunkformer.devices import choose_device, choose_precision
from omoai_engine.asr.chunkformer.loading import load_model
from omoai_engine.errors import ConfigError, ModelCorruptError, ModelNotFoundError


@pytest.fixture
def folder(random_folder, tmp_path):
    return shutil.copytree(random_folder, tmp_path / "model")


def change_weights(folder, change):
    path = folder / "pytorch_model.bin"
    tensors = torch.load(path, weights_only=True)
    change(tensors)
    torch.save(tensors, path)


def change_config(folder, change):
    path = folder / "config.yaml"
    tree = yaml.safe_load(path.read_text())
    change(tree)
    path.write_text(yaml.safe_dump(tree))


def refuses(folder, words, kind=ModelCorruptError):
    with pytest.raises(kind, match=words) as caught:
        load_checkpoint(folder)
    assert "\n" not in str(caught.value)
    assert str(folder.name) in str(caught.value)


NAME = "encoder.encoders.1.self_attn.linear_q.weight"


def test_safetensors_and_pickled_weights_are_the_same(folder, tmp_path):
    plain = load_checkpoint(folder)
    tensors = torch.load(folder / "pytorch_model.bin", weights_only=True)
    (folder / "pytorch_model.bin").unlink()
    save_file(tensors, folder / "model.safetensors")
    other = load_checkpoint(folder)
    assert plain.tensors.keys() == other.tensors.keys()
    assert all(torch.equal(plain.tensors[name], other.tensors[name]) for name in plain.tensors)


@pytest.mark.parametrize("suffix", ["pt", "ckpt"])
def test_other_names_and_wrappings_of_the_weights(folder, suffix):
    tensors = torch.load(folder / "pytorch_model.bin", weights_only=True)
    (folder / "pytorch_model.bin").unlink()
    wrapped = {"state_dict": {f"module.{name}": tensor for name, tensor in tensors.items()}}
    torch.save(wrapped, folder / f"pytorch_model.{suffix}")
    assert load_checkpoint(folder).tensors.keys() == tensors.keys()


def test_unused_and_repeated_tensors_are_ignored(folder):
    def change(tensors):
        tensors["decoder.embed.weight"] = torch.zeros(3)
        for name in ("weight", "bias"):
            tensors[f"encoder.ctc.ctc_lo.{name}"] = tensors[f"ctc.ctc_lo.{name}"]
            del tensors[f"ctc.ctc_lo.{name}"]

    change_weights(folder, change)
    assert "ctc.ctc_lo.weight" in load_checkpoint(folder).tensors


def test_half_precision_weights_are_taken(folder):
    change_weights(
        folder, lambda tensors: tensors.update({k: v.half() for k, v in tensors.items()})
    )
    assert load_checkpoint(folder).tensors[NAME].dtype == torch.float32


def test_a_missing_tensor_is_named(folder):
    change_weights(folder, lambda tensors: tensors.pop(NAME))
    refuses(folder, f"tensor {NAME} is missing")


def test_a_tensor_without_a_place_is_named(folder):
    change_weights(folder, lambda t: t.update({"encoder.encoders.9.norm_ff.bias": torch.zeros(48)}))
    refuses(folder, "encoder.encoders.9.norm_ff.bias has no place")


def test_a_misshapen_tensor_is_named_with_both_shapes(folder):
    change_weights(folder, lambda tensors: tensors.update({NAME: torch.zeros(48, 47)}))
    refuses(folder, f"{NAME} has shape 48x47 where config.yaml asks for 48x48")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_numbers(folder, value):
    def change(tensors):
        tensors[NAME][3, 4] = value

    change_weights(folder, change)
    refuses(folder, f"{NAME} holds values that are not numbers")


def test_whole_numbers_as_weights(folder):
    change_weights(folder, lambda tensors: tensors.update({NAME: tensors[NAME].int()}))
    refuses(folder, "floating-point")


class Harmful:
    def __reduce__(self):
        import os

        return os.mkdir, ("harmed",)


def test_a_pickle_with_code_is_refused_and_not_run(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"a": Harmful()}))
    refuses(folder, "code or objects")
    torch.save({"a": Harmful()}, folder / "pytorch_model.bin")
    refuses(folder, "code or objects")
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize("keep", [0, 10, 5000, 100_000])
@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.safetensors"])
def test_weights_that_are_cut(folder, name, keep):
    whole = (folder / "pytorch_model.bin").read_bytes()
    if name.endswith("safetensors"):
        save_file(torch.load(folder / "pytorch_model.bin", weights_only=True), folder / name)
        whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:keep])
    refuses(folder, "damaged|code|cannot be read")


def test_a_list_instead_of_tensors(folder):
    torch.save([1, 2], folder / "pytorch_model.bin")
    refuses(folder, "not a table of tensors")


@pytest.mark.parametrize("name", ["config.yaml", "vocab.txt", "pytorch_model.bin"])
def test_a_missing_file_says_what_to_do(folder, name):
    (folder / name).unlink()
    refuses(folder, "no config.yaml|missing|no weights", ModelNotFoundError)


def test_a_missing_folder(tmp_path):
    refuses(tmp_path / "nothing", "no such model folder", ModelNotFoundError)


@pytest.mark.parametrize(
    "text",
    ["<blank> 0\n<unk> 1\n", "<blank> zero\n", "<blank> 0\na 0\n", "\n", "x" * 1000, "a\n"],
)
def test_a_vocabulary_that_does_not_fit(folder, text):
    (folder / "vocab.txt").write_text(text)
    refuses(folder, "tokens where|not a token")


def test_a_vocabulary_that_is_no_text(folder):
    (folder / "vocab.txt").write_bytes(b"\xff\xfe\x00")
    refuses(folder, "not readable text")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"encoder": "conformer"}, "encoder is 'conformer'"),
        ({"model": "classification"}, "model is 'classification'"),
        ({"output_dim": -3}, "output_dim is -3"),
        ({"output_dim": True}, "output_dim is True"),
        ({"output_dim": None}, "output_dim is None"),
        ({"input_dim": 40}, "input_dim is 40"),
        ({"encoder_conf": 7}, "encoder_conf is not a table"),
        ({"ctc_conf": {"ctc_blank_id": 5}}, "ctc_blank_id is 5"),
    ],
)
def test_another_architecture(folder, change, words):
    change_config(folder, lambda tree: tree.update(change))
    refuses(folder, words)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("input_layer", "conv2d"),
        ("pos_enc_layer_type", "abs_pos"),
        ("activation_type", "gelu"),
        ("cnn_module_norm", "group_norm"),
        ("attention_heads", 5),
        ("cnn_module_kernel", 14),
        ("num_blocks", 0),
        ("macaron_style", False),
    ],
)
def test_another_encoder(folder, key, value):
    change_config(folder, lambda tree: tree["encoder_conf"].update({key: value}))
    refuses(folder, f"encoder_conf.{key}")


@pytest.mark.parametrize(
    "text", ["", "- a\n", "a: [\n", "a: !!python/object:os.system x\n", "\x00"]
)
def test_a_configuration_that_is_none(folder, text):
    (folder / "config.yaml").write_text(text)
    refuses(folder, "not a table|not valid YAML")


def test_more_blocks_than_the_weights_have(folder):
    change_config(folder, lambda tree: tree["encoder_conf"].update(num_blocks=4))
    refuses(folder, "encoder.encoders.3.* is missing")


def test_statistics_of_features(folder, tmp_path):
    mean, istd = read_cmvn(folder / "global_cmvn")
    stats = json.loads((folder / "global_cmvn").read_text())
    rows = [*stats["mean_stat"], stats["frame_num"]], [*stats["var_stat"], 0]
    text = tmp_path / "kaldi"
    text.write_text(" [\n" + "\n".join(" ".join(map(str, row)) for row in rows) + " ]\n")
    for own, other in zip((mean, istd), read_cmvn(text), strict=True):
        torch.testing.assert_close(own, other)


@pytest.mark.parametrize(
    "text", ["", "{}", "[ 1 2 3 ]", '{"mean_stat": [1], "var_stat": [1], "frame_num": 0}', "\x00B"]
)
def test_statistics_that_are_none(folder, text):
    (folder / "global_cmvn").write_text(text)
    refuses(folder, "feature statistics")


@pytest.mark.parametrize(
    "sizes", [(0, 1, 1), (64, -1, 0), (64, 0, -1), (4000, 1000, 0), (10, 0, 4990)]
)
def test_sizes_that_no_model_allows(folder, sizes):
    with pytest.raises(ConfigError, match="chunk"):
        Context(*sizes).check(load_checkpoint(folder).config)


def test_devices_and_precisions_that_are_not_there():
    cpu = torch.device("cpu")
    assert choose_precision("auto", cpu) in ("float32", "bfloat16")
    with pytest.raises(ConfigError, match="GPU only"):
        choose_precision("float16", cpu)
    if not torch.cuda.is_available():
        assert choose_device("auto") == cpu
        with pytest.raises(ConfigError, match="no usable GPU"):
            choose_device("cuda")


def test_a_transducer_of_another_kind(tmp_path):
    folder = write_random_model(tmp_path / "rnnt", kind="transducer")
    change_config(folder, lambda tree: tree["predictor_conf"].update(rnn_type="gru"))
    refuses(folder, "predictor_conf.rnn_type is 'gru'")


def test_every_model_that_loads_also_runs(random_folder, tiny_folder):
    for folder in (random_folder, tiny_folder):
        model = load_model(folder, "cpu", "float32")
        assert len(model.vocabulary) == model.encoder.config.vocabulary
