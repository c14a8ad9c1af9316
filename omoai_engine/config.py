"""Settings: what can be chosen, where a value comes from, and one rule of precedence.

Command line > environment (`OMOAI_ASR__DEVICE=cuda`) > `omoai.toml` > default. The file is the
one `OMOAI_CONFIG` names, else `omoai.toml` in the user's configuration folder (XDG). Loading
the configuration never looks for models: a missing one is an error of the action that needs it.
"""

from __future__ import annotations

import contextlib
import os
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from omoai_engine.config_errors import explained, not_json, unknown_section
from omoai_engine.config_origin import DELIMITER, ENV_PREFIX, Given, unknown_variables
from omoai_engine.errors import ConfigError
from omoai_engine.text import shown_path

CONFIG_VARIABLE = "OMOAI_CONFIG"
_MAX_FILE_BYTES = 1 << 20

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AudioSettings(_Section):
    """Limits on the sound that comes in."""

    max_duration: Positive = Field(default=86_400.0, description="longest recording taken, seconds")
    max_stream_bytes: int = Field(
        default=4 * 1024**3, gt=0, description="most bytes held of an input that cannot seek"
    )
    decoder_memory_mib: int = Field(
        default=2048, ge=256, description="memory limit of the decoder, MiB"
    )
    stall_seconds: Positive = Field(
        default=60.0, description="give up when no sound comes for so long"
    )


class ASRSettings(_Section):
    """The recogniser."""

    engine: Literal["auto", "whisper", "chunkformer"] = Field(
        default="auto",
        description="auto: ChunkFormer where a model of the language is there, else Whisper",
    )
    model: str = Field(
        default="auto", description="a model's name or a folder; auto: the best installed"
    )
    language: str = Field(
        default="auto",
        pattern=r"^(auto|[a-z]{2,3})$",
        description="ISO 639 code, or auto to detect it",
    )
    preferred_languages: tuple[str, ...] = Field(
        default=("vi", "en"), description="detection takes another one only when it is sure"
    )
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "float32", "bfloat16", "float16", "int8"] = "auto"
    quality: Literal["fast", "balanced", "best"] = Field(
        default="balanced", description="one switch for beam, fallbacks and context"
    )
    beam_size: int | None = Field(
        default=None, ge=1, le=20, description="overrides what quality sets"
    )
    threads: int = Field(
        default=0, ge=0, le=256, description="processor threads; 0: one a core, at most 4"
    )
    isolate: bool = Field(default=True, description="run the recogniser in a child process")
    vad_threshold: Probability = Field(
        default=0.5, description="speech probability that counts as speech"
    )
    min_silence_seconds: Positive = Field(
        default=0.5, description="a pause this long ends a segment"
    )
    max_segment_seconds: Positive = Field(default=20.0, description="longest segment")
    chunk_size: int | None = Field(
        default=None, ge=1, description="ChunkFormer: encoder frames a chunk"
    )
    left_context: int | None = Field(
        default=None, ge=0, description="ChunkFormer: frames of left context"
    )
    right_context: int | None = Field(
        default=None, ge=0, description="ChunkFormer: look-ahead, frames"
    )
    hotwords: tuple[str, ...] | Path = Field(
        default=(), description="ChunkFormer: names to prefer; a list, or a file with one a line"
    )


class PostprocessSettings(_Section):
    """Punctuation, paragraphs and summary."""

    punctuation: Literal["auto", "model", "rules", "off"] = Field(
        default="auto",
        description="auto: keep what the recogniser wrote, else the language model, else rules; "
        "model and rules: write it anew",
    )
    paragraph_gap_seconds: Positive = Field(
        default=3.0, description="a pause this long ends a paragraph"
    )
    paragraph_max_words: int = Field(
        default=120, ge=20, description="a paragraph ends soon after so many"
    )
    paragraph_topics: bool = Field(
        default=True,
        description="where nobody pauses so long, end a paragraph where the topic changes",
    )
    summary: bool = Field(default=True, description="write title, abstract and bullets")
    bullets_max: int = Field(default=7, ge=1, le=30, description="most bullets in a summary")
    template: str = Field(
        default="general",
        pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$",
        description="what the language model is asked for: general, meeting, interview, lecture, "
        "podcast, actions, or one of your own",
    )


