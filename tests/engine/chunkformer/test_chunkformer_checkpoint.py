"""Broken, strange and dangerous model files: one clear sentence that names the difference."""

import json
import pickle
import shutil

import pytest
import torch
import yaml
from parity_adapter import step_to_end
from random_model import write_random_model
from safetensors.torch import save_file

from omoai_engine.asr.chunkformer.checkpoint import load_checkpoint, read_cmvn
from omoai_engine.asr.chunkformer.config import Context
from omoai_engine.asr.chunkformer.devices import choose_device, choose_precision
from omoai_engine.asr.chunkformer.loading import load_model
from omoai_engine.asr.chunkformer.streaming import Wavefront
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


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def sentencepiece(pieces):
    """A SentencePiece model as its trainer writes it: control pieces, scores, trainer settings."""
    content = b""
    for text, kind in [("<unk>", 2), ("<s>", 3), ("</s>", 3), *((piece, 1) for piece in pieces)]:
        raw = text.encode()
        inner = b"\x0a" + varint(len(raw)) + raw + b"\x15\x00\x00\x80\xbf"
        inner += b"\x18" + varint(kind) if kind != 1 else b""
        content += b"\x0a" + varint(len(inner)) + inner
    return content + b"\x12\x03\x20\xf4\x03" + b"\x19" + bytes(8)


@pytest.mark.parametrize("place", ["end", "front", "unsaid"])
def test_a_folder_with_pieces_only_has_the_same_vocabulary(folder, place):
    tokens = [line.split()[0] for line in (folder / "vocab.txt").read_text().splitlines()]
    pieces = sorted(tokens[2:-1], key=str.encode)
    rows = {"front": ["<blank>", "<unk>", "<sos/eos>", *pieces]}
    rows = rows.get(place, ["<blank>", "<unk>", *pieces, "<sos/eos>"])
    (folder / "vocab.txt").write_text("".join(f"{t} {i}\n" for i, t in enumerate(rows)))
    usual = load_checkpoint(folder).vocabulary
    (folder / "vocab.txt").unlink()
    (folder / "bpe.model").write_bytes(sentencepiece(pieces[::-1]))
    if place != "unsaid":
        special = {"<eos>": 2 if place == "front" else len(rows) - 1}
        change_config(folder, lambda tree: tree.update(tokenizer_conf={"special_tokens": special}))
    assert load_checkpoint(folder).vocabulary == usual


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (sentencepiece(["▁a", "b"]), "holds 2 pieces, which makes 5 tokens where config.yaml says"),
        (sentencepiece(["▁a"] * 37)[:200], "no SentencePiece model: it is cut"),
        (b"", "no SentencePiece model: it holds no pieces"),
        (b"\xff" * 40, "no SentencePiece model: a number is too long"),
        (b"\x0a\x04\x0a\x02\xff\xfe", "no SentencePiece model"),
        (b"\x0b", "no SentencePiece model: a field is of no known kind"),
    ],
)
def test_pieces_that_do_not_fit(folder, content, words):
    (folder / "vocab.txt").unlink()
    (folder / "bpe.model").write_bytes(content)
    refuses(folder, words)


def test_a_batch_norm_is_the_same_as_in_torch(folder):
    config, random = load_checkpoint(folder).config, torch.Generator().manual_seed(1)
    norms = [torch.nn.BatchNorm1d(config.dim).eval() for _ in range(config.blocks)]

    def change(tensors):
        for index, norm in enumerate(norms):
            prefix = f"encoder.encoders.{index}.conv_module.norm."
            for value in (norm.weight.data, norm.bias.data, norm.running_mean):
                value.copy_(torch.randn(value.shape, generator=random))
            norm.running_var.copy_(torch.rand(config.dim, generator=random) + 0.1)
            tensors |= {prefix + name: value for name, value in norm.state_dict().items()}

    plain = load_checkpoint(folder).tensors
    change_weights(folder, change)
    change_config(folder, lambda tree: tree["encoder_conf"].update(cnn_module_norm="batch_norm"))
    folded = load_checkpoint(folder).tensors
    gated = torch.randn((1, config.dim, 50), generator=random)
    for index, norm in enumerate(norms):
        name = f"encoder.encoders.{index}.conv_module.depthwise_conv."

        def convolve(tensors, name=name):
            weight, bias = tensors[f"{name}weight"], tensors[f"{name}bias"]
            return torch.nn.functional.conv1d(gated, weight, bias, groups=config.dim)

        torch.testing.assert_close(
            convolve(folded), norm(convolve(plain)).detach(), rtol=1e-4, atol=1e-5
        )
    wave = Wavefront(load_model(folder, "cpu", "float32").encoder, Context(16, 32, 0))
    (frames,) = step_to_end(wave, [torch.randn((40, config.dim), generator=random)], [True])
    assert frames.shape == (40, config.dim)
    assert bool(torch.isfinite(frames).all())


def test_a_batch_norm_without_its_statistics(folder):
    change_config(folder, lambda tree: tree["encoder_conf"].update(cnn_module_norm="batch_norm"))
    refuses(folder, "conv_module.norm.running_mean is missing")


def test_a_transducer_stays_exact_unless_asked(tmp_path):
    folder = write_random_model(tmp_path / "rnnt", kind="transducer")
    assert load_model(folder, "cpu", "auto").encoder.precision == "float32"
    assert load_model(folder, "cpu", "bfloat16").encoder.precision == "bfloat16"


def test_the_configuration_of_another_kind_of_model(folder):
    (folder / "config.yaml").write_text("model_type: whisper\nd_model: 512\nvocab_size: 51865\n")
    refuses(folder, "output_dim is None")


def test_a_download_that_was_cut(folder):
    whole = (folder / "pytorch_model.bin").read_bytes()
    (folder / "pytorch_model.bin").rename(folder / "pytorch_model.bin.part")
    refuses(folder, "holds no weights", ModelNotFoundError)
    (folder / "pytorch_model.bin").write_bytes(whole[: len(whole) // 2])
    refuses(folder, "damaged or cut")


def test_the_weights_of_another_vocabulary(folder):
    (folder / "vocab.txt").write_text("".join(f"t{i} {i}\n" for i in range(50)))
    change_config(folder, lambda tree: tree.update(output_dim=50))
    refuses(folder, "ctc.ctc_lo.weight has shape 40x48 where config.yaml asks for 50x48")


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


@pytest.mark.parametrize(
    ("name", "shape", "says"),
    [
        ("predictor.rnn.weight_hh_l1", (112, 27), "predictor.rnn.weight_hh_l1"),
        ("predictor.rnn.weight_hh_l0", (112, 27), "four gates"),
        ("predictor.rnn.bias_ih_l0", (1,), "predictor.rnn.bias_ih_l0"),
        ("predictor.embed.weight", (40, 25), "predictor.rnn.weight_ih_l0"),
        ("predictor.projection.weight", (20, 29), "predictor.projection.weight"),
        ("joint.pred_ffn.weight", (33, 20), "joint.pred_ffn.weight"),
        ("joint.ffn_out.weight", (40, 31), "joint.ffn_out.weight"),
    ],
)
def test_the_parts_of_a_transducer_have_to_agree(tmp_path, name, shape, says):
    folder = write_random_model(tmp_path / "model", kind="transducer")
    path = folder / "pytorch_model.bin"
    torch.save(torch.load(path) | {name: torch.zeros(shape)}, path)
    with pytest.raises(ModelCorruptError, match=says):
        load_checkpoint(folder)
