"""What the pipeline costs: processor time over the bare recogniser, memory, first segment.

    python tests/benchmarks/pipeline.py [--seconds 300] [--runs 3] [--file RECORDING]

`bare` decodes the file and gives it to the recogniser in one process, nothing around it;
`pipeline` is the whole engine with its child processes, queues, events, text and summary. Both
use one thread. Processor time is that of the process and all its children, memory the highest
sum of the resident memory of all of them, looked at ten times a second.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parents[2]
LONG = ROOT.parent / "shared" / "corpus" / "en" / "long" / "lj001_chapter_opus.ogg"
OWN = ROOT / "tests" / "data" / "en-librivox-sonnet.mp3"
SETTINGS = {"asr": {"language": "en", "threads": 1}, "tui": {}}


def bare(path: str) -> dict[str, float]:
    """Recognise with nothing around the recogniser."""
    from omoai_engine.asr.choice import build_recognizer, choose_recognizer
    from omoai_engine.config import load_config
    from omoai_engine.control import JobControl
    from omoai_engine.preprocess.source import open_audio

    config = load_config(**SETTINGS)
    recognizer = build_recognizer(choose_recognizer(config))
    recognizer.load()
    with open_audio(path, config.audio) as source:
        segments = list(recognizer.recognize(source, control=JobControl()))
    return {"segments": len(segments)}


def pipeline(path: str) -> dict[str, float]:
    """Run the whole pipeline, events and all."""
    from omoai_engine import Pipeline, load_config

    events = []
    with Pipeline(load_config(**SETTINGS)) as engine:
        result = engine.run(path, on_event=events.append)
    return {
        "segments": len(result.segments),
        "events": len(events),
        "first": result.timing["first_segment"] - result.timing["model_loading"],
    }


def child(what: str, path: str) -> None:
    """Do the work and print what it took."""
    found = {"bare": bare, "pipeline": pipeline}[what](path)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    found["cpu"] = sum(part.ru_utime + part.ru_stime for part in used)
    print(json.dumps(found))


def measured(what: str, path: Path) -> dict[str, float]:
    """Run `what` in a new process; add wall time and the peak memory of its tree."""
    began = time.monotonic()
    run = subprocess.Popen(
        [sys.executable, __file__, "--child", what, "--file", str(path)], stdout=subprocess.PIPE
    )
    peak = 0
    while run.poll() is None:
        total = 0
        try:
            root = psutil.Process(run.pid)
            for process in [root, *root.children(recursive=True)]:
                total += process.memory_info().rss
        except psutil.Error:
            pass
        peak = max(peak, total)
        time.sleep(0.1)
    assert run.stdout is not None
    found: dict[str, float] = json.loads(run.stdout.read())
    return {**found, "wall": time.monotonic() - began, "peak": peak / 2**20}


def cut(path: Path, seconds: float, folder: Path) -> Path:
    """Write the first `seconds` of a recording as WAV."""
    from omoai_engine.audio import SAMPLE_RATE_HZ
    from omoai_engine.preprocess.source import open_audio

    with open_audio(path) as source:
        parts, length = [], 0.0
        for block in source:
            parts.append(block.samples)
            length = block.end
            if length >= seconds:
                break
    sound = np.concatenate(parts)[: int(seconds * SAMPLE_RATE_HZ)]
    target = folder / f"{seconds:.0f}s.wav"
    with wave.open(str(target), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return target


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", choices=("bare", "pipeline"))
    parser.add_argument("--file", type=Path, default=LONG if LONG.is_file() else OWN)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-whole", action="store_true", help="leave the whole recording out")
    asked = parser.parse_args()
    if asked.child:
        child(asked.child, str(asked.file))
        return 0
    with tempfile.TemporaryDirectory() as name:
        part = cut(asked.file, asked.seconds, Path(name))
        minute = cut(asked.file, 60.0, Path(name))
        runs: dict[str, list[dict[str, float]]] = {"bare": [], "pipeline": []}
        for _ in range(asked.runs):
            for what, found in runs.items():
                found.append(measured(what, part))
        print(f"{asked.seconds:.0f} s of {asked.file.name}, {asked.runs} runs in turn, medians")
        for what, found in runs.items():
            cpu, wall = (statistics.median(run[key] for run in found) for key in ("cpu", "wall"))
            print(f"  {what:9} {cpu:8.2f} s processor {wall:8.2f} s wall")
        ratios = [p["cpu"] / b["cpu"] for p, b in zip(runs["pipeline"], runs["bare"], strict=True)]
        print(f"  processor time, pipeline / bare: {statistics.median(ratios):.3f}")
        firsts = [run["first"] for run in runs["pipeline"]]
        print(f"  first segment, model loading apart: {statistics.median(firsts):.2f} s")
        short = measured("pipeline", minute)
        print(f"peak memory: {short['peak']:.0f} MiB for one minute", end="")
        if not asked.no_whole:
            whole = measured("pipeline", asked.file)
            ratio = whole["peak"] / short["peak"]
            print(f", {whole['peak']:.0f} MiB for the whole recording, ratio {ratio:.3f}", end="")
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
