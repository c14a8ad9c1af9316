"""Whisper folders as people publish them differ from each other: none of them is refused for it."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from omoai_engine.asr.speech_stream import SpeechBuffer
from omoai_engine.asr.whisper import WhisperRecognizer
from omoai_engine.audio import SAMPLE_RATE_HZ, AudioBlock
from omoai_engine.config import ASRSettings, load_config
from omoai_engine.control import JobControl
from omoai_engine.errors import ModelError
from omoai_engine.events import LanguageDetected
from omoai_engine.models import resolve_model
from omoai_engine.preprocess import open_audio

ENGLISH = Path(__file__).parents[1] / "data" / "en-jfk.mp3"
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
    model = WhisperRecognizer(whisper, "other", ASRSettings(language="vi", quality="fast"))
    model.load()
    # Without that nameless token CTranslate2 takes it for one of English only.
    model.decoder("vi")
    for unknown in ("xx", "yue"):  # nobody's, and one that older models lack
        with pytest.raises(ModelError, match=f"does not know the language '{unknown}'"):
            model.decoder(unknown)
    with pytest.raises(ModelError, match="detects no language with this model"):
        model.detect(SpeechBuffer(0.5))


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


def renumber(folder: Path, rows: list[tuple[str, int]]) -> None:
    """Give the model other tokens: each with the number of the one whose weights it takes."""
    weights = (folder / "model.bin").read_bytes()
    name = b"decoder/embeddings/weight\0"
    at = weights.index(name) + len(name)
    rank, count, width, kind, size = struct.unpack_from("<B2IBI", weights, at)
    assert rank == 2
    values = np.frombuffer(weights, np.float16, count * width, at + 14).reshape(count, width)
    taken = values[[number for _, number in rows]]
    head = struct.pack("<B2IBI", rank, *taken.shape, kind, taken.nbytes)
    put(folder / "model.bin", weights[:at] + head + taken.tobytes() + weights[at + 14 + size :])

    put(folder / "vocabulary.json", json.dumps([token for token, _ in rows]).encode())
    (folder / "vocabulary.txt").unlink()
    numbers = {token: number for number, (token, _) in enumerate(rows)}
    tree = json.loads((folder / "tokenizer.json").read_bytes())
    spoken = tree["model"]["vocab"]
    tree["model"]["vocab"] = {token: numbers[token] for token in spoken if token in numbers}
    by_name = {added["content"]: added for added in tree["added_tokens"]}
    pattern = tree["added_tokens"][-1]
    tree["added_tokens"] = [
        dict(by_name.get(token, pattern), id=number, content=token)
        for token, number in numbers.items()
        if token in by_name or (token.startswith("<|") and "." not in token)
    ]
    for special in tree["post_processor"]["special_tokens"].values():
        special["ids"] = [numbers[special["id"]]]
    put(folder / "tokenizer.json", json.dumps(tree).encode())
    moved = {old: number for number, (_, old) in reversed(list(enumerate(rows)))}
    config = json.loads((folder / "config.json").read_bytes())
    for key in ("suppress_ids", "suppress_ids_begin", "lang_ids"):
        config[key] = [moved[old] for old in config[key] if old in moved]
    put(folder / "config.json", json.dumps(config).encode())


def tokens_of(folder: Path) -> list[tuple[str, int]]:
    lines = (folder / "vocabulary.txt").read_bytes().decode().removesuffix("\n").split("\n")
    return [(token, number) for number, token in enumerate(lines)]


def heard(model: WhisperRecognizer) -> tuple[str, list[LanguageDetected]]:
    told: list[object] = []
    with open_audio(ENGLISH) as sound:
        said = model.recognize(sound, control=JobControl(), report=told.append)
        text = " ".join(segment.text for segment in said)
    return text, [event for event in told if isinstance(event, LanguageDetected)]


def test_one_with_a_hundred_languages(whisper: Path) -> None:
    """Cantonese came with large-v3: 51,866 tokens, those behind the languages one further."""
    rows = tokens_of(whisper)
    rows.insert(rows.index(("<|translate|>", 50358)), ("<|yue|>", rows.index(("<|zh|>", 50260))))
    assert len(rows) == 51_866
    renumber(whisper, rows)
    model = WhisperRecognizer(whisper, "v3", ASRSettings(language="auto", quality="fast"))
    text, detected = heard(model)
    assert "what your country can do for you" in text
    assert [event.language for event in detected] == ["en"]
    model.decoder("yue")


def test_one_of_english_only(whisper: Path) -> None:
    """51,864 tokens: no language can be asked for, and none be detected."""
    rows = tokens_of(whisper)
    rows.remove(("", 50_256))
    assert len(rows) == 51_864
    renumber(whisper, rows)
    model = WhisperRecognizer(whisper, "base.en", ASRSettings(language="auto", quality="fast"))
    model.load()
    model.decoder("en")
    assert model.detect(SpeechBuffer(0.5)) == LanguageDetected("en", 1.0)
    with pytest.raises(ModelError, match="knows English only, not 'vi'"):
        WhisperRecognizer(whisper, "base.en", ASRSettings(language="vi")).load()
