"""The garbage collector, kept still while many small objects are made that all stay.

It would walk through them again and again: half the time of reading a transcript of 10 hours.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collecting() -> Iterator[None]:
    """Collect no cycles meanwhile, for every thread; less than a second, nothing is lost."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
