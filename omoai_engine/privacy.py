"""No library that the engine loads reports home. Call `forbid_telemetry` before importing one.

onnxruntime (seen with the published wheel of 1.32) reports to its makers as soon as it is
imported and leaves a device identifier in the home folder; its variable is a complete way out.
huggingface_hub, which faster-whisper imports, is kept off the network altogether: the engine's
own downloads do not use it.
"""

from __future__ import annotations

import os

_SWITCHES = {
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "DO_NOT_TRACK": "1",
}


def forbid_telemetry() -> None:
    """Set the switches in this process's environment, for it and its children."""
    os.environ.update(_SWITCHES)
