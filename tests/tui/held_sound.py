"""Sound that stops in the middle of every recording until a test lets it go on: what happens
meanwhile does not depend on how fast the machine is."""

from __future__ import annotations

import threading

import pytest

from omoai_engine.audio import AudioBlock
from omoai_engine.preprocess.source import AudioSource


class HeldSound:
    """Gives the first `seconds` of every recording that is decoded, and the rest when told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
        self._free = threading.Event()
        read = AudioSource.__next__

        def held(source: AudioSource) -> AudioBlock:
            block = read(source)
            if block.end > seconds:
                assert self._free.wait(240), "nobody let the sound go on"
            return block

        monkeypatch.setattr(AudioSource, "__next__", held)

    def hold(self) -> None:
        self._free.clear()

    def go_on(self) -> None:
        self._free.set()
