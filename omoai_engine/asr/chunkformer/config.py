"""What a model's `config.yaml` says, early and 1.2 format alike, as one frozen dataclass.

In: the folder of a model. Out: `ModelConfig`, checked: everything that this engine computes is
named here, and a model that needs anything else is refused with the name of the setting. Keys
that concern training only are not read. Also here: `Context`, the chunk and context sizes.
"""

from __future__ import annotations

import math
import reprlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from omoai_engine.errors import ConfigError, ModelCorruptError, ModelNotFoundError
from omoai_engine.text import shown_path

CONFIG_FILE = "config.yaml"
MOST_POSITIONS = 5000  # the reference's table of relative positions ends here
LARGEST_CONFIG = 1 << 20  # bytes
# References (`*name`) of references can stand for more than any memory holds: ten in each of nine
# lines are a thousand million values. So many cannot: three in each line make two million.
_MOST_REFERENCES = 40

# The two generations of configurations name the same arithmetic differently.
_SAME_ARITHMETIC = {
    "input_layer": ("dw_striding", "depthwise"),
    "pos_enc_layer_type": ("chunk_rel_pos", "stream_rel_pos"),
    "selfattention_layer_type": ("chunk_rel_seflattn", "stream_rel_selfattn"),
    "activation_type": ("swish",),
    "cnn_module_norm": ("layer_norm", "batch_norm"),
    "layer_norm_type": ("layer_norm",),
    "normalize_before": (True,),
    "use_cnn_module": (True,),
    "macaron_style": (True,),
    "final_norm": (True,),
    "causal": (False, True),  # read by nobody: the chunked convolution is neither
}
_DEFAULTS = {"cnn_module_norm": "batch_norm"}  # what the reference assumes when a key is absent


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The sizes of one model. `kind` says which head turns encoder frames into tokens;
    `sos_eos` is the number of that token as the file has it, read only without `vocab.txt`."""

    kind: Literal["ctc", "transducer"]
    dim: int
    heads: int
    feed_forward: int
    blocks: int
    kernel: int
    vocabulary: int
    sos_eos: Any
    norm_eps: float
    has_cmvn: bool
    predictor_layers: int = 0
    batch_norm: bool = False
    """Whether the convolution's norm is one of batches instead of layers."""

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.dim // self.heads

    @property
    def halo(self) -> int:
        """Frames that the convolution sees on either side."""
        return self.kernel // 2


@dataclass(frozen=True, slots=True)
class Context:
    """Sizes in encoder frames of 80 ms: frames that are decoded together, and how many before
    and after a chunk they may look at. The defaults are those of the published models."""

    chunk: int = 64
    left: int = 128
    right: int = 128

    def check(self, config: ModelConfig) -> None:
        """Raise `ConfigError` when the model cannot work with these sizes."""
        hint = "The published models take 64, 128 and 128"
        if self.chunk < 1 or self.left < 0 or self.right < 0:
            raise ConfigError(
                f"chunk {self.chunk}, left {self.left}, right {self.right} are not sizes in frames",
                where="chunk and context",
                hint=hint,
            )
        for name, size in (("left", self.left), ("right", self.right)):
            if self.chunk + size >= MOST_POSITIONS:
                raise ConfigError(
                    f"chunk and {name} context together must stay below {MOST_POSITIONS} frames, "
                    f"not {self.chunk} + {size}",
                    where="chunk and context",
                    hint=hint,
                )
        if config.kernel % 2 == 0:
            raise ConfigError(f"kernel {config.kernel} is even", where="cnn_module_kernel")


LIVE_CONTEXT = Context(chunk=32, left=128, right=0)
"""Chosen by measurement (tests/benchmarks/chunkformer_words.py, words wrong of 770 in noise, the
most delay of a frame): chunks of 8 8.1 %, 0.7 s; 16 3.8 %, 1.4 s; 32 2.1 %, 2.6 s; 64 1.9 %,
5.2 s. Look-ahead bought nothing for its delay (16 and 16: 2.9 %, 2.6 s)."""


def read_config(folder: Path) -> ModelConfig:
    """Read and check `config.yaml` in `folder`.

    Raises `ModelNotFoundError` when it is absent, `ModelCorruptError` when it is broken or
    describes something else than a ChunkFormer for recognition.
    """
    import yaml

    path = folder / CONFIG_FILE
    try:
        text = path.read_bytes()[: LARGEST_CONFIG + 1]
        if len(text) > LARGEST_CONFIG:
            raise ModelCorruptError("the file is too large to be one", where=shown_path(path))
        # Only the reader knows a reference from a star in a text or in a remark.
        if text.count(b"*") > _MOST_REFERENCES and _references(text) > _MOST_REFERENCES:
            raise ModelCorruptError(
                "the file refers to parts of itself too often", where=shown_path(path), hint=_AGAIN
            )
        tree = yaml.safe_load(text)
    except (FileNotFoundError, NotADirectoryError):
        raise ModelNotFoundError(
            f"the folder holds no {CONFIG_FILE}",
            where=shown_path(folder),
            hint="Get the model again with `omoai models get`, or give the right folder",
        ) from None
    except ModelCorruptError:
        raise
    except OSError as error:
        raise ModelCorruptError(
            f"the file cannot be read: {error.strerror}", where=shown_path(path)
        ) from None
    except (*_NOT_YAML, yaml.YAMLError) as error:
        raise ModelCorruptError(
            f"the file is not valid YAML: {str(error)[:300]}", where=shown_path(path), hint=_AGAIN
        ) from None
    return _checked(tree, path)


