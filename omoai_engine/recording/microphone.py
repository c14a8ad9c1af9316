"""A device as a source of sound: PortAudio's callback puts blocks of PCM16 into the inbox.

Runs in the capture process. The callback does nothing else, so that no sample is lost whatever
the process is doing. A device that vanishes says nothing: its stream is not active any more, or
no sound comes for long. On a machine that is very busy sound may stay away for seconds and then
come after all: that time is waited for, looked at again and again, before the device is given up.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from omoai_engine.errors import RecordingError
from omoai_engine.recording.capture import Gone, Inbox, Opened
from omoai_engine.recording.portaudio import (
    describe_devices,
    explained,
    find_device,
    load_library,
    negotiate,
)

_GONE_SECONDS = 2.0
_GONE_LOOKS = 6
"""So often in a row, a second apart, no sound must have come: a process that had no processor time
itself does not judge by one look."""
_START_SECONDS = 10.0
_LATENCY_SECONDS = 0.5
"""What the driver holds for us: a device without a sound server has no other buffer."""


class DeviceSource:
    """One input device; `wanted` is its name, None the system's default."""

    def __init__(
        self, wanted: str | None, rate_hz: int | None, channels: int | None, inbox: Inbox
    ) -> None:
        self._wanted, self._rate_hz, self._channels = wanted, rate_hz, channels
        self._inbox = inbox
        self._stream: Any = None
        self.latest = b""
        self._name = ""
        self._heard = self._asked = 0.0
        self._looks = 0

    def start(self) -> None:
        """Open the device in a thread: that takes a while, and hangs where the server does."""
        threading.Thread(target=self._open, name="open-device", daemon=True).start()

    def trouble(self, now: float) -> RecordingError | None:
        """Say that the device is gone, if it is."""
        if self._stream is None:
            if self._asked and now - self._asked > _START_SECONDS:
                return RecordingError(
                    "the device was opened but does not start",
                    where=self._name,
                    hint="Connect it again, or choose another device",
                )
            return None
        self._looks = 0 if now - self._heard < _GONE_SECONDS else self._looks + 1
        if self._stream.active and self._looks < _GONE_LOOKS:
            return None
        return RecordingError(
            "the device gives no more sound: it was taken away, or its sound server stopped; "
            "what was recorded is kept",
            where=self._name,
            hint="Connect it again and start a new recording",
        )

    def _open(self) -> None:
        name = self._wanted or "microphone"
        try:
            library = load_library()
            devices = describe_devices(library)
            device = devices[find_device(devices, self._wanted, "input")]
            self._name = name = device["name"]
            pcm = negotiate(library, device, self._rate_hz, self._channels)
            stream = library.RawInputStream(
                samplerate=pcm.rate_hz,
                channels=pcm.channels,
                device=device["index"],
                dtype="int16",
                latency=_LATENCY_SECONDS,
                callback=self._callback,
            )
            self._inbox.put(Opened(pcm, name))
            self._asked = time.monotonic()
            stream.start()
        except RecordingError as error:
            self._inbox.put(Gone(error))
        except Exception as error:
            self._inbox.put(Gone(explained(error, name)))
        else:
            self._heard = time.monotonic()
            self._stream = stream

    def _callback(self, sound: Any, _frames: int, _time: object, _status: object) -> None:
        self.latest = data = bytes(sound)
        self._inbox.put(data)
        self._heard = time.monotonic()
