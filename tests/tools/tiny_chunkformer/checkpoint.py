"""A trained model as a folder in the published ChunkFormer 1.2 format.

Writes ``config.yaml``, ``vocab.txt``, ``global_cmvn`` and ``model.safetensors`` (float16, but the
statistics of the features in float32).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from safetensors.torch import save_file

from .model import ChunkFormer, Shape
from .words import TOKENS

_FRAMES = 1_000_000  # the statistics are written as sums over this many frames


def save(model: ChunkFormer, shape: Shape, folder: Path) -> None:
    """Write the four files into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        name: t.detach().contiguous() if "global_cmvn" in name else t.detach().half().contiguous()
        for name, t in model.state_dict().items()
    }
    save_file(tensors, folder / "model.safetensors")
    lines = [f"{token} {i}" for i, token in enumerate(TOKENS)]
    (folder / "vocab.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    mean = model.encoder.global_cmvn.mean.double()
    variance = model.encoder.global_cmvn.istd.double() ** -2
    sums = {
        "mean_stat": (mean * _FRAMES).tolist(),
        "var_stat": ((variance + mean**2) * _FRAMES).tolist(),
        "frame_num": _FRAMES,
    }
    (folder / "global_cmvn").write_text(json.dumps(sums), encoding="utf-8")
    text = yaml.safe_dump(_config(shape), sort_keys=False, allow_unicode=True)
    (folder / "config.yaml").write_text(text, encoding="utf-8")


def read_tokens(folder: Path) -> list[str]:
    """The tokens of any such folder, in the order of their ids."""
    lines = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    return [line.rsplit(" ", 1)[0] for line in lines]


def _config(shape: Shape) -> dict[str, Any]:
    """What a 1.2 checkpoint of this shape says about itself."""
    return {
        "encoder": "chunkformer",
        "encoder_conf": {
            "output_size": shape.dim,
            "attention_heads": shape.heads,
            "linear_units": shape.inner,
            "num_blocks": shape.blocks,
            "dropout_rate": 0.1,
            "positional_dropout_rate": 0.1,
            "attention_dropout_rate": 0.1,
            "input_layer": "dw_striding",
            "normalize_before": True,
            "cnn_module_kernel": shape.kernel,
            "use_cnn_module": True,
            "activation_type": "swish",
            "pos_enc_layer_type": "chunk_rel_pos",
            "selfattention_layer_type": "chunk_rel_seflattn",  # spelled so in the published files
            "cnn_module_norm": "layer_norm",
            "dynamic_conv": True,
            "dynamic_chunk_sizes": [-1, -1, 64, 128, 256],
            "dynamic_left_context_sizes": [64, 128, 256],
            "dynamic_right_context_sizes": [64, 128, 256],
        },
        "input_dim": 80,
        "output_dim": len(TOKENS),
        "is_json_cmvn": True,
        "cmvn": "global_cmvn",
        "cmvn_conf": {"cmvn_file": "data/train/global_cmvn", "is_json_cmvn": True},
        "ctc": "ctc",
        "ctc_conf": {"ctc_blank_id": 0},
        # The reference always builds a decoder, which CTC never uses: as small as it allows.
        "decoder": "transformer",
        "decoder_conf": {"attention_heads": 4, "linear_units": 16, "num_blocks": 0},
        "tokenizer": "bpe",
        "tokenizer_conf": {
            "symbol_table_path": "vocab.txt",
            "bpe_path": None,
            "non_lang_syms_path": None,
            "special_tokens": {
                "<blank>": 0,
                "<unk>": 1,
                "<sos>": len(TOKENS) - 1,
                "<eos>": len(TOKENS) - 1,
            },
        },
        "dataset": "asr",
        "dataset_conf": {
            "resample_conf": {"resample_rate": 16000},
            "fbank_conf": {
                "num_mel_bins": 80,
                "frame_shift": 10,
                "frame_length": 25,
                "dither": 1.0,
            },
        },
        "model": "asr_model",
        "model_conf": {"ctc_weight": 0.3, "lsm_weight": 0.1, "length_normalized_loss": False},
    }
