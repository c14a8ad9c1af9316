"""Recording measured on a private virtual microphone: lost samples, loss at kill -9, delay of text.

    python tests/benchmarks/recording.py [--seconds 600] [--kills 50] [--only loss,kill,delay]

- loss: noise is played into the microphone while recognition and a busy loop hold every core; each
  played sample is looked for in the file.
- kill: the capture process is killed (SIGKILL) at random instants, and what was written before is
  compared with what is recovered; the part of the clock that is missing is the loss.
- delay: speech is played; for each word the time from the end of its sound in the microphone to
  its first appearance (provisional) and to its segment being firm.

Needs pulseaudio, pactl and espeak-ng. Nothing of the person's is touched.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "engine" / "recording")]

from sound_tools import noise, read_wav  # noqa: E402
from virtual_sound import VirtualSound, use  # noqa: E402

from omoai_engine.config import OmoAIConfig, load_config  # noqa: E402
from omoai_engine.events import Event, ProvisionalText, SegmentRecognized  # noqa: E402
from omoai_engine.preprocess import open_audio  # noqa: E402
from omoai_engine.recording import LiveTranscriber, Recorder, recover  # noqa: E402

TINY = ROOT / "tests" / "data" / "tiny-chunkformer"
RATE = 16_000
Sound = np.ndarray[Any, np.dtype[np.int16]]


def configured(folder: Path, **asr: Any) -> OmoAIConfig:
    return load_config(
        recording={"folder": str(folder), "sample_rate_hz": RATE, "channels": 1}, asr=asr
    )


def spin() -> None:
    while True:
        sum(range(10_000))


@contextmanager
def every_core_busy() -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    busy = [context.Process(target=spin, daemon=True) for _ in range(os.cpu_count() or 1)]
    for process in busy:
        process.start()
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.join()


def begun(config: OmoAIConfig) -> Recorder:
    recorder = Recorder(config)
    recorder.start()
    state = recorder.wait_for(lambda state: state.seconds > 0, 30)
    assert state.path, state
    return recorder


def missing_of(piece: Sound, heard: Sound, at: int) -> tuple[int, int]:
    """Return how many samples of `piece` are not in `heard` from `at` on, and where it ends.

    After a gap the rest of the piece is looked for again, so that a gap counts by its length.
    """
    known, missing = 100, 0
    place = 0
    while place < len(piece):
        needle = piece[place : place + known]
        found = None
        for start in at + np.flatnonzero(heard[at:] == needle[0]):
            if np.array_equal(heard[start : start + len(needle)], needle):
                found = int(start)
                break
        if found is None:
            missing += len(needle)
            place += len(needle)
            continue
        rest = heard[found : found + len(piece) - place]
        wrong = np.flatnonzero(rest != piece[place : place + len(rest)])
        same = int(wrong[0]) if len(wrong) else len(rest)
        place, at = place + same, found + same
    return missing, at


def preferred(sound: VirtualSound) -> None:
    """Let the virtual sound card run before the rest: a real one is never out of breath."""
    with suppress(PermissionError):
        for pid in sound.pids:
            for task in Path(f"/proc/{pid}/task").iterdir():
                os.setpriority(os.PRIO_PROCESS, int(task.name), -10)


def measure_loss(sound: VirtualSound, folder: Path, seconds: int) -> None:
    config = configured(folder, model=str(TINY), device="cpu")
    with every_core_busy():
        recorder = begun(config)
        live = LiveTranscriber(config, Path(recorder.state.path), lambda _event: None)
        live.start()
        preferred(sound)
        pieces = [noise(30.0, seed) for seed in range(max(1, seconds // 30))]
        for piece in pieces:
            sound.play(piece)
            time.sleep(31.0)
        state = recorder.stop()
        live.stop()
    _, heard = read_wav(state.path)
    missing, at = 0, 0
    for number, piece in enumerate(pieces):
        lost, at = missing_of(piece, heard, at)
        missing += lost
        if lost:
            print(f"       of piece {number} {lost} samples are missing")
    played = sum(map(len, pieces))
    print(
        f"loss   {played / RATE:.0f} s played in {state.seconds:.0f} s, all {os.cpu_count()} cores "
        f"busy and live recognition: {missing} of {played} samples missing; "
        f"the counter says {state.lost}; ended: {state.error or state.how}"
    )


def measure_kills(folder: Path, kills: int) -> None:
    config = configured(folder)
    chance = random.Random(7)
    unread, missing = [], []
    for _ in range(kills):
        recorder = begun(config)
        began = time.monotonic() - recorder.state.seconds
        time.sleep(0.3 + chance.random() * 1.5)
        part = Path(recorder.state.path)
        os.kill(recorder.pid or 0, signal.SIGKILL)
        killed = time.monotonic()
        before = part.stat().st_size if part.exists() else 0
        state = recorder.wait_for(lambda state: state.over, 10)
        path = recover(Path(state.path))
        _, heard = read_wav(path)
        unread.append(max(0, before - path.stat().st_size) / 2 / RATE)
        missing.append(killed - began - len(heard) / RATE)
    print(
        f"kill   {kills} kills: written and not recovered at most {max(unread):.3f} s; behind the "
        f"clock median {statistics.median(missing):.2f} s, worst {max(missing):.2f} s"
    )


def espeak(text: str, voice: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    import subprocess

    command = ["espeak-ng", "-v", voice, "-s", "150", "--stdout", text]
    made = subprocess.run(command, capture_output=True, check=True).stdout
    rate = int.from_bytes(made[24:28], "little")
    pcm = np.frombuffer(made[44 : len(made) // 2 * 2], "<i2").astype(np.float32) / 32768
    times = np.arange(int(len(pcm) * RATE / rate)) * rate / RATE
    return np.interp(times, np.arange(len(pcm)), pcm).astype(np.float32)


SENTENCES = (
    "một hai ba bốn năm sáu",
    "bật đèn tắt quạt mở cửa",
    "chạy tiếp dừng lùi",
    "xin chào cảm ơn",
)


def measure_delay(sound: VirtualSound, folder: Path, name: str, **asr: Any) -> None:
    """Times are counted in the recording: a word is heard when the file holds its end."""
    config = configured(folder, **asr)
    recorder = begun(config)
    events: list[tuple[float, Event]] = []
    live = LiveTranscriber(
        config, Path(recorder.state.path), lambda event: events.append((time.monotonic(), event))
    )
    live.start()
    while not live.heard:
        time.sleep(0.1)
    clock: list[tuple[float, float]] = []
    ended = threading.Event()

    def watch() -> None:
        part = Path(recorder.state.path)
        while not ended.wait(0.02):
            clock.append((time.monotonic(), (part.stat().st_size - 80) / 2 / RATE))

    watcher = threading.Thread(target=watch)
    watcher.start()
    if name == "tiny":
        for text in SENTENCES:
            spoken = espeak(text, "vi")
            sound.play(spoken)
            time.sleep(len(spoken) / RATE + 5.0)
    else:
        with open_audio(ROOT / "tests" / "data" / "en-jfk.mp3") as file:
            spoken = np.concatenate([block.samples for block in file])
        for _ in range(2):
            sound.play(spoken)
            time.sleep(len(spoken) / RATE + 5.0)
    ended.set()
    watcher.join()
    recorder.stop()
    live.stop()

    def wall(second: float) -> float:
        return next((now for now, written in clock if written >= second), clock[-1][0])

    shown = [(now, e) for now, e in events if isinstance(e, ProvisionalText) and e.text]
    firm = [(now, e.segment) for now, e in events if isinstance(e, SegmentRecognized)]
    first, last = [], []
    for now, segment in firm:
        last.append(now - wall(segment.end))
        for word in segment.words:
            # The first text that reaches over the word's middle shows it; firm text does at last.
            middle = (word.start + word.end) / 2
            seen = min((at for at, e in shown if e.start <= middle <= e.end), default=now)
            first.append(min(seen, now) - wall(word.end))
    print(
        f"delay  {name}: {len(first)} words, provisional after median "
        f"{statistics.median(first):.2f} s, worst {max(first):.2f} s; {len(last)} segments firm "
        f"after median {statistics.median(last):.2f} s, worst {max(last):.2f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--only", default="loss,kill,delay")
    given = parser.parse_args()
    wanted = given.only.split(",")
    with tempfile.TemporaryDirectory() as name, use(VirtualSound()) as sound:
        folder = Path(name)
        try:
            if "kill" in wanted:
                measure_kills(folder / "kills", given.kills)
            if "delay" in wanted:
                measure_delay(sound, folder / "tiny", "tiny", model=str(TINY), device="cpu")
                measure_delay(
                    sound, folder / "base", "Whisper base", engine="whisper", language="en"
                )
            if "loss" in wanted:
                measure_loss(sound, folder / "loss", given.seconds)
        finally:
            sound.close()


if __name__ == "__main__":
    main()
