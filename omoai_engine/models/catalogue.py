"""The models this program knows: names, files, sizes, SHA-256, licences and sources.

Pure data. Nothing here looks at a disk or a network. A file whose hash is pinned here is checked
against it; where only the repository is known (`files` empty), the hub's own metadata for one
commit says which files there are and what their hashes are, and that is checked instead.
The Whisper files are the CTranslate2 conversions that faster-whisper names, each at one commit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Engine = Literal["whisper", "chunkformer", "llm"]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model: `size` in bytes, `sha256` as lower-case hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model that can be got. `languages` (ISO 639-1) empty means any; `licence` None means
    that this catalogue does not know it and the hub is asked; `size` is bytes, None unknown.
    `former` are names under which the same repository may lie in a Hugging Face cache."""

    name: str
    engine: Engine
    repository: str
    revision: str | None
    files: tuple[ModelFile, ...]
    licence: str | None
    languages: tuple[str, ...]
    about: str
    size: int | None
    aliases: tuple[str, ...] = ()
    former: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """Return where the model comes from, with its commit where one is pinned."""
        return f"{self.repository}@{self.revision[:7]}" if self.revision else self.repository


# A language model's weights: in one file, or in parts that an index names.
WHOLE_WEIGHTS = "model.safetensors"
WEIGHTS_PART = re.compile(r"model-\d+-of-\d+\.safetensors")

PATH_BEGINS = ("/", "./", "../", "~")
"""A model that is named so is a folder and no name of a repository."""

# What makes a folder a model of each engine: for every row one of the names must be there.
REQUIRED_FILES: dict[Engine, tuple[tuple[str, ...], ...]] = {
    "whisper": (
        ("config.json",),
        ("model.bin",),
        ("tokenizer.json",),
        ("vocabulary.txt", "vocabulary.json"),
    ),
    "chunkformer": (
        ("config.yaml",),
        ("vocab.txt", "bpe.model"),
        (
            "model.safetensors",
            "pytorch_model.safetensors",
            "pytorch_model.bin",
            "pytorch_model.pt",
            "pytorch_model.ckpt",
        ),
    ),
    # Safetensors alone: the other form of weights is a program that runs when it is read.
    "llm": (
        ("config.json",),
        ("tokenizer.json",),
        ("tokenizer_config.json",),
        (WHOLE_WEIGHTS, "model.safetensors.index.json"),
    ),
}
# Taken along where the repository has them.
OPTIONAL_FILES: dict[Engine, tuple[str, ...]] = {
    "whisper": ("preprocessor_config.json",),
    "chunkformer": ("global_cmvn",),
    "llm": (
        "chat_template.jinja",
        "generation_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
    ),
}

# The same bytes in the multilingual conversions up to medium.
_TOKENIZER = ModelFile(
    "tokenizer.json",
    2_203_239,
    "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
)
_VOCABULARY = ModelFile(
    "vocabulary.txt", 459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"
)
# The same bytes in both large-v3 conversions.
_PREPROCESSOR_V3 = ModelFile(
    "preprocessor_config.json",
    340,
    "7ccc62c6f2765af1f3b46c00c9b5894426835a05021c8b9c01eecb6dfb542711",
)
_VOCABULARY_V3 = ModelFile(
    "vocabulary.json", 1_068_114, "c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1"
)


def _whisper(
    size_name: str,
    repository: str,
    revision: str,
    files: tuple[ModelFile, ...],
    about: str,
    aliases: tuple[str, ...] = (),
    former: tuple[str, ...] = (),
) -> ModelSpec:
    return ModelSpec(
        name=f"whisper-{size_name}",
        engine="whisper",
        repository=repository,
        revision=revision,
        files=files,
        licence="MIT",
        languages=(),
        about=about,
        size=sum(file.size for file in files),
        aliases=(size_name, *aliases),
        former=former,
    )


