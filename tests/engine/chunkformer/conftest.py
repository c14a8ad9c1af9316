"""Models, golden files and synthetic speech for the tests of the ChunkFormer engine."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # the helpers beside the tests
DATA = HERE.parents[1] / "data"


@pytest.fixture(scope="session")
def tiny_folder():
    """The model that knows a few Vietnamese and English words."""
    return DATA / "tiny-chunkformer"


@pytest.fixture(scope="session")
def golden():
    """What the reference computed, arrays and facts together."""
    facts = json.loads((DATA / "chunkformer" / "golden.json").read_text(encoding="utf-8"))
    return {**np.load(DATA / "chunkformer" / "golden.npz"), **facts}


@pytest.fixture(scope="session")
def random_folder(tmp_path_factory):
    from random_model import write_random_model

    return write_random_model(tmp_path_factory.mktemp("model") / "ctc")


@pytest.fixture(scope="session")
def say():
    """Speak a text with espeak-ng: float32 samples at 16 kHz with half a second of silence
    before and one second after."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed, so there is nothing to transcribe")

    def spoken(text, voice="vi", speed=150, pitch=50):
        command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", text]
        made = subprocess.run(command, capture_output=True, check=True).stdout
        rate = int.from_bytes(made[24:28], "little")
        pcm = np.frombuffer(made[44 : len(made) // 2 * 2], "<i2").astype(np.float32) / 32768
        times = np.arange(int(len(pcm) * 16_000 / rate)) * rate / 16_000
        sound = np.interp(times, np.arange(len(pcm)), pcm).astype(np.float32)
        silence = np.zeros(8000, np.float32)
        return np.concatenate((silence, sound, silence, silence))

    return spoken


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Small models on a busy machine lose far more to waiting threads than they gain."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
