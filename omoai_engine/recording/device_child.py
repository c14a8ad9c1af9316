"""The child that asks PortAudio: lists devices, measures their levels, plays a clip.

In: one JSON argument, `{"do": "list" | "meter" | "play", ...}`. Out: JSON lines on what was
standard output; an error is `{"error": {"what", "where", "hint"}}`. Ends with its standard input,
without a farewell to PortAudio, which can hang.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from typing import Any

from omoai_engine.errors import OmoAIError, RecordingError
from omoai_engine.recording.levels import LevelMeter
from omoai_engine.recording.portaudio import (
    describe_devices,
    explained,
    find_device,
    load_library,
    negotiate,
)

_METER_SECONDS = 0.125
_PLAY_FRAMES = 2048


class _Teller:
    """Writes lines to whoever started us."""

    def __init__(self) -> None:
        self._output = os.dup(1)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in (1, 2):  # ALSA and PortAudio write there
            os.dup2(nowhere, descriptor)

    def tell(self, content: Any) -> None:
        try:
            os.write(self._output, json.dumps(content).encode() + b"\n")
        except OSError:
            os._exit(0)


def _list(_order: dict[str, Any], teller: _Teller) -> None:
    teller.tell({"devices": describe_devices(load_library())})


def _meter(order: dict[str, Any], teller: _Teller) -> None:
    library = load_library()
    devices = describe_devices(library)
    meters: dict[int, LevelMeter] = {}
    errors: dict[int, str] = {}
    streams = []
    for index in order["devices"]:
        meter = LevelMeter()
        try:
            device = devices[index]
            pcm = negotiate(library, device, None, None)
            stream = library.RawInputStream(
                samplerate=pcm.rate_hz,
                channels=pcm.channels,
                device=index,
                dtype="int16",
                callback=lambda sound, _n, _t, _s, meter=meter: meter.push(bytes(sound)),
            )
            stream.start()
        except IndexError:
            errors[index] = "there is no such device any more"
        except RecordingError as error:
            errors[index] = error.what
        except Exception as error:
            errors[index] = explained(error, "").what
        else:
            streams.append(stream)
            meters[index] = meter
    while True:
        time.sleep(_METER_SECONDS)
        levels = {
            index: [*(round(level, 5) for level in meter.take()), meter.only_zeros]
            for index, meter in meters.items()
        }
        teller.tell({"levels": levels, "errors": errors})


def _play(order: dict[str, Any], teller: _Teller) -> None:
    import wave

    library = load_library()
    devices = describe_devices(library)
    device = devices[find_device(devices, order["device"], "output")]
    # The clip is ours and on standard input's neighbour: a descriptor, so that no name is needed.
    with os.fdopen(order["clip"], "rb") as file, wave.open(file, "rb") as sound:
        rate_hz, channels = sound.getframerate(), sound.getnchannels()
        try:
            stream = library.RawOutputStream(
                samplerate=rate_hz, channels=channels, device=device["index"], dtype="int16"
            )
            stream.start()
            teller.tell({"playing": True})
            while data := sound.readframes(_PLAY_FRAMES):
                stream.write(data)
            # What the driver still holds; `stop` would wait for it, and can hang.
            time.sleep(min(2.0, float(stream.latency)) + 0.1)
        except Exception as error:
            raise explained(error, device["name"]) from None
    teller.tell({"played": True})


def _end_with_input() -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    os._exit(0)


def main() -> None:
    """Run the child; the order is the last argument."""
    order = json.loads(sys.argv[-1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    teller = _Teller()
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        {"list": _list, "meter": _meter, "play": _play}[order["do"]](order, teller)
    except OmoAIError as error:
        teller.tell({"error": {"what": error.what, "where": error.where, "hint": error.hint}})
    except Exception as error:
        told = explained(error, "sound")
        teller.tell({"error": {"what": told.what, "where": told.where, "hint": told.hint}})
    os._exit(0)
