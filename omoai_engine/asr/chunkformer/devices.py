"""Which device and precision: what was asked for, or the fastest that keeps the words.

In: the settings `auto|cpu|cuda` and `auto|float32|bfloat16|float16|int8`. Out: a torch device
and a precision that this machine can compute with, or a `ConfigError` that says why not.
"""

from __future__ import annotations

from typing import Literal

import torch

from omoai_engine.asr.chunkformer.config import ModelConfig
from omoai_engine.asr.chunkformer.linear import Precision, asked_processor
from omoai_engine.errors import ConfigError

DeviceSetting = Literal["auto", "cpu", "cuda"]
PrecisionSetting = Literal["auto", "float32", "bfloat16", "float16", "int8"]


def choose_device(wanted: DeviceSetting) -> torch.device:
    """Return the device; `auto` takes CUDA where torch can use it."""
    if wanted == "cpu":
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    if wanted == "cuda":
        raise ConfigError(
            "cuda was asked for, but torch finds no usable GPU",
            where="asr.device",
            hint="Set asr.device to auto or cpu, or check the driver with `omoai doctor`",
        )
    return torch.device("cpu")


def choose_precision(wanted: PrecisionSetting, device: torch.device) -> Precision:
    """Return the precision; `auto` takes bfloat16 where the device multiplies it natively.

    bfloat16 keeps float32's range, and with a float32 residual stream it kept every word of the
    model in `tests/data`; float16 and int8 are only taken when asked for.
    """
    if device.type == "cuda":
        if wanted == "auto":
            return "bfloat16" if torch.cuda.is_bf16_supported(False) else "float16"
        if wanted == "int8":
            raise ConfigError(
                "int8 runs on a processor only", where="asr.precision", hint="Take bfloat16"
            )
        return wanted
    if wanted == "float16":
        raise ConfigError(
            "float16 runs on a GPU only", where="asr.precision", hint="Take bfloat16 or float32"
        )
    if wanted == "auto":
        return "bfloat16" if has_matrix_unit() else "float32"
    if wanted == "bfloat16":
        allow_matrix_unit()
    return wanted


def has_matrix_unit() -> bool:
    """Say whether the processor has AMX and the system lets this process use it."""
    return asked_processor("_is_amx_tile_supported") and allow_matrix_unit()


def allow_matrix_unit() -> bool:
    """Ask the system for the tile registers; without that permission AMX code dies at once."""
    return asked_processor("_init_amx")


def frames_at_once(device: torch.device, config: ModelConfig, recordings: int) -> int:
    """Return how many encoder frames of each recording to take through the model in one step.

    A processor gains nothing beyond 256 (20 s of sound); a GPU takes what fits into half of its
    free memory, and `FileTranscription` takes less when that was too much.
    """
    if device.type != "cuda":
        return 256
    free, _ = torch.cuda.mem_get_info(device)
    # The widest things of a frame: three subsampling grids, and keys and values once per chunk
    # that sees them. Rounded up; not yet measured on a GPU.
    bytes_a_frame = 2 * (4 * 39 * config.dim * 2 + 12 * config.dim * 2 + 4 * config.feed_forward)
    return int(min(8192, max(64, free // 2 // bytes_a_frame // max(1, recordings))))
