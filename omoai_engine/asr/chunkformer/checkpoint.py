"""A model's files to checked tensors: every name and shape is compared before anything runs.

In: a folder with `config.yaml`, `vocab.txt` or `bpe.model`, `global_cmvn` and the weights
(safetensors or a PyTorch state dict in `.bin`, `.pt` or `.ckpt`). Out: a `Checkpoint` of float32
tensors on the processor, a batch norm folded into the convolution before it. Never executes code
from a file: pickles are read with `weights_only`.
"""

from __future__ import annotations

import json
import math
import pickle
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from omoai_engine.asr.chunkformer.config import ModelConfig, read_config
from omoai_engine.asr.chunkformer.features import MEL_BINS
from omoai_engine.asr.chunkformer.shortage import is_out_of_memory
from omoai_engine.asr.chunkformer.vocabulary import load_vocabulary
from omoai_engine.errors import ModelCorruptError, ModelNotFoundError
from omoai_engine.text import shown_path

if TYPE_CHECKING:
    from torch import Tensor

WEIGHT_FILES = (
    "model.safetensors",
    "pytorch_model.safetensors",
    "pytorch_model.bin",
    "pytorch_model.pt",
    "pytorch_model.ckpt",
)
BLANK = 0
BATCH_NORM_EPS = 1e-5  # torch's default, which the published code leaves as it is
_LARGEST_STATISTICS = 1 << 20  # bytes
# Sizes of a transducer that only its tensors tell.
_EMBEDDED, _GATES, _HIDDEN, _PREDICTED, _JOINT = range(-5, 0)
_AGAIN = "Get the model again, or check it with `omoai models verify`"


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A model as it lies on the disk.

    `tensors`: name to float32 tensor, names as published; a model with batch norm has no
    `conv_module.norm` left. `vocabulary[i]` is token i in NFC,
    word beginnings marked with U+2581. `mean`, `inverse_std`: (80,) of the log-mel features.
    """

    folder: Path
    config: ModelConfig
    vocabulary: tuple[str, ...]
    tensors: dict[str, Tensor]
    mean: Tensor
    inverse_std: Tensor


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read the model in `folder`.

    Raises `ModelNotFoundError` when a file is absent and `ModelCorruptError`, naming the first
    difference, when a file is not what it should be.
    """
    if not folder.is_dir():
        raise ModelNotFoundError(
            "there is no such model folder",
            where=shown_path(folder),
            hint="Give the folder that holds config.yaml, or get a model with `omoai models get`",
        )
    config = read_config(folder)
    vocabulary = load_vocabulary(folder, config.vocabulary, config.sos_eos)
    path = weights_path(folder)
    tensors = _read_tensors(path)
    checked = _compare(tensors, expected_shapes(config), path)
    if config.batch_norm:
        _fold_batch_norm(checked, config.blocks)
    mean, inverse_std = _cmvn(tensors, folder, config)
    return Checkpoint(folder, config, vocabulary, checked, mean, inverse_std)


def weights_path(folder: Path) -> Path:
    """Return the file with the weights; safetensors first."""
    for name in WEIGHT_FILES:
        if (folder / name).is_file():
            return folder / name
    raise ModelNotFoundError(
        f"the folder holds no weights ({', '.join(WEIGHT_FILES)})",
        where=shown_path(folder),
        hint="The download may have been cut: get the model again with `omoai models get`",
    )


