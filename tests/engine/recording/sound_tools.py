"""Samples: made, read and found again."""

import os
import wave
from pathlib import Path

import numpy as np


def silence(seconds):
    return np.zeros(round(seconds * 16_000), np.float32)


def noise(seconds, seed=0):
    """Samples that occur nowhere else, so that a lost one shows."""
    made = np.random.default_rng(seed).integers(-9000, 9000, round(seconds * 16_000))
    return np.where(made == 0, 1, made).astype(np.int16)


def samples_of(path):
    """The sound of a recording, finished or not, as the bytes behind its head."""
    return np.frombuffer(Path(path).read_bytes()[80:], "<i2")


def read_wav(path):
    with wave.open(str(path), "rb") as file:
        return file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), "<i2")


def find(needle, hay):
    """Return where `needle` begins in `hay`; it must be there exactly."""
    for start in np.flatnonzero(hay[: len(hay) - len(needle) + 1] == needle[0]):
        if np.array_equal(hay[start : start + len(needle)], needle):
            return int(start)
    raise AssertionError(f"{len(needle)} samples are not there as they were played")


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    return state != "Z"
