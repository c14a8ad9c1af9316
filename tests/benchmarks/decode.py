"""How fast and how lean sound is read: prints a table.

Run: python tests/benchmarks/decode.py [--minutes 60] [--rounds 3]

Makes one stereo recording at 44.1 kHz out of those in tests/data, writes it as wav, mp3, m4a and
opus into a temporary folder, and reads each through `open_audio` in a fresh process. Times are
medians; `x real time` is wall time, `CPU` that of parent and decoder together; memory is the peak
of the resident set. Where an `ffmpeg` is on the PATH, its own time for the same work stands beside.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

DATA = Path(__file__).parents[1] / "data"
FORMATS = {
    "wav": "pcm_s16le",
    "mp3": "libmp3lame",
    "m4a": "aac",
    "opus": "libopus",
    "flac": "flac",
}


def make(folder: Path, minutes: float) -> list[Path]:
    """Write the recording in every format."""
    import av
    import numpy as np

    from omoai_engine.preprocess import preprocess_audio_to_tensor

    voices = [preprocess_audio_to_tensor(path).numpy()[0] for path in sorted(DATA.glob("*.mp3"))]
    once = np.concatenate(voices)
    whole = np.resize(once, int(minutes * 60 * 16_000))
    made = []
    for suffix, codec in FORMATS.items():
        path = folder / f"sound.{suffix}"
        rate = 48_000 if suffix == "opus" else 44_100
        with av.open(str(path), "w") as output:
            stream = output.add_stream(codec, rate=rate, layout="stereo")
            resampler = av.AudioResampler(stream.format, "stereo", rate, stream.frame_size or 4096)
            for start in range(0, len(whole), 16_000):
                part = whole[start : start + 16_000]
                both = np.stack([part, 0.7 * part], axis=1).reshape(1, -1)
                frame = av.AudioFrame.from_ndarray(both, "flt", "stereo")
                frame.sample_rate, frame.pts = 16_000, start
                for ready in resampler.resample(frame):
                    output.mux(stream.encode(ready))
            for ready in resampler.resample(None):
                output.mux(stream.encode(ready))
            output.mux(stream.encode(None))
        made.append(path)
    return made


def read_once(path: str) -> None:
    """Read one file in this process and print what it took, as JSON."""
    from omoai_engine.config import AudioSettings
    from omoai_engine.preprocess import open_audio

    began, samples, decoder_peak = time.monotonic(), 0, 0.0
    with open_audio(path, AudioSettings()) as source:
        opened = time.monotonic()
        for number, block in enumerate(source):
            samples += len(block.samples)
            if number % 100 == 50:
                decoder_peak = max(decoder_peak, peak_mib(source.decoder_pid))
    wall = time.monotonic() - began
    own = resource.getrusage(resource.RUSAGE_SELF)
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        json.dumps(
            {
                "seconds": samples / 16_000,
                "open": opened - began,
                "wall": wall,
                "cpu": child.ru_utime + child.ru_stime + own.ru_utime + own.ru_stime,
                "parent_mib": peak_mib(os.getpid()),
                "child_mib": decoder_peak,
            }
        )
    )


def peak_mib(pid: int) -> float:
    """Return the peak of a process's resident set (Linux; elsewhere 0)."""
    # Not `getrusage`: its peak is inherited from whoever started the process.
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next(int(x.split()[1]) / 1024 for x in status.splitlines() if x.startswith("VmHWM"))


def measure(path: Path) -> dict[str, float]:
    """Read one file in a fresh process."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, __file__, "--one", str(path)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
    )
    result: dict[str, float] = json.loads(done.stdout)
    return result


def with_ffmpeg(path: Path) -> float | None:
    """Return the seconds that an installed ffmpeg needs for the same file."""
    program = shutil.which("ffmpeg")
    if program is None:
        return None
    began = time.monotonic()
    command = [program, "-nostdin", "-v", "error", "-i", str(path), "-vn"]
    command += ["-ac", "1", "-ar", "16000", "-f", "f32le", "-"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one")
    arguments = parser.parse_args()
    if arguments.one:
        read_once(arguments.one)
        return
    heads = ("format", "x real time", "CPU x", "open s", "parent MiB", "decoder MiB", "ffmpeg x")
    print("  ".join(f"{head:>11}" for head in heads))
    with tempfile.TemporaryDirectory() as folder:
        for path in make(Path(folder), arguments.minutes):
            rounds, others = [], []
            for _ in range(arguments.rounds):  # Side by side, so that both meet the same load.
                rounds.append(measure(path))
                others.append(with_ffmpeg(path))
            middle = {key: median(entry[key] for entry in rounds) for key in rounds[0]}
            known = [other for other in others if other is not None]
            cells = (
                path.suffix[1:],
                f"{middle['seconds'] / middle['wall']:.0f}",
                f"{middle['seconds'] / middle['cpu']:.0f}",
                f"{middle['open']:.2f}",
                f"{middle['parent_mib']:.0f}",
                f"{middle['child_mib']:.0f}",
                f"{middle['seconds'] / median(known):.0f}" if known else "-",
            )
            print("  ".join(f"{cell:>11}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
