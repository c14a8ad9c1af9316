"""Real files that broke other programs: each gives sound or one clear sentence, and leaves nothing.

The files lie beside the checkout, with a manifest that tells what `ffmpeg` made of each.
"""

from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sound_makers import read

from omoai_engine.errors import AudioInputError

BAD = Path(__file__).parents[3].parent / "shared" / "corpus" / "bad"
# A recording with 1000 samples a second holds no speech: refused on purpose.
OTHERWISE = {"taglib__empty.wav"}


@pytest.mark.skipif(not (BAD / "manifest.tsv").exists(), reason="no corpus beside the checkout")
def test_bad_files_end_as_the_manifest_says() -> None:
    with (BAD / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(rows) > 100

    def wrong(row: dict[str, str]) -> str | None:
        name, expected = row["file"], row["ffmpeg_decode"]
        try:
            samples, _ = read(BAD / name)
        except AudioInputError as error:
            sentence = str(error)
            good = expected in {"fail", "empty"} or name in OTHERWISE
            if not good or not sentence.isprintable() or len(error.what) > 300:
                return f"{name} ({expected}): {sentence}"
            return None
        seconds = float(row["ffmpeg_seconds_16k_mono"])
        if not expected.startswith(("ok", "partial")):
            return f"{name} ({expected}): gave {len(samples)} samples"
        if abs(len(samples) / 16_000 - seconds) > 0.1 + seconds * 0.02 and expected == "ok":
            return f"{name}: {len(samples) / 16_000} s instead of {seconds} s"
        if not np.isfinite(samples).all() or np.abs(samples).max(initial=0.0) > 1.0:
            return f"{name}: samples out of range"
        return None

    with ThreadPoolExecutor(2) as pool:
        problems = [problem for problem in pool.map(wrong, rows) if problem]
    assert problems == []
