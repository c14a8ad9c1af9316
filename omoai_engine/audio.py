"""The unit in which sound travels through the engine: blocks of 16 kHz mono float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True, eq=False)
class AudioBlock:
    """`samples`: (n,) float32 in [-1, 1] at 16 kHz; `start`: seconds from the beginning of the
    recording. Blocks come in order and without gaps."""

    start: float
    samples: NDArray[np.float32]

    @property
    def end(self) -> float:
        """Seconds from the beginning of the recording to the end of the block."""
        return self.start + len(self.samples) / SAMPLE_RATE_HZ
