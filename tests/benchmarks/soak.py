"""Hundreds of recordings and a day of sound through one process: what stays behind.

    python tests/benchmarks/soak.py [--files 200] [--hours 24] [--whisper 10] [--only files|day]

`files`: WAV, MP3, FLAC, Opus and M4A of speech, silence, noise and junk, one after another with
the small ChunkFormer of tests/data (`--whisper`: so many of them with Whisper as well). `day`: one
Opus file of silence with a sentence every half hour. Memory (resident, of this process and of all
with its children), descriptors and children are read after each tenth; the slope is that of a
straight line through the readings after the first tenth. The corpus is not needed.
"""

from __future__ import annotations

import argparse
import gc
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parents[2]
SPEECH = ROOT / "tests" / "data" / "en-jfk.mp3"
TINY = ROOT / "tests" / "data" / "tiny-chunkformer"
KINDS = ("wav", "mp3", "flac", "opus", "m4a")


def encode(arguments: list[str], target: Path) -> Path:
    """Make a sound file with ffmpeg."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments, str(target)]
    subprocess.run(command, check=True)
    return target


def mixed(folder: Path) -> list[Path]:
    """Return one file of every kind and content, and some that are none."""
    made = []
    for kind in KINDS:
        made.append(encode(["-i", str(SPEECH), "-t", "4"], folder / f"speech.{kind}"))
        for name, source in (
            ("silence", "anullsrc=r=16000:cl=mono"),
            ("noise", "anoisesrc=a=0.05"),
        ):
            made.append(encode(["-f", "lavfi", "-i", source, "-t", "4"], folder / f"{name}.{kind}"))
    junk, cut, none = folder / "junk.mp3", folder / "cut.m4a", folder / "none.wav"
    junk.write_bytes(np.random.default_rng(0).bytes(20_000))
    cut.write_bytes((folder / "speech.m4a").read_bytes()[:9000])
    none.write_bytes(b"")
    return [*made, junk, cut, none]


def day(folder: Path, hours: float) -> Path:
    """Return an Opus file of so many hours: each half hour 5 s of speech, then nothing."""
    half = encode(
        ["-i", str(SPEECH), "-t", "1800", "-af", "atrim=end=5,apad=whole_dur=1800",
         "-ac", "1", "-ar", "16000", "-c:a", "libopus", "-b:a", "6k"],
        folder / "half.opus",
    )  # fmt: skip
    order = folder / "list.txt"
    order.write_text("".join(f"file '{half}'\n" for _ in range(round(hours * 2))))
    return encode(
        ["-f", "concat", "-safe", "0", "-i", str(order), "-c", "copy"], folder / "day.opus"
    )


def reading() -> tuple[float, float, int, int]:
    """Return MiB of this process, MiB of all, descriptors, children."""
    gc.collect()
    me = psutil.Process()
    children = me.children(recursive=True)
    own = me.memory_info().rss
    total = own
    for child in children:
        try:
            total += child.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return own / 2**20, total / 2**20, me.num_fds(), len(children)


def line(name: str, values: tuple[float, float, int, int], done: str) -> None:
    own, total, descriptors, children = values
    print(f"{name:>8} {own:8.1f} {total:8.1f} {descriptors:6d} {children:6d}  {done}", flush=True)


def slope(readings: list[tuple[float, float, int, int]], step: float, column: int) -> float:
    """Return the growth for each file (or hour) after the first reading."""
    values = [row[column] for row in readings[1:]]
    if len(values) < 2:
        return 0.0
    return float(np.polyfit(np.arange(len(values)) * step, values, 1)[0])


def files(count: int, folder: Path, settings: dict[str, object], name: str) -> None:
    """Run `count` files through one pipeline and print what stays."""
    from omoai_engine import OmoAIError, Pipeline, load_config

    sources = mixed(folder)
    readings = []
    done = failed = 0
    each = max(1, count // 10)
    with Pipeline(load_config(asr=settings)) as pipeline:
        for number in range(count):
            try:
                pipeline.run(sources[number % len(sources)])
                done += 1
            except OmoAIError:
                failed += 1
            if (number + 1) % each == 0:
                readings.append(reading())
                line(name, readings[-1], f"{done} done, {failed} refused")
    print(
        f"{name:>8} slope: {slope(readings, each, 0) * 1024:.1f} KiB a file (own), "
        f"{slope(readings, each, 1) * 1024:.1f} KiB a file (all)"
    )
    line(name, reading(), "closed")


def whole_day(hours: float, folder: Path, settings: dict[str, object]) -> None:
    """Run one long file; memory is read at each tenth of it."""
    from omoai_engine import Pipeline, load_config
    from omoai_engine.events import Event, StageProgress

    source = day(folder, hours)
    print(f"     day: {hours:g} hours in {source.stat().st_size / 1e6:.2f} MB")
    readings: list[tuple[float, float, int, int]] = []

    def look(event: Event) -> None:
        if isinstance(event, StageProgress) and event.stage == "asr":
            tenth = int(event.done / (hours * 360))
            if tenth > len(readings):
                readings.append(reading())
                line("day", readings[-1], f"{event.done / 3600:.1f} h heard")

    # The pieces come to a moment more than the hours asked for.
    config = load_config(asr=settings, audio={"max_duration": hours * 3600 + 600})
    with Pipeline(config) as pipeline:
        begun = time.process_time()
        result = pipeline.run(source, on_event=look)
        print(
            f"     day: {result.performance['audio_duration'] / 3600:.2f} h, "
            f"{len(result.segments)} segments, {time.process_time() - begun:.0f} s of this process"
        )
    print(f"     day slope: {slope(readings, hours / 10, 1):.2f} MiB an hour of sound (all)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--whisper", type=int, default=10)
    parser.add_argument("--only", choices=("files", "day"))
    given = parser.parse_args()
    tiny = {"engine": "chunkformer", "model": str(TINY), "language": "vi", "threads": 1}
    print(f"{'':>8} {'own MiB':>8} {'all MiB':>8} {'fds':>6} {'kids':>6}")
    with tempfile.TemporaryDirectory() as name:
        if given.only != "day":
            files(given.files, Path(name), tiny, "files")
            if given.whisper:
                whisper = {"engine": "whisper", "quality": "fast", "threads": 1}
                files(given.whisper, Path(name), whisper, "whisper")
        if given.only != "files":
            whole_day(given.hours, Path(name), tiny)


if __name__ == "__main__":
    sys.exit(main())
