"""Loads one library in a process of its own and tells what it finds.

Out: one line of JSON on standard output, with `error` (one sentence) where the library is
missing or broken. Runs as a child of `omoai doctor` only.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from omoai_engine.privacy import forbid_telemetry


def _av() -> dict[str, Any]:
    import av

    libraries = getattr(av, "library_versions", {})
    codec = ".".join(str(part) for part in libraries.get("libavcodec", ()))
    return {"versions": [version("av") or "unknown", f"libavcodec {codec}"]}


def _onnxruntime() -> dict[str, Any]:
    forbid_telemetry()
    import onnxruntime

    return {"versions": [onnxruntime.__version__]}


def _faster_whisper() -> dict[str, Any]:
    import ctranslate2
    import faster_whisper

    kinds = sorted(ctranslate2.get_supported_compute_types("cpu"))
    return {
        "versions": [
            faster_whisper.__version__,
            f"CTranslate2 {ctranslate2.__version__}",
            f"processor: {' '.join(kinds)}",
        ]
    }


def _torch() -> dict[str, Any]:
    import torch

    devices = []
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            free, total = torch.cuda.mem_get_info(index)
            name = torch.cuda.get_device_name(index)
            devices.append(f"{name}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free")
    return {"version": torch.__version__, "threads": torch.get_num_threads(), "devices": devices}


def _sounddevice() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        _keep_pulse_out_of_home(folder)
        return _inputs()


def _keep_pulse_out_of_home(folder: str) -> None:
    """Let PulseAudio's library, where it was never used, make its files in `folder` instead."""
    config = os.environ.get("XDG_CONFIG_HOME") or str(Path("~/.config").expanduser())
    if (Path(config) / "pulse").exists():
        return
    os.environ.setdefault("PULSE_COOKIE", str(Path(folder) / "cookie"))
    os.environ.setdefault("PULSE_STATE_PATH", folder)
    if not os.environ.get("XDG_RUNTIME_DIR"):
        os.environ.setdefault("PULSE_RUNTIME_PATH", folder)


def _inputs() -> dict[str, Any]:
    import sounddevice

    inputs = [
        str(device["name"])
        for device in sounddevice.query_devices()
        if device["max_input_channels"] > 0
    ]
    return {"inputs": inputs}


_PROBES: dict[str, Callable[[], dict[str, Any]]] = {
    "av": _av,
    "onnxruntime": _onnxruntime,
    "faster_whisper": _faster_whisper,
    "torch": _torch,
    "sounddevice": _sounddevice,
}


def main(name: str) -> None:
    """Answer for the library called `name`."""
    try:
        answer = _PROBES[name]()
    except ModuleNotFoundError as error:
        answer = {"error": f"{error.name or name} is not installed"}
    except Exception as error:
        reason = " ".join(str(error).split())
        answer = {"error": f"{name} cannot be loaded ({type(error).__name__}: {reason})"}
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
