"""Whether an error means that memory ran out: torch has several ways to say it.

On a GPU it is `torch.OutOfMemoryError`; on a processor a plain `RuntimeError` of the allocator,
or what Python and NumPy raise.
"""

from __future__ import annotations

import torch

_SAYINGS = ("can't allocate memory", "out of memory", "bad_alloc", "cannot allocate memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether `error` tells of too little memory."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    if isinstance(error, OSError) and error.errno == 12:  # ENOMEM
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(saying in text for saying in _SAYINGS)
