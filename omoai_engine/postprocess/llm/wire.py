"""What the two ends of the language model's child process say to each other.

From the parent: ("load", Order), ("generate", call, requests, streamed), ("abort", call),
("count", call, texts). From the child: ("loaded", Loaded), then for a call ("text", call, text),
("tokens", call, (read, written)), ("answer", call, (index, Completion)), ("done", call, None),
("counts", call, numbers), and ("failed", Failure) at any time, after which it is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from omoai_engine.errors import OmoAIError
from omoai_engine.postprocess.llm.memory_plan import Plan


@dataclass(frozen=True, slots=True)
class Order:
    """What to load and how. `gpu_fraction` of the card is what vLLM may expect to be free."""

    folder: Path
    device: Literal["cpu", "cuda"]
    dtype: str
    plan: Plan
    gpu_fraction: float


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded: the device in words, and whether the model knows how to chat."""

    device: str
    templated: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the child ends. `out_of_memory`: with less, it may go."""

    error: OmoAIError
    out_of_memory: bool