def expected_shapes(config: ModelConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the name and shape of every tensor that a model of this configuration needs."""
    d, ff, heads = config.dim, config.feed_forward, config.heads
    bands = MEL_BINS
    for _ in range(3):
        bands = (bands - 3) // 2 + 1  # 80 -> 39 -> 19 -> 9
    yield from _pair("encoder.embed.conv.0", (d, 1, 3, 3))
    for depthwise, pointwise in ((2, 3), (5, 6)):
        yield from _pair(f"encoder.embed.conv.{depthwise}", (d, 1, 3, 3))
        yield from _pair(f"encoder.embed.conv.{pointwise}", (d, d, 1, 1))
    yield from _pair("encoder.embed.out", (d, d * bands))
    for index in range(config.blocks):
        block = f"encoder.encoders.{index}."
        for name in ("linear_q", "linear_k", "linear_v", "linear_out"):
            yield from _pair(f"{block}self_attn.{name}", (d, d))
        yield f"{block}self_attn.linear_pos.weight", (d, d)
        yield f"{block}self_attn.pos_bias_u", (heads, d // heads)
        yield f"{block}self_attn.pos_bias_v", (heads, d // heads)
        for name in ("feed_forward", "feed_forward_macaron"):
            yield from _pair(f"{block}{name}.w_1", (ff, d))
            yield from _pair(f"{block}{name}.w_2", (d, ff))
        yield from _pair(f"{block}conv_module.pointwise_conv1", (2 * d, d, 1))
        yield from _pair(f"{block}conv_module.depthwise_conv", (d, 1, config.kernel))
        yield from _pair(f"{block}conv_module.pointwise_conv2", (d, d, 1))
        for name in ("norm_ff", "norm_mha", "norm_ff_macaron", "norm_conv", "norm_final"):
            yield from _pair(block + name, (d,))
        yield from _pair(f"{block}conv_module.norm", (d,))
        if config.batch_norm:
            yield f"{block}conv_module.norm.running_mean", (d,)
            yield f"{block}conv_module.norm.running_var", (d,)
    yield from _pair("encoder.after_norm", (d,))
    if config.kind == "ctc":
        yield from _pair("ctc.ctc_lo", (config.vocabulary, d))
    else:
        yield from _transducer_shapes(config)


def _transducer_shapes(config: ModelConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    """As `expected_shapes`, for the predictor and the joint network; a size below 0 is any, and
    the same one everywhere."""
    embedded, gates, hidden, predicted, joint = _EMBEDDED, _GATES, _HIDDEN, _PREDICTED, _JOINT
    yield "predictor.embed.weight", (config.vocabulary, embedded)
    for layer in range(config.predictor_layers):
        for name, inputs in (("ih", hidden if layer else embedded), ("hh", hidden)):
            yield f"predictor.rnn.weight_{name}_l{layer}", (gates, inputs)
            yield f"predictor.rnn.bias_{name}_l{layer}", (gates,)
    yield from _pair("predictor.projection", (predicted, hidden))
    yield from _pair("joint.enc_ffn", (joint, config.dim))
    yield from _pair("joint.pred_ffn", (joint, predicted))
    yield from _pair("joint.ffn_out", (config.vocabulary, joint))


def _pair(name: str, shape: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", shape
    yield f"{name}.bias", shape[:1]


def _read_tensors(path: Path) -> dict[str, Tensor]:
    """Read the state dict in `path`, whichever format it has."""
    where = shown_path(path)
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        with warnings.catch_warnings():  # an odd pickle is either read or refused below
            warnings.simplefilter("ignore")
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise ModelCorruptError(
            "the file holds code or objects besides tensors and was not loaded",
            where=where,
            hint="Take the model from its publisher, best as safetensors",
        ) from None
    except OSError as error:
        if is_out_of_memory(error):
            raise
        raise ModelCorruptError(
            f"the file cannot be read: {error.strerror or error}", where=where, hint=_AGAIN
        ) from None
    except Exception as error:  # both libraries raise many kinds for a file that is cut or altered
        if is_out_of_memory(error):  # the file is not to blame
            raise
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise ModelCorruptError(
            f"the file is damaged or cut ({reason})", where=where, hint=_AGAIN
        ) from None
    for _ in range(3):  # a table may also lie in itself
        if not isinstance(loaded, dict):
            break
        inner = next((loaded[k] for k in ("state_dict", "model") if k in loaded), None)
        if not isinstance(inner, dict):
            break
        loaded = inner
    if not isinstance(loaded, dict) or not all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in loaded.items()
    ):
        raise ModelCorruptError("the file is not a table of tensors", where=where, hint=_AGAIN)
    if loaded and all(name.startswith("module.") for name in loaded):
        loaded = {name.removeprefix("module."): tensor for name, tensor in loaded.items()}
    return loaded


def _compare(
    tensors: dict[str, Tensor], wanted: Iterator[tuple[str, tuple[int, ...]]], path: Path
) -> dict[str, Tensor]:
    """Return the wanted tensors in float32, or raise about the first difference."""
    where = shown_path(path)

    def corrupt(what: str) -> ModelCorruptError:
        return ModelCorruptError(what, where=where, hint=_AGAIN)

    if "ctc.ctc_lo.weight" not in tensors:  # the earliest files keep the head in the encoder
        for name in ("weight", "bias"):
            if f"encoder.ctc.ctc_lo.{name}" in tensors:
                tensors[f"ctc.ctc_lo.{name}"] = tensors[f"encoder.ctc.ctc_lo.{name}"]
    checked = {}
    own = (_EMBEDDED, _GATES, _HIDDEN, _PREDICTED, _JOINT)
    sizes: dict[int, int] = {}
    for name, shape in wanted:
        tensor = tensors.get(name)
        if tensor is None:
            raise corrupt(f"the tensor {name} is missing")
        packed = tensor.layout != torch.strided or tensor.is_quantized or tensor.is_nested
        if packed or tensor.is_meta:
            raise corrupt(f"the tensor {name} is packed in a way that is not read here")
        found = tuple(tensor.shape)
        told = tuple(sizes.get(size, size) for size in shape)
        if len(found) != len(told) or any(
            w not in (f, *own) for w, f in zip(told, found, strict=True)
        ):
            expected = "x".join("any" if size < 0 else str(size) for size in told)
            raise corrupt(
                f"the tensor {name} has shape {'x'.join(map(str, found))} where config.yaml "
                f"asks for {expected}"
            )
        sizes |= {w: f for w, f in zip(told, found, strict=True) if w in own}
        if sizes.get(_GATES, 0) != 4 * sizes.get(_HIDDEN, sizes.get(_GATES, 0) / 4):
            raise corrupt(
                f"the tensor {name} has shape {'x'.join(map(str, found))}: not four gates for "
                "each place of the predictor"
            )
        if not tensor.is_floating_point():
            raise corrupt(f"the tensor {name} does not hold floating-point numbers")
        checked[name] = tensor.float()
        if not bool(torch.isfinite(checked[name]).all()):
            raise corrupt(f"the tensor {name} holds values that are not numbers")
    ours = ("encoder.embed.", "encoder.encoders.", "encoder.after_norm.", "predictor.", "joint.")
    for name in tensors:
        counter = name.endswith("conv_module.norm.num_batches_tracked")  # of training only
        if name.startswith(ours) and name not in checked and not counter:
            raise corrupt(f"the tensor {name} has no place in the model that config.yaml describes")
    return checked


def _fold_batch_norm(tensors: dict[str, Tensor], blocks: int) -> None:
    """Fold y = (x - mean) / sqrt(variance + eps) * w + b into the depthwise kernel before it.

    Both work on each channel by itself, so the product of the two is a kernel again.
    """
    for index in range(blocks):
        conv = f"encoder.encoders.{index}.conv_module."
        weight, bias, mean, variance = (
            tensors.pop(f"{conv}norm.{name}").double()
            for name in ("weight", "bias", "running_mean", "running_var")
        )
        gain = weight / (variance.clamp_min(0.0) + BATCH_NORM_EPS).sqrt()
        kernel, offset = f"{conv}depthwise_conv.weight", f"{conv}depthwise_conv.bias"
        tensors[kernel] = (tensors[kernel].double() * gain[:, None, None]).float()
        tensors[offset] = ((tensors[offset].double() - mean) * gain + bias).float()


def _cmvn(tensors: dict[str, Tensor], folder: Path, config: ModelConfig) -> tuple[Tensor, Tensor]:
    """Mean and inverse standard deviation, (80,) each; the checkpoint wins over the file."""
    mean, istd = (tensors.get(f"encoder.global_cmvn.{name}") for name in ("mean", "istd"))
    if mean is None or istd is None:
        if not config.has_cmvn:
            return torch.zeros(MEL_BINS), torch.ones(MEL_BINS)
        mean, istd = read_cmvn(folder / "global_cmvn")
    if mean.shape != (MEL_BINS,) or istd.shape != (MEL_BINS,):
        raise ModelCorruptError(
            f"the feature statistics are not for {MEL_BINS} bands",
            where=shown_path(folder),
            hint=_AGAIN,
        )
    if not bool(torch.isfinite(mean).all() and torch.isfinite(istd).all()):
        raise ModelCorruptError(
            "the feature statistics are not numbers", where=shown_path(folder), hint=_AGAIN
        )
    return mean.float(), istd.float()


def read_cmvn(path: Path) -> tuple[Tensor, Tensor]:
    """Read feature statistics: JSON sums, or Kaldi's text matrix `[ sums count  squares 0 ]`."""
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_STATISTICS).decode("utf-8")
        if text.lstrip().startswith("{"):
            stats = json.loads(text)
            sums, squares, count = stats["mean_stat"], stats["var_stat"], stats["frame_num"]
        else:
            numbers = [float(word) for word in text.replace("[", " ").replace("]", " ").split()]
            half = len(numbers) // 2
            sums, count, squares = numbers[: half - 1], numbers[half - 1], numbers[half:-1]
        means = [value / count for value in sums]
        variances = [q / count - m * m for q, m in zip(squares, means, strict=True)]
        inverse = [1.0 / math.sqrt(max(variance, 1e-20)) for variance in variances]
    except FileNotFoundError:
        raise ModelNotFoundError(
            "the file is missing", where=shown_path(path), hint=_AGAIN
        ) from None
    except (OSError, ValueError, KeyError, TypeError, ArithmeticError, IndexError, RecursionError):
        raise ModelCorruptError(
            "the file does not hold feature statistics", where=shown_path(path), hint=_AGAIN
        ) from None
    return torch.tensor(means, dtype=torch.float32), torch.tensor(inverse, dtype=torch.float32)
