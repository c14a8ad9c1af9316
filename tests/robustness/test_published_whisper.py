"""Whisper folders as people publish them differ from each other: none of them is refused for it."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from omoai_engine.asr.whisper import WhisperRecognizer
from omoai_engine.audio import SAMPLE_RATE_HZ, AudioBlock
from omoai_engine.config import ASRSettings, load_config
from omoai_engine.control import JobControl
from omoai_engine.models import resolve_model

BASE = ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")


@pytest.fixture
def whisper(tmp_path: Path) -> Path:
    """Return a folder of links to the files of the base model."""
    original = resolve_model(load_config(), engine="whisper").folder
    for name in BASE:
        (tmp_path / name).symlink_to(original / name)
    return tmp_path


def put(path: Path, content: bytes) -> None:
    """Write a file in the place of a link."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def test_a_fine_tuned_one_with_added_tokens_and_vocabulary_as_json(whisper: Path) -> None:
    """The newer converter writes JSON; fine-tuning adds codes past the weights, and puts a name
    of its own on the token that stands for nothing."""
    tokens = (whisper / "vocabulary.txt").read_bytes().decode().removesuffix("\n").split("\n")
    empty = tokens.index("")
    tokens[empty] = "<|nothing|>"
    put(whisper / "vocabulary.json", json.dumps(tokens).encode())
    (whisper / "vocabulary.txt").unlink()
    tree = json.loads((whisper / "tokenizer.json").read_bytes())
    added = dict(tree["added_tokens"][-1], id=len(tokens) + 5, content="[PAD]")
    tree["added_tokens"].append(added)
    put(whisper / "tokenizer.json", json.dumps(tree).encode())
    settings = {"feature_size": 80, "mel_filters": [[0.0]], "processor_class": "WhisperProcessor"}
    put(whisper / "preprocessor_config.json", json.dumps(settings).encode())
    WhisperRecognizer(whisper, "other", ASRSettings(language="vi")).load()


def test_one_of_128_bands_without_its_preprocessor(whisper: Path) -> None:
    """The library would take 80 bands, and the weights refuse them in words for programmers."""
    weights = (whisper / "model.bin").read_bytes()
    name = b"encoder/conv1/weight\0"
    # Behind the name: the number of dimensions, each of them, the type, the size in bytes.
    at = weights.index(name) + len(name)
    assert weights[at] == 3
    out, bands, width = struct.unpack_from("<3I", weights, at + 1)
    kind = weights[at + 13]
    (size,) = struct.unpack_from("<I", weights, at + 14)
    values = np.frombuffer(weights, np.float16, size // 2, at + 18).reshape(out, bands, width)
    wider = np.zeros((out, 128, width), np.float16)
    wider[:, :bands] = values
    head = struct.pack("<B3IBI", 3, out, 128, width, kind, wider.nbytes)
    put(whisper / "model.bin", weights[:at] + head + wider.tobytes() + weights[at + 18 + size :])
    model = WhisperRecognizer(whisper, "wide", ASRSettings(language="vi", quality="fast"))
    silence = AudioBlock(0.0, np.zeros(SAMPLE_RATE_HZ, np.float32))
    noise = AudioBlock(
        1.0, np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE_HZ).astype(np.float32)
    )
    list(model.recognize([silence, noise], control=JobControl()))
