"""Voice activity: 16 kHz samples in, a speech probability a frame of 32 ms out.

The detector is silero-vad's model file (MIT), the copy in faster-whisper's wheel, run directly
with a one-thread onnxruntime session: importing `silero_vad` would set the torch threads of the
whole process. The model's state is carried from call to call, so that the cutting of the
stream into blocks changes nothing.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omoai_engine.audio import SAMPLE_RATE_HZ
from omoai_engine.errors import ModelCorruptError, ModelNotFoundError
from omoai_engine.privacy import forbid_telemetry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HOP_SAMPLES = 512
"""Samples a frame (32 ms); each frame sees `_CONTEXT_SAMPLES` of the one before."""
HOP_SECONDS = HOP_SAMPLES / SAMPLE_RATE_HZ
_CONTEXT_SAMPLES = 64
_STATE_SIZE = 128


def vad_model_path() -> Path:
    """Return the detector's model file. Raises `ModelNotFoundError`."""
    spec = importlib.util.find_spec("faster_whisper")
    for root in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted((Path(root) / "assets").glob("silero_vad*.onnx"), reverse=True):
            return path
    raise ModelNotFoundError(
        "the voice activity model is missing", hint="Install `faster-whisper>=1.2.1` again"
    )


class SpeechProbabilities:
    """Streaming speech probability, one value a frame of `HOP_SAMPLES`."""

    def __init__(self) -> None:
        import numpy as np

        forbid_telemetry()
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = 1
        options.intra_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        path = vad_model_path()
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(path), sess_options=options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ModelCorruptError(
                f"the voice activity model cannot be loaded: {error}",
                where=path.name,
                hint="Install `faster-whisper>=1.2.1` again",
            ) from None
        self._h = np.zeros((1, 1, _STATE_SIZE), np.float32)
        self._c = np.zeros((1, 1, _STATE_SIZE), np.float32)
        self._context = np.zeros(_CONTEXT_SAMPLES, np.float32)
        self._rest = np.zeros(0, np.float32)

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take (n,) samples, return the probabilities (m,) of the frames they complete."""
        import numpy as np

        samples = np.concatenate((self._rest, samples))
        frames = len(samples) // HOP_SAMPLES
        self._rest = samples[frames * HOP_SAMPLES :]
        if not frames:
            return np.zeros(0, np.float32)
        whole = samples[: frames * HOP_SAMPLES]
        windows = np.empty((frames, _CONTEXT_SAMPLES + HOP_SAMPLES), np.float32)
        windows[:, _CONTEXT_SAMPLES:] = whole.reshape(frames, HOP_SAMPLES)
        windows[0, :_CONTEXT_SAMPLES] = self._context
        windows[1:, :_CONTEXT_SAMPLES] = windows[:-1, -_CONTEXT_SAMPLES:]
        self._context = whole[-_CONTEXT_SAMPLES:].copy()
        output, self._h, self._c = self._session.run(
            None, {"input": windows, "h": self._h, "c": self._c}
        )
        return np.asarray(output, np.float32).reshape(-1)

    def flush(self) -> NDArray[np.float32]:
        """Return the probability of the unfinished last frame, filled up with zeros."""
        import numpy as np

        if not len(self._rest):
            return np.zeros(0, np.float32)
        return self.push(np.zeros(HOP_SAMPLES - len(self._rest), np.float32))
