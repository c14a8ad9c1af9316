"""Speech from the espeak-ng library, with the time of every word.

In: a voice ("vi", "en-us+f3"), a text, rate and pitch. Out: int16 samples at ``SAMPLE_RATE`` and
the start and end of each word in seconds. Uses the shared library through ctypes because only
the library, not the command, tells when each word begins. Never plays a sound.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 22050

_SYNCHRONOUS, _PHONEME_EVENTS, _UTF8 = 2, 1, 1  # speak_lib.h: output mode, option, text flag
_WORD, _PHONEME = 1, 7  # event types
_RATE, _PITCH, _RANGE, _WORD_GAP = 1, 3, 4, 7  # parameters


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(frozen=True)
class Manner:
    """How a sentence is said: words a minute, pitch and its range 0-100, gap in units of 10 ms."""

    rate: int = 175
    pitch: int = 50
    range: int = 50
    word_gap: int = 0


@dataclass(frozen=True)
class Utterance:
    """What came out of the synthesiser: samples and a (start, end) in seconds for each word."""

    samples: npt.NDArray[np.int16]
    times: tuple[tuple[float, float], ...]


class Espeak:
    """One synthesiser in this process (the library keeps its state in globals)."""

    def __init__(self) -> None:
        name = ctypes.util.find_library("espeak-ng") or "libespeak-ng.so.1"
        try:
            self._lib = ctypes.CDLL(name)
        except OSError as e:
            raise RuntimeError(
                "The espeak-ng library is missing: install the package espeak-ng"
            ) from e
        rate = self._lib.espeak_Initialize(_SYNCHRONOUS, 200, None, _PHONEME_EVENTS)
        if rate != SAMPLE_RATE:
            raise RuntimeError(f"espeak-ng speaks at {rate} Hz, {SAMPLE_RATE} expected")
        self._pieces: list[bytes] = []
        self._events: list[tuple[int, int, int, bytes]] = []  # type, sample, number, name
        self._callback = _Callback(self._receive)  # kept: the library holds only the pointer
        self._lib.espeak_SetSynthCallback(self._callback)
        self._voice = ""

    def variants(self) -> list[str]:
        """The voice variants that this installation offers ("f3", "Andy"...)."""
        path = ctypes.c_char_p()
        self._lib.espeak_Info.restype = ctypes.c_char_p
        self._lib.espeak_Info(ctypes.byref(path))
        folder = Path((path.value or b"").decode()) / "voices" / "!v"
        return sorted(p.name for p in folder.iterdir() if " " not in p.name)

    def say(self, voice: str, text: str, manner: Manner) -> Utterance:
        """Speak ``text``; raises RuntimeError when the library refuses the voice or the text."""
        if voice != self._voice:
            # A refused name leaves the voice before it in place: never go on after a refusal.
            if self._lib.espeak_SetVoiceByName(voice.encode()) != 0:
                self._voice = ""
                raise RuntimeError(f"espeak-ng has no voice named {voice!r}")
            self._voice = voice
        for parameter, value in (
            (_RATE, manner.rate),
            (_PITCH, manner.pitch),
            (_RANGE, manner.range),
            (_WORD_GAP, manner.word_gap),
        ):
            self._lib.espeak_SetParameter(parameter, value, 0)
        self._pieces.clear()
        self._events.clear()
        data = text.encode()
        if self._lib.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8, None, None) != 0:
            raise RuntimeError(f"espeak-ng did not speak {text!r}")
        samples = np.frombuffer(b"".join(self._pieces), dtype="<i2").astype(np.int16)
        return Utterance(samples, tuple(self._word_times()))

    def _receive(self, wave: ctypes._Pointer[ctypes.c_short], count: int, events: object) -> int:
        if count > 0:
            self._pieces.append(ctypes.string_at(wave, 2 * count))
        i = 0
        while (event := events[i]).type != 0:  # type: ignore[index]
            self._events.append((event.type, event.sample, event.id.number, bytes(event.id.string)))
            i += 1
        return 0

    def _word_times(self) -> list[tuple[float, float]]:
        """A word lasts until the next one or until the pause of a clause's end ("_:").

        The first word of a clause is sometimes announced twice, in the pause and at its start:
        the later one counts.
        """
        times: list[tuple[float, float]] = []
        word = start = -1
        speaking = False
        for kind, sample, number, name in self._events:
            is_word = kind == _WORD
            if speaking and ((is_word and number != word) or _pause(kind, name)):
                times.append((start / SAMPLE_RATE, sample / SAMPLE_RATE))
                speaking = False
            if is_word:
                word, start, speaking = number, sample, True
        return times


def _pause(kind: int, name: bytes) -> bool:
    return kind == _PHONEME and name.startswith(b"_:")
