"""Sound in: anything FFmpeg reads becomes 16 kHz mono float32 blocks.

The names are loaded when first used; the decoder child imports this package too and stays lean.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omoai_engine.preprocess.inputs import AudioInput
    from omoai_engine.preprocess.media import MEDIA_SUFFIXES, is_media_name
    from omoai_engine.preprocess.source import AudioInfo, AudioSource, open_audio, probe_audio
    from omoai_engine.preprocess.whole import (
        get_audio_info,
        preprocess_audio_bytes,
        preprocess_audio_to_tensor,
        preprocess_file_to_wav_bytes,
        validate_audio_input,
    )

__all__ = [
    "MEDIA_SUFFIXES",
    "AudioInfo",
    "AudioInput",
    "AudioSource",
    "get_audio_info",
    "is_media_name",
    "open_audio",
    "preprocess_audio_bytes",
    "preprocess_audio_to_tensor",
    "preprocess_file_to_wav_bytes",
    "probe_audio",
    "validate_audio_input",
]

_HOMES = {
    "AudioInput": "inputs",
    "MEDIA_SUFFIXES": "media",
    "is_media_name": "media",
    "AudioInfo": "source",
    "AudioSource": "source",
    "open_audio": "source",
    "probe_audio": "source",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'whole')}"), name)
