"""What a job leaves on disk when `save_intermediates` asks for it, for inspection.

`<stem>.preprocessed.wav` (16 kHz, mono, PCM16: what was recognised), `<stem>.asr.json` (the
recogniser's own segments) and `<stem>.final.json`. Each is written whole or not at all.
"""

from __future__ import annotations

import tempfile
import wave
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from omoai_engine.audio import SAMPLE_RATE_HZ
from omoai_engine.errors import ExportError
from omoai_engine.export.files import write_atomically
from omoai_engine.export.json_format import to_json
from omoai_engine.results import PipelineResult, SummaryResult
from omoai_engine.text import shown_path

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Intermediates:
    """Collects one job's files in `folder`, which is made. Raises `ExportError`."""

    def __init__(self, folder: Path, source: str) -> None:
        self._folder = folder
        self._stem = Path(source).stem[:80] or "audio"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                dir=folder, prefix=".omoai-", suffix=".wav", delete=False
            ) as file:
                self._unfinished = Path(file.name)
            self._wav = wave.open(str(self._unfinished), "wb")  # noqa: SIM115 - closed in finish
        except OSError as error:
            raise _cannot_write(folder, error) from None
        self._wav.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))

    def add_sound(self, samples: NDArray[np.float32]) -> None:
        """Append (n,) float32 samples at 16 kHz."""
        import numpy as np

        clipped = np.clip(samples, -1.0, 1.0)
        try:
            self._wav.writeframesraw(np.round(clipped * 32767.0).astype("<i2").tobytes())
        except OSError as error:
            raise _cannot_write(self._folder, error) from None

    def finish(self, result: PipelineResult) -> None:
        """Write what the job gave, complete or not."""
        try:
            self._wav.close()
            self._unfinished.replace(self._folder / f"{self._stem}.preprocessed.wav")
        except OSError as error:
            raise _cannot_write(self._folder, error) from None
        raw = replace(
            result,
            segments=result.asr.segments if result.asr else (),
            transcript_punctuated="",
            paragraphs=(),
            summary=SummaryResult("", (), ""),
        )
        for name, content in (("asr", raw), ("final", result)):
            path = self._folder / f"{self._stem}.{name}.json"
            write_atomically(path, to_json(content).encode(), overwrite=True)


def _cannot_write(folder: Path, error: OSError) -> ExportError:
    return ExportError(
        f"the intermediate files cannot be written: {error.strerror}",
        where=shown_path(folder),
        hint="Choose another output folder or free some space",
    )
