"""Make the tiny language model of the tests: a random Qwen3 with a real tokenizer.

    python tests/tools/tiny_language_model.py FOLDER

Out: a Hugging Face folder (config.json, model.safetensors, tokenizer files, chat template) of
about 1 MB, the same bytes each time, in about a second. The weights are random, so what it
writes is nonsense; the tokenizer is a byte-level BPE learnt from a few sentences, with ChatML's
control tokens and template, so that everything around the weights is as with a real model.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

CONTEXT = 2048
_HEADS, _KV_HEADS, _HEAD_SIZE = 2, 1, 32
_VOCABULARY = 640
CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
# Added to the vocabulary, and no control tokens for the tokenizer: Qwen's are like this, too.
MARKS = ("<think>", "</think>", "<tool_call>", "</tool_call>")

_TEXT = """\
Xin chào các bạn, hôm nay chúng ta nói về việc học tiếng Việt và cách ghi lại lời nói.
Không phải lúc nào người ta cũng nói chậm; luôn luôn có người nói nhanh, nói nhỏ, nói lại.
Cuộc họp bắt đầu lúc chín giờ sáng, kết thúc lúc mười một giờ, và sẽ tiếp tục vào thứ hai.
Good morning everybody, today we talk about the weather, the meeting and the plan for spring.
And so, my fellow Americans, ask not what your country can do for you.
It does not matter who speaks first, what matters is that every word is written down.
The title says what it is about, the abstract says it in two sentences, the bullets list it.
{"title": "", "abstract": "", "bullets": [{"text": "", "segments": [1, 2, 3]}]}
"""

_TEMPLATE = """\
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- if enable_thinking is defined and enable_thinking is false %}
{{- '<think>\\n\\n</think>\\n\\n' }}
{%- endif %}
{%- endif %}"""


def make_tiny_language_model(
    folder: Path, *, hidden: int = 64, layers: int = 2, vocabulary: int = _VOCABULARY
) -> Path:
    """Write the model into `folder`, which is made; return it. Larger ones are for timings."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_tokenizer(folder)
    if vocabulary > _VOCABULARY:
        _enlarge_vocabulary(folder / "tokenizer.json", vocabulary)
    _write_weights(folder, hidden, layers, vocabulary)
    config = {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "intermediate_size": 2 * hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": _HEADS,
        "num_key_value_heads": _KV_HEADS,
        "head_dim": _HEAD_SIZE,
        "hidden_act": "silu",
        "max_position_embeddings": CONTEXT,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        "attention_bias": False,
        "attention_dropout": 0.0,
        "initializer_range": 0.02,
        "tie_word_embeddings": True,
        "use_cache": True,
        "torch_dtype": "float32",
        "bos_token_id": 0,
        "eos_token_id": 2,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [2, 0]}))
    return folder


def _write_tokenizer(folder: Path) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, trainers
    from tokenizers.pre_tokenizers import ByteLevel

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY - len(MARKS),
        special_tokens=list(CONTROL),
        initial_alphabet=sorted(ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_TEXT.splitlines(), trainer)
    tokenizer.add_tokens([AddedToken(mark, normalized=False, special=False) for mark in MARKS])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "Qwen2Tokenizer",
        "bos_token": None,
        "eos_token": CONTROL[2],
        "pad_token": CONTROL[0],
        "unk_token": None,
        "add_bos_token": False,
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": CONTEXT,
        "chat_template": _TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1))


def _enlarge_vocabulary(file: Path, size: int) -> None:
    """Add pairs of tokens as tokens of their own until there are `size`, as real models have."""
    table = json.loads(file.read_bytes())
    known = table["model"]["vocab"]
    singles = sorted(token for token in known if token not in CONTROL)
    pairs = [(one, other) for one in singles for other in singles if one + other not in known]
    random.Random(7).shuffle(pairs)
    number = _VOCABULARY
    for one, other in pairs:
        if number == size:
            break
        if known.setdefault(one + other, number) == number:
            table["model"]["merges"].append([one, other])
            number += 1
    file.write_text(json.dumps(table, ensure_ascii=False))


def _write_weights(folder: Path, hidden: int, layers: int, vocabulary: int) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    numbers = np.random.default_rng(7)

    def matrix(*shape: int, scale: float = 0.3) -> np.ndarray:
        return (numbers.standard_normal(shape) * scale).astype(np.float32)

    def ones(size: int) -> np.ndarray:
        return np.ones(size, np.float32)

    tensors = {
        "model.embed_tokens.weight": matrix(vocabulary, hidden),
        "model.norm.weight": ones(hidden),
    }
    for layer in range(layers):
        name = f"model.layers.{layer}."
        tensors |= {
            f"{name}input_layernorm.weight": ones(hidden),
            f"{name}post_attention_layernorm.weight": ones(hidden),
            f"{name}self_attn.q_proj.weight": matrix(_HEADS * _HEAD_SIZE, hidden),
            f"{name}self_attn.k_proj.weight": matrix(_KV_HEADS * _HEAD_SIZE, hidden),
            f"{name}self_attn.v_proj.weight": matrix(_KV_HEADS * _HEAD_SIZE, hidden),
            f"{name}self_attn.o_proj.weight": matrix(hidden, _HEADS * _HEAD_SIZE),
            f"{name}self_attn.q_norm.weight": ones(_HEAD_SIZE),
            f"{name}self_attn.k_norm.weight": ones(_HEAD_SIZE),
            f"{name}mlp.gate_proj.weight": matrix(2 * hidden, hidden),
            f"{name}mlp.up_proj.weight": matrix(2 * hidden, hidden),
            f"{name}mlp.down_proj.weight": matrix(hidden, 2 * hidden),
        }
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


if __name__ == "__main__":
    make_tiny_language_model(Path(sys.argv[1]))
