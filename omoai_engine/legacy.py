"""Three calls that older scripts know, thin, on top of the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omoai_engine.errors import ConfigError, ExportError
from omoai_engine.export import write
from omoai_engine.export.json_format import from_json
from omoai_engine.far_files import read_file
from omoai_engine.pipeline import Pipeline, as_config
from omoai_engine.processor import VLLMProcessor
from omoai_engine.results import ASRResult, PipelineResult, PostprocessResult
from omoai_engine.text import shown_path

_MOST_BYTES = 1 << 30

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig


def run_asr_from_config(
    audio_path: Path | str, config: OmoAIConfig | Mapping[str, Any] | Path | str | None = None
) -> ASRResult:
    """Recognise one file; `config` may also be the path of a TOML file.

    Raises as `Pipeline.run`.
    """
    settings = _settings(config).model_copy(deep=True)
    without_summary = settings.postprocess.model_copy(update={"summary": False})
    with Pipeline(settings.model_copy(update={"postprocess": without_summary})) as pipeline:
        result = pipeline.run(Path(audio_path))
    if result.asr is None:
        return ASRResult((), "", 0.0)
    return result.asr


def postprocess_asr_json(
    asr_json: Path | str, config: OmoAIConfig | Mapping[str, Any] | Path | str | None = None
) -> PostprocessResult:
    """Punctuate and summarise what an earlier run wrote as JSON (`*.asr.json`, `*.json`).

    Raises `TranscriptFormatError` for a file of another kind, `ExportError` for one that cannot
    be read.
    """
    path = Path(asr_json)
    try:
        content = read_file(path, _MOST_BYTES)
    except OSError as error:
        raise ExportError(
            f"the file cannot be read: {error.strerror}", where=shown_path(path)
        ) from None
    result = from_json(content)
    asr = result.asr
    segments = asr.segments if asr else result.segments
    writes = result.metadata.get("recognizer") == "whisper"
    with VLLMProcessor(_settings(config)) as processor:
        return processor.process(
            segments, language=result.metadata.get("language"), writes_punctuation=writes
        )


def run_pipeline_legacy(
    audio_path: Path | str,
    output_dir: Path | str,
    config: OmoAIConfig | Mapping[str, Any] | Path | str | None = None,
) -> PipelineResult:
    """Run the whole pipeline on a file and leave transcript and JSON in `output_dir`."""
    folder = Path(output_dir)
    with Pipeline(_settings(config)) as pipeline:
        result = pipeline.run(Path(audio_path), save_intermediates=True, output_dir=folder)
    write(result, folder / f"{Path(audio_path).stem[:80]}.txt", "txt", overwrite=True)
    return result


def _settings(config: OmoAIConfig | Mapping[str, Any] | Path | str | None) -> OmoAIConfig:
    if isinstance(config, Path | str):
        from omoai_engine.config import load_config, read_config_file

        return load_config(**read_config_file(Path(config), required=True))
    if config is not None and not isinstance(config, Mapping) and not hasattr(config, "asr"):
        raise ConfigError("this is neither settings nor the path of a TOML file", where="config")
    return as_config(config)
