"""PortAudio, spoken to from child processes only: it writes to standard error, and can hang.

In: a wanted device and format. Out: what the device takes, or a `RecordingError` with one clear
sentence. Loads `sounddevice` when first asked, never numpy.
"""

from __future__ import annotations

import errno
import subprocess
from typing import Any, Literal

from omoai_engine.errors import RecordingError, ShortageError
from omoai_engine.recording.wav import PcmFormat
from omoai_engine.shortage import shortage_of
from omoai_engine.text import one_line

DeviceKind = Literal["input", "output"]
_USUAL_RATES_HZ = (48_000, 44_100, 16_000, 32_000, 96_000, 8_000)
_BUSY = ("unavailable", "busy", "-9985")
_RATE = ("sample rate", "-9997")
_CHANNELS = ("number of channels", "-9998")


def load_library() -> Any:
    """Return the `sounddevice` module. Raises `RecordingError`."""
    try:
        import sounddevice
    except ImportError:
        raise RecordingError(
            "the package sounddevice is missing", hint="Install omoai-tui again"
        ) from None
    except OSError as error:
        lack = shortage_of(error) or _no_process()
        if lack is not None:
            what = f"the PortAudio library cannot be loaded: {lack.what}"
            raise RecordingError(what, hint=lack.hint) from None
        raise RecordingError(
            "the PortAudio library is not installed",
            hint="Install it: `apt install libportaudio2`, `dnf install portaudio` or "
            "`brew install portaudio`",
        ) from None
    except Exception as error:  # PortAudio itself could not begin
        raise explained(error, "sound") from None
    return sounddevice


def _no_process() -> ShortageError | None:
    """Say why no process can be started: libraries are looked for by one, which fails silently."""
    try:
        subprocess.run(["true"], check=False)
    except OSError as error:
        # Anything else, a missing program for one, tells nothing of processes.
        if error.errno in (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE):
            return shortage_of(error)
    return None


def describe_devices(library: Any) -> list[dict[str, Any]]:
    """Return every device as a table, with the system's defaults marked."""
    defaults = {"input": library.default.device[0], "output": library.default.device[1]}
    hosts = [host["name"] for host in library.query_hostapis()]
    return [
        {
            "index": number,
            "name": one_line(str(device["name"])) or f"device {number}",
            "host": one_line(str(hosts[device["hostapi"]])),
            "inputs": int(device["max_input_channels"]),
            "outputs": int(device["max_output_channels"]),
            "rate_hz": round(device["default_samplerate"]),
            "default_input": number == defaults["input"],
            "default_output": number == defaults["output"],
        }
        for number, device in enumerate(library.query_devices())
    ]


def find_device(devices: list[dict[str, Any]], wanted: str | None, kind: DeviceKind) -> int:
    """Return the number of the device named `wanted`, or of the default one.

    A part of a name is enough where it fits one device only. Raises `RecordingError`.
    """
    usable = [device for device in devices if device[f"{kind}s"]]
    what = "microphone" if kind == "input" else "sound output"
    if not usable:
        hint = (
            "omoai record --listen takes the sound of another machine"
            if kind == "input"
            else ("Export the clip, or play it on your own machine")
        )
        raise RecordingError(f"there is no {what} on this machine", hint=hint)
    if wanted is None:
        chosen = [device for device in usable if device[f"default_{kind}"]] or usable[:1]
    else:
        name = one_line(wanted)
        chosen = [d for d in usable if d["name"] == name or str(d["index"]) == name] or [
            d for d in usable if name.casefold() in d["name"].casefold()
        ]
        if not chosen:
            raise RecordingError(
                f"there is no {what} named {name!r}",
                hint="`omoai devices` lists those that are there",
            )
        if len({device["name"] for device in chosen}) > 1:
            names = ", ".join(repr(device["name"]) for device in chosen)
            raise RecordingError(
                f"the name {name!r} fits several devices: {names}", hint="Give the whole name"
            )
    return int(chosen[0]["index"])


def negotiate(
    library: Any, device: dict[str, Any], rate_hz: int | None, channels: int | None
) -> PcmFormat:
    """Return the rate and channels to record with: what was asked for, else what suits.

    Raises `RecordingError` where the device refuses everything.
    """
    # A device of many inputs is a mixer of the system: one channel of it is the microphone.
    most = device["inputs"]
    numbers = (channels,) if channels else ((1, 2, most) if most > 2 else (most, 1))
    rates = (rate_hz,) if rate_hz else (device["rate_hz"], *_USUAL_RATES_HZ)
    first: Exception | None = None
    for number in dict.fromkeys(numbers):
        for rate in dict.fromkeys(rates):
            try:
                library.check_input_settings(
                    device=device["index"], channels=number, dtype="int16", samplerate=rate
                )
            except Exception as error:
                first = first or error
            else:
                return PcmFormat(rate, number)
    assert first is not None  # noqa: S101 - both lists have members
    raise explained(first, device["name"], rate_hz=rate_hz, channels=channels) from None


def explained(
    error: Exception, name: str, *, rate_hz: int | None = None, channels: int | None = None
) -> RecordingError:
    """Say in one sentence what PortAudio's error means."""
    text = one_line(str(error))
    low = text.casefold()
    if any(word in low for word in _RATE):
        what = f"it refuses {rate_hz} Hz" if rate_hz else "it takes none of the usual rates"
        return RecordingError(what, where=name, hint="Leave recording.sample_rate_hz unset")
    if any(word in low for word in _CHANNELS):
        what = f"it has no {channels} channels" if channels else "it refuses one and two channels"
        return RecordingError(what, where=name, hint="Leave recording.channels unset")
    if any(word in low for word in _BUSY):
        return RecordingError(
            "the device is busy or was taken away",
            where=name,
            hint="Close other programs that use it, or choose another device",
        )
    if "querying device" in low:
        return RecordingError("there is no such device any more", where=name, hint="Choose another")
    return RecordingError(
        f"the device cannot be used: {text}", where=name, hint="Choose another device"
    )