class LLMSettings(_Section):
    """The language model behind punctuation and summary."""

    backend: Literal["auto", "vllm", "server", "rules"] = Field(
        default="auto",
        description="auto: vLLM where a graphics card and the model are, else a server, else rules",
    )
    model: str = Field(
        default="qwen3-4b-instruct", min_length=1, description="a model's name or a folder"
    )
    device: Literal["auto", "cpu", "cuda"] = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        default="auto", description="auto: what suits the device and the model"
    )
    context_tokens: int = Field(
        default=8192, ge=256, le=1_048_576, description="most tokens of prompt and answer together"
    )
    max_sequences: int = Field(
        default=32, ge=1, le=1024, description="answers that are written at the same time"
    )
    gpu_memory_fraction: float | None = Field(
        default=None,
        ge=0.05,
        le=0.98,
        description="part of the graphics card's memory; not set: what is free beside the rest",
    )
    server_url: str | None = Field(
        default=None, description="an OpenAI-compatible server, as http://localhost:8000/v1"
    )
    server_model: str | None = Field(
        default=None, description="the model to ask the server for; not set: its first one"
    )
    api_key: SecretStr | None = Field(default=None, description="the server's key, never shown")
    timeout_seconds: Positive = Field(
        default=120.0, description="give up when the server says nothing for so long"
    )
    retries: int = Field(
        default=2, ge=0, le=10, description="how often a request to a server is tried again"
    )


class RecordingSettings(_Section):
    """The microphone and where recordings are kept."""

    folder: Path | None = Field(default=None, description="default: the user's data folder (XDG)")
    device: str | None = Field(
        default=None, description="input device by name; not set: the system's default"
    )
    sample_rate_hz: int | None = Field(
        default=None, ge=8_000, le=192_000, description="not set: the device's own"
    )
    channels: int | None = Field(
        default=None, ge=1, le=8, description="not set: those of the device, at most 2"
    )
    reserve_mib: int = Field(
        default=100, ge=0, description="a recording stops when the disk has no more room, MiB"
    )
    warn_minutes: Positive = Field(
        default=15.0, description="warn when the disk has room for less than so many minutes"
    )


class LibrarySettings(_Section):
    """The library of transcripts."""

    folder: Path | None = Field(default=None, description="default: the user's data folder (XDG)")
    keep: bool = Field(default=True, description="the app keeps every finished job in the library")
    audio: Literal["reference", "copy"] = Field(
        default="reference", description="leave recordings where they lie, or copy them"
    )
    deleted_days: Positive = Field(
        default=30.0, description="what was deleted can be brought back for so long"
    )


class ExportSettings(_Section):
    """How transcripts are written for other programs."""

    line_columns: int = Field(default=42, ge=10, le=200, description="letters a subtitle line")
    lines: Literal[1, 2] = Field(default=2, description="lines a subtitle")
    shortest_seconds: Positive = Field(default=1.0, le=10, description="shortest subtitle")
    longest_seconds: Positive = Field(default=7.0, le=60, description="longest subtitle")
    characters_a_second: Positive = Field(
        default=25.0, description="fastest reading, letters a second"
    )
    frames_a_second: Positive = Field(
        default=24.0, description="frame rate; subtitles stay two frames apart"
    )
    text_columns: int = Field(
        default=0, ge=0, le=1000, description="wrap plain text at so many letters; 0: never"
    )


class ModelSettings(_Section):
    """Where models are kept."""

    folder: Path | None = Field(default=None, description="default: the user's data folder (XDG)")


class APISettings(_Section):
    """For programs that call the engine."""

    enable_progress_output: bool = Field(
        default=False, description="write one progress line a stage to standard error"
    )


