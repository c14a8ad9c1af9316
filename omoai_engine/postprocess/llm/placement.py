"""How a model is loaded on this machine: its precision, and plans for the memory that is free now.

In: the model's files, the device, the settings. Out: orders for the child process, best first,
each with less memory than the one before. Asks the driver and the system; loads nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from omoai_engine.config import LLMSettings
from omoai_engine.errors import LanguageModelError
from omoai_engine.postprocess.llm.files import ModelFacts
from omoai_engine.postprocess.llm.graphics import graphics_cards
from omoai_engine.postprocess.llm.memory_plan import (
    GIB,
    Need,
    cpu_plans,
    gpu_plans,
    least_bytes,
)
from omoai_engine.postprocess.llm.wire import Order

Device = Literal["cpu", "cuda"]

_WIDTHS = {"float32": 4, "bfloat16": 2, "float16": 2}
# On a processor, models up to this size run in float32, where every processor is exact.
_SMALL_BYTES = 2 * GIB


@dataclass(frozen=True, slots=True)
class Placement:
    """What is wanted, and the orders that fit, best first; never empty."""

    need: Need
    orders: tuple[Order, ...]


def place(facts: ModelFacts, name: str, device: Device, settings: LLMSettings) -> Placement:
    """Return how the model `name` may be loaded. Raises `LanguageModelError` when nothing fits."""
    dtype = _dtype(facts, device, settings.dtype)
    width = _WIDTHS.get(dtype, _WIDTHS.get(facts.dtype, 2))
    scale = 1.0 if facts.quantised else width / _WIDTHS.get(facts.dtype, 2)
    need = Need(
        weights=int(facts.weights_bytes * scale),
        kv_token=facts.kv_bytes * width // 2,
        context=min(settings.context_tokens, facts.context),
        sequences=settings.max_sequences,
    )
    if device == "cuda":
        free, total = _card()
        fraction = settings.gpu_memory_fraction
        plans = gpu_plans(need, free=free, total=total, fraction=fraction)
    else:
        import psutil

        free = total = psutil.virtual_memory().available
        plans = cpu_plans(need, free=free)
    if not plans:
        on_gpu = device == "cuda"
        where = "on the graphics card" if on_gpu else "of memory"
        raise LanguageModelError(
            f"the language model {name} needs at least"
            f" {least_bytes(need, on_gpu=on_gpu) / GIB:.1f} GiB {where},"
            f" and {free / GIB:.1f} GiB are free",
            hint="Close other programs, lower llm.context_tokens, or choose a smaller model",
        )
    orders = tuple(
        Order(facts.folder, device, dtype, plan, min(0.97, max(0.01, plan.total / total)))
        for plan in plans
    )
    return Placement(need, orders)


def _card() -> tuple[int, int]:
    """Return the free and all bytes of the card with the most free memory."""
    card = max(graphics_cards(), key=lambda card: card.free, default=None)
    if card is None:
        raise LanguageModelError(
            "no graphics card that CUDA can use was found",
            hint="Check the driver with nvidia-smi, or set llm.backend to auto",
        )
    return card.free, card.total


def _dtype(facts: ModelFacts, device: Device, wanted: str) -> str:
    if wanted != "auto" or device == "cuda" or facts.quantised:
        return wanted
    scale = 4 / _WIDTHS.get(facts.dtype, 2)
    return "float32" if facts.weights_bytes * scale <= _SMALL_BYTES else "bfloat16"
