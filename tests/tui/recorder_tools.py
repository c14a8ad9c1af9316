"""What the tests of the recorder share: a virtual microphone, speech, folders of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from samples import DATA

sys.path.append(str(Path(__file__).parents[1] / "engine" / "recording"))
from sound_tools import noise, silence
from virtual_sound import MISSING, VirtualSound, use

__all__ = ["Speak", "VirtualSound", "bare", "folder", "noise", "own_sound", "say", "sound"]

Speak = Callable[..., np.ndarray[Any, np.dtype[np.float32]]]


def virtual() -> VirtualSound:
    """Return a virtual sound card of one's own; skip where there can be none."""
    if MISSING:
        pytest.skip(f"{MISSING} is not installed, so there is no virtual microphone")
    return VirtualSound()


@pytest.fixture(scope="module")
def _virtual() -> Iterator[VirtualSound]:
    server = virtual()
    yield server
    server.close()


@pytest.fixture
def sound(_virtual: VirtualSound) -> Iterator[VirtualSound]:
    """A virtual microphone, shared by the tests of a file."""
    with use(_virtual):
        yield _virtual


@pytest.fixture
def own_sound() -> Iterator[VirtualSound]:
    """A virtual microphone that a test may break."""
    server = virtual()
    with use(server):
        yield server
    server.close()


@pytest.fixture(scope="session")
def say() -> Speak:
    """Speak Vietnamese: (n,) float32 at 16 kHz."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed, so there is nothing to say")

    def spoken(text: str, after: float = 1.5) -> np.ndarray[Any, np.dtype[np.float32]]:
        command = ["espeak-ng", "-v", "vi", "-s", "150", "--stdout", text]
        made = subprocess.run(command, capture_output=True, check=True).stdout
        rate = int.from_bytes(made[24:28], "little")
        pcm = np.frombuffer(made[44 : len(made) // 2 * 2], "<i2").astype(np.float32) / 32768
        times = np.arange(int(len(pcm) * 16_000 / rate)) * rate / 16_000
        middle = np.interp(times, np.arange(len(pcm)), pcm).astype(np.float32)
        return np.concatenate((silence(0.5), middle, silence(after)))

    return spoken


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where recordings go; the tiny model hears them."""
    for name in ("DATA", "STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setenv("OMOAI_ASR__MODEL", str(DATA / "tiny-chunkformer"))
    monkeypatch.setenv("OMOAI_ASR__LANGUAGE", "vi")
    monkeypatch.setenv("OMOAI_ASR__THREADS", "1")
    monkeypatch.setenv("OMOAI_RECORDING__FOLDER", str(tmp_path / "recordings"))
    monkeypatch.setenv("OMOAI_RECORDING__SAMPLE_RATE_HZ", "16000")
    monkeypatch.setenv("OMOAI_RECORDING__RESERVE_MIB", "0")
    return tmp_path / "recordings"


def bare(text: str) -> str:
    """Return a text without marks and capitals."""
    return " ".join(text.lower().replace(".", "").split())
