"""What PortAudio's own errors become: one sentence with what to do."""

from __future__ import annotations

import pytest

from omoai_engine.recording.portaudio import explained

try:
    import sounddevice
except OSError:
    pytest.skip("PortAudio is not installed", allow_module_level=True)

# PortAudio's numbers for its errors (portaudio.h), each with its own text.
RATE, DEVICE_UNAVAILABLE, CHANNELS = -9997, -9985, -9998


def portaudio_error(number: int) -> Exception:
    """Return the error as sounddevice raises it, with the library's own words."""
    with pytest.raises(sounddevice.PortAudioError) as caught:
        sounddevice._check(number, "Error opening InputStream")
    return caught.value


@pytest.mark.parametrize(
    ("number", "what", "hint"),
    [
        (DEVICE_UNAVAILABLE, "the device is busy or was taken away", "Close other programs"),
        (RATE, "it refuses 44100 Hz", "Leave recording.sample_rate_hz unset"),
        (CHANNELS, "it has no 2 channels", "Leave recording.channels unset"),
    ],
)
def test_a_device_that_refuses_is_one_sentence(number: int, what: str, hint: str) -> None:
    said = str(explained(portaudio_error(number), "USB mic", rate_hz=44_100, channels=2))
    assert said.startswith("USB mic: ")
    assert what in said
    assert hint in said
    assert "\n" not in said
