"""What a recording costs a terminal: bytes a second of the recorder at 120 x 36.

    python tests/benchmarks/recording_traffic.py [--seconds 60]

The real app in a pseudo-terminal, a virtual microphone, speech played into it without a pause and
recognised as it comes (the tiny ChunkFormer). Measured from the terminal's side: while a person
chooses a microphone in silence and in speech, while the recorder shows the recording, and while
another screen does. Also from the key to the first sample on the disk. Needs pulseaudio, pactl,
espeak-ng and pyte.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from terminal import APP_COMMAND, ROOT, Meter

sys.path.insert(0, str(ROOT / "tests" / "engine" / "recording"))
from recording import RATE, SENTENCES, TINY, espeak
from virtual_sound import VirtualSound, use

from omoai_engine.recording import list_recordings


def talk(sound: VirtualSound, ended: threading.Event) -> None:
    """Speak into the microphone until told otherwise, with a short breath between sentences."""
    spoken = [
        np.concatenate((espeak(text, "vi"), np.zeros(RATE * 7 // 10, np.float32)))
        for text in SENTENCES
    ]
    while True:
        for sentence in spoken:
            sound.play(sentence)
            if ended.wait(len(sentence) / RATE):
                return


def measured(home: Path, sound: VirtualSound, seconds: float) -> list[tuple[str, str, str]]:
    """Return the rows of the table."""
    rows = []
    folder = home / "recordings"
    os.environ.update(
        {
            "OMOAI_ASR__MODEL": str(TINY),
            "OMOAI_ASR__LANGUAGE": "vi",
            "OMOAI_RECORDING__FOLDER": str(folder),
        }
    )
    ended = threading.Event()
    talker = threading.Thread(target=talk, args=(sound, ended), daemon=True)
    with Meter([*APP_COMMAND, "tests/data"], home) as meter:
        meter.until(b"1 Files")
        meter.quiet(6)
        os.write(meter.master, b"r")
        meter.until(b"system default")
        meter.take(5)
        rows.append(("choosing, silence", f"{meter.rate(10):.0f}", "at most 200"))
        talker.start()
        meter.take(2)
        rows.append(("choosing, speech", f"{meter.rate(10):.0f}", "at most 3,000"))
        began = time.perf_counter()
        os.write(meter.master, b"r")
        while not (found := list_recordings(folder)) or not found[0].seconds:
            meter.take(0.01)
        first = time.perf_counter() - began
        rows.append(("key to first sample on the disk, ms", f"{first * 1000:.0f}", ""))
        meter.take(15)
        rows.append(("recording, speech", f"{meter.rate(seconds):.0f}", "at most 3,000"))
        os.write(meter.master, b"\x1b")
        meter.take(5)
        rows.append(("recording, another screen", f"{meter.rate(10):.0f}", "at most 3,000"))
        ended.set()
        os.write(meter.master, b"q")
        meter.take(1)
        took, restored = meter.quit(b"y")
        note = f"restored: {'yes' if restored else 'NO'}"
        rows.append(("leaving while it records, ms", f"{took * 1000:.0f}", note))
    (kept,) = list_recordings(folder)
    rows.append(("kept after that, s", f"{kept.seconds:.1f}", f"{kept.state}, {kept.how}"))
    return rows


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    words.add_argument("--seconds", type=float, default=60.0)
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as name, use(VirtualSound()) as sound:
        try:
            rows = measured(Path(name), sound, asked.seconds)
        finally:
            sound.close()
    print(f"{'bytes a second, 120 x 36':<38} {'omoai-tui':>10}   to reach")
    for what, value, note in rows:
        print(f"{what:<38} {value:>10}   {note}")


if __name__ == "__main__":
    main()