WHISPER_BASE = _whisper(
    "base",
    "Systran/faster-whisper-base",
    "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
    (
        ModelFile(
            "config.json", 2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"
        ),
        ModelFile(
            "model.bin",
            145_217_532,
            "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        ),
        _TOKENIZER,
        _VOCABULARY,
    ),
    "the one the `offline` extra installs; starts at once, weak in Vietnamese",
)

# In the order in which `auto` prefers them within one engine.
CATALOGUE: tuple[ModelSpec, ...] = (
    ModelSpec(
        name="chunkformer-large-vie",
        engine="chunkformer",
        repository="khanhld/chunkformer-ctc-large-vie",
        revision="311fc03558a895dc2b32957f2fb4236c7fb1455b",
        files=(),
        licence="CC-BY-NC-4.0",
        languages=("vi",),
        about="Vietnamese; not for commercial use",
        size=None,
        aliases=("chunkformer-ctc-large-vie",),
        former=("khanhld/chunkformer-large-vie",),
    ),
    ModelSpec(
        name="chunkformer-rnnt-large-vie",
        engine="chunkformer",
        repository="khanhld/chunkformer-rnnt-large-vie",
        revision=None,
        files=(),
        licence="CC-BY-4.0",
        languages=("vi",),
        about="Vietnamese, transducer",
        size=None,
    ),
    ModelSpec(
        name="chunkformer-large-en-libri-960h",
        engine="chunkformer",
        repository="khanhld/chunkformer-large-en-libri-960h",
        revision=None,
        files=(),
        licence="CC-BY-NC-4.0",
        languages=("en",),
        about="English, read speech; not for commercial use",
        size=None,
    ),
    _whisper(
        "large-v3-turbo",
        "dropbox-dash/faster-whisper-large-v3-turbo",
        "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
        (
            ModelFile(
                "config.json",
                2_263,
                "b0253ea6c0d3bea6b1e19e91a02acfd3b53f4467362efcb5a3e6b16c9b3a9b7e",
            ),
            ModelFile(
                "model.bin",
                1_617_884_929,
                "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da",
            ),
            _PREPROCESSOR_V3,
            ModelFile(
                "tokenizer.json",
                2_710_337,
                "297b13372ac43916285644fb9687add3cc62ee2a1adb60da3dc25cc94c1871fd",
            ),
            _VOCABULARY_V3,
        ),
        "nearly large-v3, several times faster",
        aliases=("turbo",),
        former=(
            "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
            "deepdml/faster-whisper-large-v3-turbo-ct2",
        ),
    ),
    _whisper(
        "large-v3",
        "Systran/faster-whisper-large-v3",
        "edaa852ec7e145841d8ffdb056a99866b5f0a478",
        (
            ModelFile(
                "config.json",
                2_394,
                "a9306624f5ec14270a014b647e5c316b6e03a662c369758d1b90697a7b0655b9",
            ),
            ModelFile(
                "model.bin",
                3_087_284_237,
                "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1",
            ),
            _PREPROCESSOR_V3,
            ModelFile(
                "tokenizer.json",
                2_480_617,
                "6d8cbd7cd0d8d5815e478dac67b85a26bbe77c1f5e0c6d76d1ce2abc0e5f21ca",
            ),
            _VOCABULARY_V3,
        ),
        "the most accurate Whisper; wants a graphics card",
        aliases=("large",),
    ),
    _whisper(
        "medium",
        "Systran/faster-whisper-medium",
        "08e178d48790749d25932bbc082711ddcfdfbc4f",
        (
            ModelFile(
                "config.json",
                2_257,
                "3622a2ddc41ec0e0fd4e68c13c6830f03b90c38d89aaad184de02c8c642cf807",
            ),
            ModelFile(
                "model.bin",
                1_527_906_378,
                "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae",
            ),
            _TOKENIZER,
            _VOCABULARY,
        ),
        "slow without a graphics card",
    ),
    _whisper(
        "small",
        "Systran/faster-whisper-small",
        "536b0662742c02347bc0e980a01041f333bce120",
        (
            ModelFile(
                "config.json",
                2_370,
                "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828",
            ),
            ModelFile(
                "model.bin",
                483_546_902,
                "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671",
            ),
            _TOKENIZER,
            _VOCABULARY,
        ),
        "a good step up from base on a processor",
    ),
    WHISPER_BASE,
    ModelSpec(
        name="qwen3-4b-instruct",
        engine="llm",
        repository="cyankiwi/Qwen3-4B-Instruct-2507-AWQ-4bit",
        revision=None,
        files=(),
        licence="Apache-2.0",
        languages=(),
        about="language model for punctuation and summary, 4 bits (about 3 GB); for vLLM",
        size=None,
        aliases=("qwen3-4b",),
        former=("cpatonn/Qwen3-4B-Instruct-2507-AWQ-4bit",),
    ),
)


def find_spec(name: str) -> ModelSpec | None:
    """Return the model called `name`: its name, an alias (`small`, `turbo`) or a repository."""
    wanted = name.strip().lower()
    for spec in CATALOGUE:
        names = (spec.name, *spec.aliases, spec.repository, *spec.former)
        if wanted in (known.lower() for known in names):
            return spec
    return None


def nearest_names(name: str) -> tuple[str, ...]:
    """Return up to three names of the catalogue that look like `name`, best first."""
    from difflib import get_close_matches

    known = {alias: spec.name for spec in CATALOGUE for alias in (spec.name, *spec.aliases)}
    close = get_close_matches(name.strip().lower(), known, n=3, cutoff=0.5)
    return tuple(dict.fromkeys(known[match] for match in close))
