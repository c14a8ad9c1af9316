"""Whether an error means that memory ran out, and what can be given back then.

On a GPU it is `torch.OutOfMemoryError`; on a processor a plain `RuntimeError` of the allocator,
or what Python and NumPy raise.
"""

from __future__ import annotations

import contextlib
import ctypes

import torch

_SAYINGS = ("can't allocate memory", "out of memory", "bad_alloc", "cannot allocate memory")
_ONEDNN_SAYS = "could not create a primitive"  # and nothing more: it found no room for its code


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether `error` tells of too little memory."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    if isinstance(error, OSError) and error.errno == 12:  # ENOMEM
        return True
    text = str(error).lower()
    if not isinstance(error, RuntimeError):
        return False
    return text == _ONEDNN_SAYS or any(saying in text for saying in _SAYINGS)


def give_back_memory() -> None:
    """Hand what the allocators keep for later to the system: the code for a product of a new
    shape, for one, is not made of it."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    with contextlib.suppress(AttributeError, OSError, TypeError):  # glibc alone has it
        ctypes.CDLL(None).malloc_trim(0)
