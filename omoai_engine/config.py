"""Settings: what can be chosen, where a value comes from, and one rule of precedence.

Command line > environment (`OMOAI_ASR__DEVICE=cuda`) > `omoai.toml` > default. The file is the
one `OMOAI_CONFIG` names, else `omoai.toml` in the user's configuration folder (XDG). Loading
the configuration never looks for models: a missing one is an error of the action that needs it.
"""

from __future__ import annotations

import os
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from omoai_engine.errors import ConfigError
from omoai_engine.text import one_line, shown_path

ENV_PREFIX = "OMOAI_"
CONFIG_VARIABLE = "OMOAI_CONFIG"

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AudioSettings(_Section):
    """Limits on the sound that comes in."""

    max_duration: Positive = Field(86_400.0, description="longest recording taken, seconds")
    max_stream_bytes: int = Field(
        4 * 1024**3, gt=0, description="most bytes held of an input that cannot seek"
    )
    decoder_memory_mib: int = Field(2048, ge=256, description="memory limit of the decoder, MiB")
    stall_seconds: Positive = Field(60.0, description="give up when no sound comes for so long")


class ASRSettings(_Section):
    """The recogniser."""

    engine: Literal["auto", "whisper", "chunkformer"] = Field(
        "auto", description="auto: ChunkFormer where a model of the language is there, else Whisper"
    )
    model: str = Field("auto", description="a model's name or a folder; auto: the best installed")
    language: str = Field(
        "auto", pattern=r"^(auto|[a-z]{2,3})$", description="ISO 639 code, or auto to detect it"
    )
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "float32", "bfloat16", "float16", "int8"] = "auto"
    quality: Literal["fast", "balanced", "best"] = Field(
        "balanced", description="one switch for beam, fallbacks and context"
    )
    beam_size: int | None = Field(None, ge=1, le=20, description="overrides what quality sets")
    threads: int = Field(0, ge=0, le=256, description="processor threads; 0: one a core, at most 4")
    isolate: bool = Field(True, description="run the recogniser in a child process")
    vad_threshold: Probability = Field(0.5, description="speech probability that counts as speech")
    min_silence_seconds: Positive = Field(0.5, description="a pause this long ends a segment")
    max_segment_seconds: Positive = Field(20.0, description="longest segment")
    chunk_size: int | None = Field(None, ge=1, description="ChunkFormer: encoder frames a chunk")
    left_context: int | None = Field(None, ge=0, description="ChunkFormer: frames of left context")
    right_context: int | None = Field(None, ge=0, description="ChunkFormer: look-ahead, frames")


class PostprocessSettings(_Section):
    """Punctuation, paragraphs and summary."""

    punctuation: Literal["auto", "rules", "off"] = Field(
        "auto", description="auto: keep what the recogniser wrote, rules where it wrote none"
    )
    paragraph_gap_seconds: Positive = Field(3.0, description="a pause this long ends a paragraph")
    paragraph_max_words: int = Field(120, ge=20, description="a paragraph ends soon after so many")
    summary: bool = Field(True, description="write title, abstract and bullets")
    bullets_max: int = Field(7, ge=1, le=30, description="most bullets in a summary")


class LLMSettings(_Section):
    """The language model behind punctuation and summary."""

    backend: Literal["auto", "rules"] = Field(
        "auto", description="rules needs no model and is what this version has"
    )


class ModelSettings(_Section):
    """Where models are kept."""

    folder: Path | None = Field(None, description="default: the user's data folder (XDG)")


class APISettings(_Section):
    """For programs that call the engine."""

    enable_progress_output: bool = Field(
        False, description="write one progress line a stage to standard error"
    )


class TUISettings(_Section):
    """Read by the app alone; the engine gives these no meaning."""

    theme: str | None = None
    keys: dict[str, str] = Field(default_factory=dict, description="key map by binding id")


def config_path() -> Path:
    """Return the file that is read: `OMOAI_CONFIG`, else the user's configuration folder."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named).expanduser()
    return platformdirs.user_config_path("omoai") / "omoai.toml"


def read_config_file(path: Path, *, required: bool) -> dict[str, Any]:
    """Return the tables of `path`; an absent file that nobody asked for is empty.

    Raises `ConfigError` naming the file, and the line where the TOML is broken.
    """
    where = shown_path(path)
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        if required:
            hint = f"Correct {CONFIG_VARIABLE} or create the file"
            raise ConfigError("there is no such configuration file", where=where, hint=hint) from None
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the file is not valid TOML: {error}", where=where, hint="Mend the line or remove it"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"the file cannot be read: {error.strerror}", where=where, hint="Check its permissions"
        ) from None


class OmoAIConfig(BaseSettings):
    """Every setting of the engine and the app, checked."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        case_sensitive=False,
    )

    audio: AudioSettings = AudioSettings()
    asr: ASRSettings = ASRSettings()
    postprocess: PostprocessSettings = PostprocessSettings()
    llm: LLMSettings = LLMSettings()
    models: ModelSettings = ModelSettings()
    api: APISettings = APISettings()
    tui: TUISettings = TUISettings()
    debug_empty_cache: bool = Field(
        False, description="free cached accelerator memory after every job"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the TOML file below the environment; no `.env`, no secrets folder."""
        path = config_path()
        tables = read_config_file(path, required=CONFIG_VARIABLE in os.environ)
        return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=tables)


def load_config(**overrides: Any) -> OmoAIConfig:
    """Load and check the configuration; `overrides` are nested tables from the command line.

    Raises `ConfigError` that names the first setting that cannot be used.
    """
    try:
        return OmoAIConfig(**overrides)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        message = str(first["msg"])
        hint = "See `omoai config show` for the names and values"
        raise ConfigError(f"{name}: {one_line(message)}", where="configuration", hint=hint) from None


@lru_cache(maxsize=1)
def get_config() -> OmoAIConfig:
    """Return the configuration of this process, loaded once."""
    return load_config()
