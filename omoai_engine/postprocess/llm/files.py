"""Where a language model lies on this machine, and whether its files are whole.

A model is looked for in: the path in the configuration, the models folder, the Hugging Face
cache. Its files are looked at before anything loads them, because the libraries behind say
misleading things of a missing folder and nothing at all of a missing tokenizer. Loads no
library, uses no network, runs no code of the model's.
"""

from __future__ import annotations

import json
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omoai_engine.config import OmoAIConfig
from omoai_engine.errors import ModelCorruptError, ModelError, ModelNotFoundError
from omoai_engine.models.catalogue import (
    PATH_BEGINS,
    REQUIRED_FILES,
    WHOLE_WEIGHTS,
    ModelSpec,
    find_spec,
    nearest_names,
)
from omoai_engine.models.installed import find_in_hub_cache
from omoai_engine.models.store import search_folders
from omoai_engine.models.verify import missing_file
from omoai_engine.silent_places import ask_for_place
from omoai_engine.text import one_line, shown_path

_SETTING = "llm.model"
_MAX_JSON_BYTES = 64 << 20
_HEADER = struct.Struct("<Q")
_NO_HEADER = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
_MAX_HEADER_BYTES = 100 << 20  # the format's own limit


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a model's files say before they are loaded. `weights_bytes` on the disk; `context`
    the longest prompt plus answer it was made for, in tokens; `kv_bytes` a token of context in
    16 bits; `quantised`: the weights are packed and say themselves how."""

    folder: Path
    architecture: str
    weights_bytes: int
    context: int
    kv_bytes: int
    dtype: str
    quantised: bool


def locate_model(config: OmoAIConfig) -> tuple[str, Path]:
    """Return the name and the folder of the configured language model.

    Raises `ModelNotFoundError` that says how to get it, or `ModelError` where the name belongs
    to a recogniser.
    """
    name = config.llm.model.strip()
    spec = find_spec(name)
    if spec is not None and spec.engine != "llm":
        raise ModelError(
            f"{spec.name} is a recogniser and no language model",
            where=_SETTING,
            hint="See: omoai models list",
        )
    if name.startswith(PATH_BEGINS):
        ask_for_place(Path(name).expanduser())
    if spec is None and (name.startswith(PATH_BEGINS) or Path(name).is_dir()):
        folder = Path(name).expanduser().absolute()
        if not folder.is_dir():
            what = "is not a folder" if folder.exists() else "does not exist"
            raise ModelNotFoundError(
                f"the language model's folder {what}",
                where=shown_path(folder),
                hint=f"Correct {_SETTING}",
            )
        return one_line(folder.resolve().name), folder
    for parent in search_folders(config):
        folder = parent / (spec.name if spec else name)
        if "/" not in name and missing_file(folder, REQUIRED_FILES["llm"]) is None:
            return folder.name, folder
    cached = find_in_hub_cache(spec or _repository(name)) if spec or "/" in name else None
    if cached is not None:
        return (spec.name if spec else one_line(name)), cached
    raise _not_found(name, spec)


def _repository(name: str) -> ModelSpec:
    return ModelSpec(name, "llm", name, None, (), None, (), "", None)


def _not_found(name: str, spec: ModelSpec | None) -> ModelNotFoundError:
    shown = one_line(spec.name if spec else name)
    if spec is not None:
        how = f"Run: omoai models get {spec.name}"
    elif "/" in name:
        how = f"Put its files into a folder and give that, or run: hf download {shown}"
    else:
        close = nearest_names(name)
        guess = f"Did you mean {' or '.join(close)}? " if close else ""
        how = f"{guess}See: omoai models list; a folder is given with a slash, as ./folder"
    return ModelNotFoundError(
        f"the language model {shown} is not installed", where=_SETTING, hint=how
    )


def examine_model(folder: Path) -> ModelFacts:
    """Return the facts of the model in `folder` after looking at every file it needs.

    Raises `ModelNotFoundError` (no folder) or `ModelCorruptError` that names the first file
    that is missing or cut.
    """
    if not folder.is_dir():
        raise ModelNotFoundError(
            "the language model's folder does not exist",
            where=shown_path(folder),
            hint=f"Correct {_SETTING}",
        )
    lacking = missing_file(folder, REQUIRED_FILES["llm"])
    if lacking is not None:
        raise _broken(folder, f"{lacking} is missing")
    config = _json_table(folder / "config.json")
    _json_table(folder / "tokenizer_config.json")
    if "model" not in _json_table(folder / "tokenizer.json"):
        raise _broken(folder / "tokenizer.json", "it holds no tokenizer")
    text = config.get("text_config")
    text = text if isinstance(text, dict) else config
    architectures = config.get("architectures")
    if not isinstance(architectures, list) or not architectures:
        raise _broken(folder / "config.json", "it names no architecture")
    weights = sum(_checked_weights(path) for path in _weight_files(folder))
    return ModelFacts(
        folder=folder,
        architecture=one_line(str(architectures[0])),
        weights_bytes=weights,
        context=_number(text, "max_position_embeddings", 4096),
        kv_bytes=_kv_bytes(text),
        dtype=str(text.get("torch_dtype") or text.get("dtype") or "float32"),
        quantised=bool(config.get("quantization_config")),
    )


def _kv_bytes(text: dict[str, Any]) -> int:
    """Bytes of keys and values a token in 16 bits: 2 (keys, values) x layers x heads x size x 2."""
    heads = max(1, _number(text, "num_attention_heads", 1))
    size = _number(text, "head_dim", _number(text, "hidden_size", 0) // heads)
    return (
        2
        * _number(text, "num_hidden_layers", 0)
        * _number(text, "num_key_value_heads", heads)
        * size
        * 2
    )


def _number(table: dict[str, Any], name: str, otherwise: int) -> int:
    value = table.get(name)
    return value if isinstance(value, int) and value > 0 else otherwise


def _weight_files(folder: Path) -> list[Path]:
    whole = folder / WHOLE_WEIGHTS
    if whole.is_file():
        return [whole]
    index = _json_table(folder / "model.safetensors.index.json")
    parts = index.get("weight_map")
    if not isinstance(parts, dict) or not parts:
        raise _broken(folder, "model.safetensors.index.json names no parts")
    names = sorted({str(name) for name in parts.values()})
    if any(os.sep in name or name.startswith(".") for name in names):
        raise _broken(folder, "model.safetensors.index.json names files outside the folder")
    return [folder / name for name in names]


def _checked_weights(path: Path) -> int:
    """Return the size of a safetensors file whose header and length agree."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(_HEADER.size)
            if len(start) < _HEADER.size:
                raise _broken(path, "it is cut")
            (length,) = _HEADER.unpack(start)
            if length > min(_MAX_HEADER_BYTES, size):
                raise _broken(path, "it is cut, or no safetensors file")
            header = json.loads(file.read(length))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name[:2] != "__"]
        last = int(max(ends))
    except ModelCorruptError:
        raise
    except OSError as error:
        raise _broken(path, error.strerror or "it cannot be read") from None
    except _NO_HEADER:
        raise _broken(path, "it is no safetensors file") from None
    wanted = _HEADER.size + length + last
    if size != wanted:
        raise _broken(path, f"it has {size} bytes instead of {wanted}")
    return size


def _json_table(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            raise _broken(path, "it is larger than 64 MiB")
        table = json.loads(path.read_bytes())
    except ModelCorruptError:
        raise
    except OSError as error:
        raise _broken(path, error.strerror or "it cannot be read") from None
    except (ValueError, RecursionError):
        raise _broken(path, "it is not JSON") from None
    if not isinstance(table, dict):
        raise _broken(path, "it holds no table")
    return table


def _broken(path: Path, what: str) -> ModelCorruptError:
    return ModelCorruptError(
        f"the language model cannot be used: {what}",
        where=shown_path(path),
        hint="Get it again, or copy the missing files there",
    )
