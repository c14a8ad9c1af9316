"""No library that the engine loads reports home. Call `forbid_telemetry` before importing one.

onnxruntime (seen with the published wheel of 1.32) reports to its makers as soon as it is
imported and leaves a device identifier in the home folder; its variable is a complete way out.
huggingface_hub, which faster-whisper imports, is kept off the network altogether: the engine's
own downloads do not use it.

Our own child processes get no key of a server: the parent alone talks to it, and what decodes a
hostile file or runs other people's libraries has no use for it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from omoai_engine.native_start import ours_alone

_SWITCHES = {
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
}
# The key, and the JSON table of its section, which may hold it. Settings know no case.
_KEYS = frozenset({"OMOAI_LLM__API_KEY", "OMOAI_LLM"})


def forbid_telemetry() -> None:
    """Set the switches in this process's environment, for it and its children."""
    os.environ.update(_SWITCHES)


def child_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment for a child of ours: without keys and telemetry, with
    `more`."""
    left_out = _KEYS | ours_alone()
    ours = {name: value for name, value in os.environ.items() if name.upper() not in left_out}
    return {**ours, **_SWITCHES, **(more or {})}