def _references(text: bytes) -> int:
    """Count the references in a file of YAML, without following any."""
    import yaml

    return sum(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader))


_AGAIN = "Get the model again"
# What the reader of YAML lets through of Python's own about values that are none: dates, numbers
# and words behind a `!!` that does not fit them.
_NOT_YAML = (ValueError, KeyError, IndexError, AttributeError, TypeError, RecursionError)


def _checked(tree: Any, path: Path) -> ModelConfig:
    reader = _Reader(tree, path)
    if reader.value("encoder", "chunkformer") != "chunkformer":
        raise reader.refusal("encoder", tree.get("encoder"))
    model = reader.value("model", "asr_model")
    if model not in ("asr_model", "transducer"):
        raise reader.refusal("model", model)
    encoder = reader.table("encoder_conf")
    for key, known in _SAME_ARITHMETIC.items():
        value = encoder.tree.get(key, _DEFAULTS.get(key, known[0]))
        if value not in known:
            raise reader.refusal(f"encoder_conf.{key}", value)
    dim, heads = encoder.size("output_size", 256), encoder.size("attention_heads", 4)
    if dim % heads or dim % 2:
        raise reader.refusal("encoder_conf.attention_heads", heads)
    if reader.size("input_dim", 80) != 80:
        raise reader.refusal("input_dim", tree["input_dim"])
    kernel = encoder.size("cnn_module_kernel", 15)
    if kernel % 2 == 0:
        raise reader.refusal("encoder_conf.cnn_module_kernel", kernel)
    ctc = reader.table("ctc_conf")
    if ctc.tree.get("ctc_blank_id", 0) != 0:
        raise reader.refusal("ctc_conf.ctc_blank_id", ctc.tree["ctc_blank_id"])
    vocabulary = reader.size("output_dim", None)
    special = reader.table("tokenizer_conf").table("special_tokens")
    layers = _transducer_layers(reader) if model == "transducer" else 0
    return ModelConfig(
        kind="transducer" if model == "transducer" else "ctc",
        dim=dim,
        heads=heads,
        feed_forward=encoder.size("linear_units", 2048),
        blocks=encoder.size("num_blocks", 6),
        kernel=kernel,
        vocabulary=vocabulary,
        sos_eos=special.tree.get("<eos>", vocabulary - 1),
        norm_eps=encoder.small("norm_eps", 1e-5),
        has_cmvn="cmvn_file" in tree or tree.get("cmvn") == "global_cmvn",
        predictor_layers=layers,
        batch_norm=encoder.tree.get("cnn_module_norm", "batch_norm") == "batch_norm",
    )


def _transducer_layers(reader: _Reader) -> int:
    """Check the transducer's settings and return the number of layers of its predictor."""
    for table, key, known in (
        ("", "predictor", "rnn"),
        ("", "joint", "transducer_joint"),
        ("predictor_conf", "rnn_type", "lstm"),
        ("predictor_conf", "bias", True),
        ("joint_conf", "prejoin_linear", True),
        ("joint_conf", "postjoin_linear", False),
        ("joint_conf", "joint_mode", "add"),
        ("joint_conf", "activation", "tanh"),
        ("joint_conf", "hat_joint", False),
    ):
        tree = reader.table(table).tree if table else reader.tree
        if tree.get(key, known) != known:
            raise reader.refusal(f"{table}.{key}".strip("."), tree[key])
    return reader.table("predictor_conf").size("num_layers", None)


class _Reader:
    """Takes values out of a YAML table; every complaint names the file and the key."""

    def __init__(self, tree: Any, path: Path, prefix: str = "") -> None:
        self._path = path
        self._prefix = prefix
        if not isinstance(tree, dict):
            what = f"{prefix.rstrip('.') or 'the file'} is not a table of settings"
            raise ModelCorruptError(what, where=shown_path(path), hint=_AGAIN)
        self.tree: dict[str, Any] = tree

    def value(self, key: str, default: Any) -> Any:
        return self.tree.get(key, default)

    def table(self, key: str) -> _Reader:
        return _Reader(self.tree.get(key) or {}, self._path, f"{key}.")

    def size(self, key: str, default: int | None) -> int:
        """A whole number from 1 to a million."""
        value = self.tree.get(key, default)
        if type(value) is not int or not 0 < value <= 1_000_000:
            raise self.refusal(self._prefix + key, value)
        return value

    def small(self, key: str, default: float) -> float:
        """A positive number below one; YAML takes `1e-5` for text."""
        value = self.tree.get(key, default)
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if isinstance(value, bool) or not 0.0 < number < 1.0:
            raise self.refusal(self._prefix + key, value)
        return number

    def refusal(self, key: str, value: Any) -> ModelCorruptError:
        try:
            shown = reprlib.repr(value)[:60]
        except ValueError:  # Python writes no whole number of thousands of digits
            shown = "a number of thousands of digits"
        return ModelCorruptError(
            f"{key} is {shown}, which no ChunkFormer recogniser known here has",
            where=shown_path(self._path),
            hint="Take a ChunkFormer model for speech recognition, CTC or RNN-T",
        )
