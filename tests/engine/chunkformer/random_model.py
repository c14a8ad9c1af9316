"""A small random model and a sound, the same in every clone: what the golden files belong to."""

import json
from pathlib import Path

import numpy as np
import torch
import yaml

from omoai_engine.asr.chunkformer.checkpoint import expected_shapes
from omoai_engine.asr.chunkformer.config import read_config

VOCABULARY = 40
SECONDS = 14
ENCODER = {
    "output_size": 48,
    "attention_heads": 3,
    "linear_units": 64,
    "num_blocks": 3,
    "normalize_before": True,
    "cnn_module_kernel": 15,
    "use_cnn_module": True,
    "activation_type": "swish",
    "cnn_module_norm": "layer_norm",
}
NEW = {
    "input_layer": "dw_striding",
    "pos_enc_layer_type": "chunk_rel_pos",
    "selfattention_layer_type": "chunk_rel_seflattn",
    "dynamic_conv": True,
}
EARLY = {
    "input_layer": "depthwise",
    "pos_enc_layer_type": "stream_rel_pos",
    "selfattention_layer_type": "stream_rel_selfattn",
    "use_dynamic_conv": True,
    "causal": False,
}


def write_random_model(folder, *, kind="ctc", early=False, sizes=None, vocabulary=VOCABULARY):
    """Write a model in the 1.2 or the early format, of other `sizes` if given, and return its
    folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "encoder": "chunkformer",
        "encoder_conf": {**ENCODER, **(EARLY if early else NEW), **(sizes or {})},
        "input_dim": 80,
        "output_dim": vocabulary,
        "is_json_cmvn": True,
    }
    if early:
        config["cmvn_file"] = f"{folder.name}/global_cmvn"
    else:
        config |= {
            "model": "asr_model",
            "model_conf": {},
            "cmvn": "global_cmvn",
            "cmvn_conf": {"cmvn_file": "global_cmvn", "is_json_cmvn": True},
            "ctc": "ctc",
            "ctc_conf": {"ctc_blank_id": 0},
            "decoder": "transformer",
            "decoder_conf": {"attention_heads": 4, "linear_units": 16, "num_blocks": 0},
        }
    if kind == "transducer":
        config |= {
            "model": "transducer",
            "model_conf": {"ctc_weight": 0.0, "transducer_weight": 1.0, "attention_weight": 0.0},
            "predictor": "rnn",
            "predictor_conf": {
                "embed_size": 24,
                "output_size": 20,
                "embed_dropout": 0.1,
                "hidden_size": 28,
                "num_layers": 2,
                "bias": True,
                "rnn_type": "lstm",
                "dropout": 0.1,
            },
            "joint": "transducer_joint",
            "joint_conf": {
                "enc_output_size": ENCODER["output_size"],
                "pred_output_size": 20,
                "join_dim": 32,
                "prejoin_linear": True,
                "postjoin_linear": False,
                "joint_mode": "add",
                "activation": "tanh",
            },
        }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    tokens = ["<blank>", "<unk>"]
    tokens += [("▁" if i % 3 else "") + f"t{i}" for i in range(2, vocabulary - 1)] + ["<sos/eos>"]
    (folder / "vocab.txt").write_text(
        "".join(f"{token} {i}\n" for i, token in enumerate(tokens)), encoding="utf-8"
    )
    random = np.random.default_rng(3)
    mean = random.uniform(8, 12, 80)
    stats = {
        "mean_stat": (mean * 1000).tolist(),
        "var_stat": ((mean**2 + random.uniform(4, 9, 80)) * 1000).tolist(),
        "frame_num": 1000,
    }
    (folder / "global_cmvn").write_text(json.dumps(stats))
    torch.save(random_tensors(folder), folder / "pytorch_model.bin")
    return folder


def random_tensors(folder):
    """Draw every tensor by its place in the list, strong enough that a wrong frame shows."""
    tensors = {}
    for seed, (name, shape) in enumerate(expected_shapes(read_config(folder))):
        shape = SHAPES.get(name, shape)
        drawn = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
        if ".norm" in name or "after_norm" in name:
            drawn = 1 + 0.1 * drawn if name.endswith("weight") else 0.1 * drawn
        elif name.endswith("bias"):
            drawn *= 0.1
        elif "pos_bias" in name:
            drawn *= 0.5
        elif name != "predictor.embed.weight":
            drawn *= GAINS.get(name.split(".")[-2], 1.3) / np.sqrt(max(1, np.prod(shape[1:])))
        tensors[name] = torch.from_numpy(drawn)
    for name, value in BLANK_BIAS.items():
        if name in tensors:
            tensors[name][0] = value
    return tensors


GAINS = {"ctc_lo": 3.0, "ffn_out": 5.0, "out": 0.3, "projection": 3.0}
BLANK_BIAS = {"ctc.ctc_lo.bias": 3.0, "joint.ffn_out.bias": 4.3}
SHAPES = {
    "predictor.embed.weight": (VOCABULARY, 24),
    "predictor.rnn.weight_ih_l0": (112, 24),
    "predictor.rnn.weight_ih_l1": (112, 28),
    **{f"predictor.rnn.weight_hh_l{i}": (112, 28) for i in (0, 1)},
    **{f"predictor.rnn.bias_{n}_l{i}": (112,) for n in ("ih", "hh") for i in (0, 1)},
    "predictor.projection.weight": (20, 28),
    "predictor.projection.bias": (20,),
    "joint.enc_ffn.weight": (32, 48),
    "joint.enc_ffn.bias": (32,),
    "joint.pred_ffn.weight": (32, 20),
    "joint.pred_ffn.bias": (32,),
    "joint.ffn_out.weight": (VOCABULARY, 32),
}


def random_sound(seconds=SECONDS):
    """Int16 samples: gliding tones, noise and pauses."""
    random, out = np.random.default_rng(5), []
    while sum(map(len, out)) < seconds * 16_000:
        n = int(random.integers(2000, 9000))
        time = np.arange(n) / 16_000
        glide = random.uniform(90, 700) * (1 + random.uniform(-0.5, 0.5) * time)
        tone = sum(np.sin(2 * np.pi * h * glide * time + h) / h for h in range(1, 9))
        noise = random.standard_normal(n) * random.uniform(5, 900)
        out += [
            tone * random.uniform(300, 5000) + noise,
            random.standard_normal(int(random.integers(400, 14000))) * 6,
        ]
    return np.clip(np.round(np.concatenate(out)[: seconds * 16_000]), -32768, 32767).astype("<i2")
