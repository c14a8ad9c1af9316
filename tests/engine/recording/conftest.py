"""Sound devices, speech and recordings for the tests of recording."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from sound_tools import silence
from virtual_sound import MISSING, VirtualSound, use

from omoai_engine.config import load_config
from omoai_engine.recording import Recorder

TINY = Path(__file__).parents[2] / "data" / "tiny-chunkformer"


@pytest.fixture(scope="session")
def _server():
    if MISSING:
        pytest.skip(f"{MISSING} is not installed, so there is no virtual microphone")
    server = VirtualSound()
    yield server
    server.close()


@pytest.fixture
def sound(_server):
    """A virtual sound card, shared by the tests."""
    with use(_server):
        yield _server


@pytest.fixture
def own_sound():
    """A virtual sound card that a test may break."""
    if MISSING:
        pytest.skip(f"{MISSING} is not installed, so there is no virtual microphone")
    server = VirtualSound()
    with use(server):
        yield server
    server.close()


@pytest.fixture
def no_sound(monkeypatch, tmp_path):
    """A machine without a sound server, and so without a device."""
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nobody")
    monkeypatch.setenv("PULSE_COOKIE", str(tmp_path / "cookie"))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "recordings"


@pytest.fixture
def config(folder):
    return load_config(
        recording={
            "folder": str(folder),
            "sample_rate_hz": 16_000,
            "channels": 1,
            "reserve_mib": 0,
        },
        asr={"model": str(TINY), "device": "cpu", "threads": 1},
    )


@pytest.fixture
def recorder(config):
    made = Recorder(config)
    yield made
    if made.pid is not None:
        made.stop()


@pytest.fixture(scope="session")
def say():
    """Speak a text with espeak-ng: (n,) float32 at 16 kHz with silence around it."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed, so there is nothing to say")

    def spoken(text, voice="vi", before=0.5, after=1.5):
        made = subprocess.run(
            ["espeak-ng", "-v", voice, "-s", "150", "--stdout", text],
            capture_output=True,
            check=True,
        ).stdout
        rate = int.from_bytes(made[24:28], "little")
        pcm = np.frombuffer(made[44 : len(made) // 2 * 2], "<i2").astype(np.float32) / 32768
        times = np.arange(int(len(pcm) * 16_000 / rate)) * rate / 16_000
        middle = np.interp(times, np.arange(len(pcm)), pcm).astype(np.float32)
        return np.concatenate((silence(before), middle, silence(after)))

    return spoken
