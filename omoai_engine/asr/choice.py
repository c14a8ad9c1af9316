"""Which recogniser transcribes: chosen by what is installed and by the language, with a reason.

A choice is data; `build` makes the recogniser from it, in this process or in a child.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from omoai_engine.asr.hotwords import read_hotwords
from omoai_engine.asr.recognizer import Recognizer
from omoai_engine.config import ASRSettings, OmoAIConfig
from omoai_engine.errors import ModelError
from omoai_engine.models import InstalledModel, resolve_model

_NO_LANGUAGE = "the language is not known beforehand, and Whisper detects it"


@dataclass(frozen=True, slots=True)
class RecognizerChoice:
    """Engine, model and why; `languages` empty means any. `empty_cache`: free cached accelerator
    memory after every recording. `hotwords`: names and phrases to prefer."""

    engine: Literal["whisper", "chunkformer"]
    model: str
    folder: Path
    languages: tuple[str, ...]
    reason: str
    settings: ASRSettings
    empty_cache: bool = False
    hotwords: tuple[str, ...] = ()


def choose_recognizer(config: OmoAIConfig) -> RecognizerChoice:
    """Return what the configuration and the installed models give.

    Raises `ModelNotFoundError` with what to do, another `ModelError`, or `ConfigError` for a
    file of hotwords that cannot be read.
    """
    model = resolve_model(config)
    if model.engine == "llm":
        raise ModelError(
            f"{model.name} is a language model and cannot recognise speech",
            hint="Correct --model or asr.model; see: omoai models list",
        )
    hotwords = read_hotwords(config.asr.hotwords)
    reason = _reason(config, model)
    if hotwords and model.engine == "whisper":
        reason += "; your hotwords have no effect with Whisper"
    return RecognizerChoice(
        engine=model.engine,
        model=model.name,
        folder=model.folder.absolute(),
        languages=model.languages,
        reason=reason,
        settings=config.asr,
        empty_cache=config.debug_empty_cache,
        hotwords=hotwords,
    )


def _reason(config: OmoAIConfig, model: InstalledModel) -> str:
    asked = config.asr
    if asked.model != "auto":
        return "the configuration names this model"
    if asked.engine != "auto":
        return "the configuration names this engine"
    if model.engine == "chunkformer":
        return f"a ChunkFormer model for {asked.language!r} is installed"
    if asked.language == "auto":
        return _NO_LANGUAGE
    return f"no ChunkFormer model for {asked.language!r} is installed"


def build_recognizer(choice: RecognizerChoice) -> Recognizer:
    """Make the recogniser; it loads its model later."""
    if choice.engine == "chunkformer":
        from omoai_engine.asr.chunkformer.recognizer import ChunkFormerRecognizer

        return ChunkFormerRecognizer(
            choice.folder,
            choice.model,
            choice.settings,
            languages=choice.languages,
            hotwords=choice.hotwords,
        )
    from omoai_engine.asr.whisper import WhisperRecognizer

    return WhisperRecognizer(choice.folder, choice.model, choice.settings)
