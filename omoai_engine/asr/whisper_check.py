"""Whether the parts of a Whisper folder belong together: what CTranslate2 does not look at.

In: a folder in CTranslate2's form, and the model loaded from it. Out: nothing, or
`ModelCorruptError` with the first difference. Without this a wrong part gives other words, none
at all, or minutes of work for nothing. Never changes a file, never uses a network.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omoai_engine.audio import SAMPLE_RATE_HZ
from omoai_engine.errors import ModelCorruptError
from omoai_engine.models.catalogue import REQUIRED_FILES
from omoai_engine.models.verify import missing_file
from omoai_engine.text import one_line, shown_path

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

_CONVERT = "Convert the model again with a newer ct2-transformers-converter, or get another"
_AGAIN = "Run `omoai models verify`, or remove the folder and get the model again"
# What all of Whisper's models were trained with (the paper, section 2.2).
_FEATURES = {"sampling_rate": SAMPLE_RATE_HZ, "hop_length": 160, "n_fft": 400}
_NEEDED = ("<|endoftext|>", "<|startoftranscript|>", "<|transcribe|>", "<|notimestamps|>")
_PROBE_FRAMES = 40
_SHOWN = 60


def check_files(folder: Path) -> None:
    """Look at what is read before the weights; raises `ModelCorruptError`."""
    lacking = missing_file(folder, REQUIRED_FILES["whisper"])
    if lacking is not None:  # the library would look for a tokenizer in the network
        raise broken("it is missing", folder / lacking)
    config = _json(folder / "config.json")
    heads = config.get("alignment_heads") if isinstance(config, dict) else None
    if not isinstance(heads, list) or not heads:
        raise broken(
            "it names no alignment_heads, which the times of words need",
            folder / "config.json",
            hint=_CONVERT,
        )
    preprocessor = folder / "preprocessor_config.json"
    if preprocessor.is_file() and not isinstance(_json(preprocessor), dict):
        raise broken("it holds no table", preprocessor)


def check_parts(model: WhisperModel, folder: Path) -> None:
    """Compare features, tokens and weights of a loaded model; raises `ModelCorruptError`."""
    bands = model.model.n_mels
    if not (folder / "preprocessor_config.json").is_file():
        # Some conversions of models with 128 bands lack it, and then 80 would be taken.
        from faster_whisper.feature_extractor import FeatureExtractor

        model.feature_extractor = FeatureExtractor(feature_size=bands)
    extractor = model.feature_extractor
    found = {name: getattr(extractor, name, None) for name in _FEATURES}
    found["feature_size"] = len(extractor.mel_filters)
    for name, wanted in {**_FEATURES, "feature_size": bands}.items():
        if found[name] != wanted:
            raise broken(
                f"{name} is {one_line(str(found[name]))[:_SHOWN]} where the model needs {wanted}",
                folder / "preprocessor_config.json",
            )
    _check_tokens(model.hf_tokenizer, folder)
    _check_numbers(model, folder)


def _check_tokens(tokenizer: Any, folder: Path) -> None:
    """Compare the tokenizer with the tokens that the weights were converted with."""
    path = next(p for p in map(folder.joinpath, REQUIRED_FILES["whisper"][3]) if p.is_file())
    if path.suffix == ".json":
        table = _json(path)
    else:
        try:
            table = path.read_bytes().decode("utf-8").split("\n")
        except (OSError, UnicodeDecodeError):
            raise broken("it is not readable text", path) from None
    if not isinstance(table, list):
        raise broken("it is no list of tokens", path)
    numbers: dict[str, int] = tokenizer.get_vocab(with_added_tokens=True)
    # Fine-tuned models bring added tokens (`[PAD]`) that the weights never write.
    spoken: dict[str, int] = tokenizer.get_vocab(with_added_tokens=False)
    for token in _NEEDED:
        if token not in numbers:
            raise broken(f"the token {token} is missing", folder / "tokenizer.json")
    compared = spoken | {token: numbers[token] for token in _NEEDED}
    for token, number in sorted(compared.items(), key=lambda item: item[1]):
        # Codes have had several names over the years; words have not.
        if (token.startswith("<|") and token not in _NEEDED) or not token:
            continue
        ours = table[number] if number < len(table) else None
        if ours != token:
            what = "nothing" if ours is None else repr(one_line(str(ours))[:_SHOWN])
            raise broken(
                f"token {number} is {what} where tokenizer.json has {one_line(token)[:_SHOWN]!r}",
                path,
            )


def _check_numbers(model: WhisperModel, folder: Path) -> None:
    """Let the model write one token: weights that are no numbers give no probability."""
    import ctranslate2

    silence = np.zeros((1, model.model.n_mels, _PROBE_FRAMES), np.float32)
    encoded = model.model.encode(ctranslate2.StorageView.from_array(silence))
    start = model.hf_tokenizer.token_to_id("<|startoftranscript|>")
    result = model.model.generate(
        encoded, [[start]], beam_size=1, max_length=2, return_scores=True
    )[0]
    if not math.isfinite(result.scores[0]):
        raise broken("its weights give values that are not numbers", folder / "model.bin")


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise broken(error.strerror or "it cannot be read", path) from None
    except (ValueError, RecursionError):
        raise broken("it is not JSON", path) from None


def broken(what: str, where: Path, hint: str = _AGAIN) -> ModelCorruptError:
    """Return the error for a file or folder of a Whisper model."""
    return ModelCorruptError(
        f"the Whisper model cannot be loaded: {one_line(what)[:300]}",
        where=shown_path(where),
        hint=hint,
    )
