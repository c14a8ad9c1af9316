"""Memory in use on the graphics card, asked of NVIDIA's management library, where there is one.

No process is started and nothing is imported for it; without a card it answers None for ever.
"""

from __future__ import annotations

import ctypes
from typing import Any


class _Memory(ctypes.Structure):
    _fields_ = (
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


class GraphicsMemory:
    """Asks every card; `used_mib` is the sum over all of them, of all programs."""

    def __init__(self) -> None:
        self._library: Any = None
        self._cards: list[ctypes.c_void_p] = []
        try:
            library = ctypes.CDLL("libnvidia-ml.so.1")
            count = ctypes.c_uint()
            if library.nvmlInit_v2() or library.nvmlDeviceGetCount_v2(ctypes.byref(count)):
                return
            for number in range(count.value):
                card = ctypes.c_void_p()
                if not library.nvmlDeviceGetHandleByIndex_v2(number, ctypes.byref(card)):
                    self._cards.append(card)
        except (OSError, AttributeError):
            return
        self._library = library

    def used_mib(self) -> float | None:
        """Return MiB in use, None where no card can be asked."""
        total = 0
        for card in self._cards:
            memory = _Memory()
            if self._library.nvmlDeviceGetMemoryInfo(card, ctypes.byref(memory)):
                return None
            total += memory.used
        return total / 2**20 if self._cards else None