class TUISettings(_Section):
    """Read by the app alone; the engine gives these no meaning."""

    theme: str | None = None
    language: Literal["auto", "en", "vi"] = Field(
        default="auto", description="language of the interface; auto: the one of the locale"
    )
    keys: dict[str, str] = Field(default_factory=dict, description="key map by binding id")


def config_path() -> Path:
    """Return the file that is read: `OMOAI_CONFIG`, else the user's configuration folder."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        path = Path(named)
        with contextlib.suppress(RuntimeError):  # `~nobody`: no such user, so a name like any
            path = path.expanduser()
        return path
    return platformdirs.user_config_path("omoai") / "omoai.toml"


def read_config_file(path: Path, *, required: bool) -> dict[str, Any]:
    """Return the tables of `path`; an absent file that nobody asked for is empty.

    Raises `ConfigError` naming the file, and the line where the TOML is broken.
    """
    where = shown_path(path)
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        if required:
            hint = f"Correct {CONFIG_VARIABLE} or create the file"
            raise ConfigError(
                "there is no such configuration file", where=where, hint=hint
            ) from None
        return {}
    except OSError as error:
        raise ConfigError(
            f"the file cannot be read: {error.strerror}", where=where, hint="Check its permissions"
        ) from None
    if len(content) > _MAX_FILE_BYTES:
        raise ConfigError(
            "the configuration file is larger than 1 MiB",
            where=where,
            hint=f"Check that {CONFIG_VARIABLE} names the right file",
        )
    try:
        # Editors on other systems begin a file with a byte-order mark.
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        what = f"byte {error.start} is not UTF-8"
    except RecursionError:
        what = "it is nested too deeply"
    except ValueError as error:  # `TOMLDecodeError`, and numbers too long to be read
        what = str(error)
    raise ConfigError(
        f"the file is not valid TOML: {what}", where=where, hint="Mend the line or remove it"
    )


class OmoAIConfig(BaseSettings):
    """Every setting of the engine and the app, checked."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        case_sensitive=False,
        env_ignore_empty=True,
    )

    audio: AudioSettings = AudioSettings()
    asr: ASRSettings = ASRSettings()
    postprocess: PostprocessSettings = PostprocessSettings()
    llm: LLMSettings = LLMSettings()
    recording: RecordingSettings = RecordingSettings()
    library: LibrarySettings = LibrarySettings()
    export: ExportSettings = ExportSettings()
    models: ModelSettings = ModelSettings()
    api: APISettings = APISettings()
    tui: TUISettings = TUISettings()
    offline: bool = Field(
        default=False, description="never connect to another machine, whatever else is set"
    )
    debug_empty_cache: bool = Field(
        default=False, description="free cached accelerator memory after every job"
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
        tables = read_tables()
        return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=tables)


def read_tables() -> dict[str, Any]:
    """Return the tables of the configuration file in use. Raises `ConfigError`."""
    return read_config_file(config_path(), required=bool(os.environ.get(CONFIG_VARIABLE)))


def section_names() -> frozenset[str]:
    """Return the names a variable or a key of the file may begin with."""
    return frozenset(OmoAIConfig.model_fields)


def load_config(**overrides: Any) -> OmoAIConfig:
    """Load and check the configuration; `overrides` are nested tables from the command line.

    Raises `ConfigError` that names the first setting that cannot be used, as the person wrote
    it: a variable, a place in the file, a setting of the command line.
    """
    for variable in unknown_variables(os.environ, section_names() | {"config"}):
        # Without the delimiter it may be another program's; with it, it is a slip of ours.
        if DELIMITER in variable:
            raise unknown_section(variable, section_names())
    try:
        return OmoAIConfig(**overrides)
    except ValidationError as error:
        given = Given(overrides, os.environ, read_tables(), config_path())
        raise explained(error.errors(include_url=False)[0], given, OmoAIConfig) from None
    except SettingsError as error:
        raise not_json(str(error), os.environ, OmoAIConfig) from None


@lru_cache(maxsize=1)
def get_config() -> OmoAIConfig:
    """Return the configuration of this process, loaded once."""
    return load_config()
