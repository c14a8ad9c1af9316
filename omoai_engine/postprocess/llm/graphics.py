"""Which graphics cards this machine has and how much of their memory is free, without torch.

Asks NVIDIA's management library, which comes with the driver and takes milliseconds where
importing torch takes seconds. Sizes in bytes. No driver, no card: an empty answer, never an error.
"""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass

_LIBRARY = "libnvidia-ml.so.1"


@dataclass(frozen=True, slots=True)
class GraphicsCard:
    """One card: `free` and `total` bytes of its memory."""

    name: str
    free: int
    total: int


class _Memory(ctypes.Structure):
    _fields_ = (
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


def graphics_cards() -> tuple[GraphicsCard, ...]:
    """Return the cards that CUDA programs started from here may use."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in ("", "-1", "NoDevFiles"):
        return ()
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError:
        return ()
    if library.nvmlInit_v2() != 0:
        return ()
    try:
        return _cards(library)
    finally:
        library.nvmlShutdown()


def _cards(library: ctypes.CDLL) -> tuple[GraphicsCard, ...]:
    count = ctypes.c_uint()
    if library.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0:
        return ()
    cards = []
    for index in range(count.value):
        handle = ctypes.c_void_p()
        memory = _Memory()
        name = ctypes.create_string_buffer(96)
        if library.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)) != 0:
            continue
        if library.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)) != 0:
            continue
        library.nvmlDeviceGetName(handle, name, len(name))
        label = name.value.decode("utf-8", "replace") or f"card {index}"
        cards.append(GraphicsCard(label, memory.free, memory.total))
    return tuple(cards)
