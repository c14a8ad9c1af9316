"""The engine of OmoAI: sound in, a transcript that people trust out. It knows nothing of screens.

Everything named here is imported at its first use: `import omoai_engine` loads no torch, no
model library and no settings.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omoai_engine.chunkformer import ChunkFormerASR
    from omoai_engine.config import OmoAIConfig, get_config, load_config
    from omoai_engine.control import JobControl
    from omoai_engine.errors import (
        AudioInputError,
        AudioNotFoundError,
        AudioTooLongError,
        CancelledError,
        ConfigError,
        ExportError,
        LanguageModelError,
        ModelCorruptError,
        ModelError,
        ModelNotFoundError,
        OmoAIError,
        StageError,
        WorkerDiedError,
    )
    from omoai_engine.legacy import (
        postprocess_asr_json,
        run_asr_from_config,
        run_pipeline_legacy,
    )
    from omoai_engine.pipeline import (
        Pipeline,
        run_full_pipeline_memory,
        run_pipeline_batch,
    )
    from omoai_engine.preprocess import (
        get_audio_info,
        preprocess_audio_bytes,
        preprocess_audio_to_tensor,
        preprocess_file_to_wav_bytes,
        validate_audio_input,
    )
    from omoai_engine.processor import VLLMProcessor
    from omoai_engine.results import (
        ASRResult,
        ASRSegment,
        Paragraph,
        PipelineFailure,
        PipelineResult,
        PostprocessResult,
        Suggestion,
        SummaryResult,
        Word,
    )

_HOMES = {
    "chunkformer": ("ChunkFormerASR",),
    "config": ("OmoAIConfig", "get_config", "load_config"),
    "control": ("JobControl",),
    "errors": (
        "AudioInputError",
        "AudioNotFoundError",
        "AudioTooLongError",
        "CancelledError",
        "ConfigError",
        "ExportError",
        "LanguageModelError",
        "ModelCorruptError",
        "ModelError",
        "ModelNotFoundError",
        "OmoAIError",
        "StageError",
        "WorkerDiedError",
    ),
    "legacy": ("postprocess_asr_json", "run_asr_from_config", "run_pipeline_legacy"),
    "pipeline": ("Pipeline", "run_full_pipeline_memory", "run_pipeline_batch"),
    "preprocess": (
        "get_audio_info",
        "preprocess_audio_bytes",
        "preprocess_audio_to_tensor",
        "preprocess_file_to_wav_bytes",
        "validate_audio_input",
    ),
    "processor": ("VLLMProcessor",),
    "results": (
        "ASRResult",
        "ASRSegment",
        "Paragraph",
        "PipelineFailure",
        "PipelineResult",
        "PostprocessResult",
        "Suggestion",
        "SummaryResult",
        "Word",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [  # noqa: RUF022 - in the order of `_HOMES`
    "ChunkFormerASR",
    "OmoAIConfig",
    "get_config",
    "load_config",
    "JobControl",
    "AudioInputError",
    "AudioNotFoundError",
    "AudioTooLongError",
    "CancelledError",
    "ConfigError",
    "ExportError",
    "LanguageModelError",
    "ModelCorruptError",
    "ModelError",
    "ModelNotFoundError",
    "OmoAIError",
    "StageError",
    "WorkerDiedError",
    "postprocess_asr_json",
    "run_asr_from_config",
    "run_pipeline_legacy",
    "Pipeline",
    "run_full_pipeline_memory",
    "run_pipeline_batch",
    "get_audio_info",
    "preprocess_audio_bytes",
    "preprocess_audio_to_tensor",
    "preprocess_file_to_wav_bytes",
    "validate_audio_input",
    "VLLMProcessor",
    "ASRResult",
    "ASRSegment",
    "Paragraph",
    "PipelineFailure",
    "PipelineResult",
    "PostprocessResult",
    "Suggestion",
    "SummaryResult",
    "Word",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
