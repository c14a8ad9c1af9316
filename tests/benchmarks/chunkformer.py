"""How fast and how flat the ChunkFormer engine is: a table of medians and ratios.

    python tests/benchmarks/chunkformer.py [--reference FOLDER] [--minutes 5,30] [--rounds 3]

Every figure is the processor time of one thread in a process of its own that has worked on a
minute of sound before; the candidates take turns, so that a busy machine is busy for all of
them. Without `--model` a random model of the large architecture is made. `floor` is the same
matrix products alone, with nothing around them. `--reference` names a folder that holds the
published package (see tests/engine/chunkformer/reference.py).
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SECOND = 16_000
LARGE = {"output_size": 512, "attention_heads": 8, "linear_units": 2048, "num_blocks": 17}
VOCABULARY = 6992


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--reference", type=Path)
    parser.add_argument("--minutes", default="5")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precisions", default="float32,bfloat16")
    parser.add_argument("--memory-hours", type=float, default=0.0)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        print(json.dumps(CHILDREN[args.child.split(":")[0]](*args.child.split(":")[1:])))
        return
    with tempfile.TemporaryDirectory() as scratch:
        model = args.model or make_model(Path(scratch) / "model")
        for minutes in map(float, args.minutes.split(",")):
            compare(args, model, minutes, Path(scratch))
        if args.memory_hours:
            memory(args, model)


def compare(args, model, minutes, scratch):
    sound = scratch / f"{minutes}.wav"
    write_sound(sound, minutes * 60)
    precisions = args.precisions.split(",")
    names = [f"{kind}:{p}" for p in precisions for kind in ("ours", "floor")]
    names += ["reference"] if args.reference else []
    results = {name: [] for name in names}
    for _ in range(args.rounds):
        for name in names:
            kind, _, precision = name.partition(":")
            if kind == "reference":
                results[name].append(child("reference", args.reference, model, sound))
            elif kind == "floor" and precision == "int8":
                continue
            else:
                results[name].append(child(kind, model, sound, precision))
    cpu = {n: statistics.median(r["cpu"] for r in rs) for n, rs in results.items() if rs}
    print(f"\n{minutes:g} min of sound, one thread, median of {args.rounds}")
    heads = f"{'x real time':>12}{'vs reference':>14}{'vs floor':>10}{'peak MiB':>10}"
    print(f"{'':18}{'CPU s':>8}{heads}")
    for name, seconds in cpu.items():
        rate = minutes * 60 / seconds
        faster = f"{cpu['reference'] / seconds:.2f}x" if "reference" in cpu else ""
        floor = cpu.get("floor:" + name.partition(":")[2])
        above = f"{seconds / floor:.2f}" if floor and name.startswith("ours") else ""
        peak = statistics.median(r["beyond_weights"] for r in results[name])
        print(f"{name:18}{seconds:8.2f}{rate:12.0f}{faster:>14}{above:>10}{peak:10.0f}")
    first = [r["first_segment"] for n, rs in results.items() if n.startswith("ours") for r in rs]
    if first and first[0] is not None:
        print(f"first segment, wall s: {', '.join(f'{value:.1f}' for value in first)}")
    agreement(results, precisions)


def agreement(results, precisions):
    exact = results.get("ours:float32")
    for precision in precisions:
        if exact and precision != "float32":
            tokens, other = (
                np.array(r[0]["tokens"]) for r in (exact, results[f"ours:{precision}"])
            )
            margin = np.array(exact[0]["margins"])
            print(
                f"frames with the same best token, {precision} and float32: "
                f"{(tokens == other).mean():.4f}; where float32 is sure by more than 1: "
                f"{(tokens == other)[margin > 1].mean():.4f}"
            )


def memory(args, model):
    hours = f"{args.memory_hours:g} h"
    print(f"\n{'peak MiB beyond libraries and weights':40}10 min{hours:>8}   ratio of peaks")
    for precision in args.precisions.split(","):
        short = child("endless", model, 600, precision)
        long = child("endless", model, args.memory_hours * 3600, precision)
        print(
            f"{precision:40}{short['beyond_weights']:6.0f}{long['beyond_weights']:8.0f}"
            f"{long['peak'] / short['peak']:12.2f}   ({long['cpu']:.0f} CPU s)"
        )


def child(kind, *arguments):
    command = [sys.executable, __file__, "--child", ":".join([kind, *map(str, arguments)])]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{kind} {arguments}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def ours(model, sound, precision):
    with wave.open(sound) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return transcribe(model, np.array_split(pcm, max(1, len(pcm) // SECOND)), precision)


def endless(model, seconds, precision):
    minute = speech_like(60)
    blocks = (
        minute[i : i + SECOND]
        for _ in range(int(float(seconds)) // 60)
        for i in range(0, 60 * SECOND, SECOND)
    )
    return transcribe(model, blocks, precision, keep=False)


def transcribe(model, blocks, precision, keep=True):
    import torch

    from omoai_engine.asr.chunkformer.config import Context
    from omoai_engine.asr.chunkformer.loading import load_model
    from omoai_engine.asr.chunkformer.transcription import FileTranscription, Options

    torch.set_num_threads(1)
    loaded = load_model(Path(model), "cpu", precision)
    warm = FileTranscription(loaded, Context(), Options())
    warm.push(torch.from_numpy(speech_like(60).astype(np.float32) / 32768))
    warm.end()
    while not warm.over:
        warm.step()
    tokens, margins = [], []
    if keep:
        watch(loaded, tokens, margins)
    before, cpu, start, first = peak(), time.process_time(), time.perf_counter(), None
    work = FileTranscription(loaded, Context(), Options())
    for block in blocks:
        work.push(torch.from_numpy(block.astype(np.float32) / 32768))
        while not work.hungry:
            if work.step()[0] and first is None:
                first = time.perf_counter() - start
    work.end()
    while not work.over:
        work.step()
    return {
        "cpu": time.process_time() - cpu,
        "first_segment": first,
        "peak": peak(),
        "beyond_weights": peak() - before,
        "tokens": tokens,
        "margins": margins,
    }


def watch(loaded, tokens, margins):
    """Write down the best token of every frame and how far the second one is."""
    head = loaded.head

    class Watched(type(head)):
        def __call__(self, frames, *, hesitation=True):
            kept = super().__call__(frames, hesitation=hesitation)
            tokens.extend(kept.tokens.tolist())
            few = [kept.candidates.get(i) for i in range(len(kept))]
            margins.extend(99.0 if f is None else float(f[1][0] - f[1][1]) for f in few)
            return kept

    head.__class__ = Watched


def floor(model, sound, precision):
    """The matrix products of the same sound in windows of the same size, nothing else."""
    import torch

    from omoai_engine.asr.chunkformer.config import read_config
    from omoai_engine.asr.chunkformer.linear import COMPUTE_TYPES, Linear

    torch.set_num_threads(1)
    config, cpu_device = read_config(Path(model)), torch.device("cpu")
    dim, ff, heads, dtype = config.dim, config.feed_forward, config.heads, COMPUTE_TYPES[precision]
    with wave.open(sound) as file:
        frames = (file.getnframes() // 160 - 17) // 8 + 1
    rows, chunk, keys, table = 256, 64, 320, 383

    def product(inputs, outputs, kind=precision):
        weight = torch.randn(outputs, inputs) / inputs**0.5
        return Linear(weight, torch.zeros(outputs), device=cpu_device, precision=kind)

    widths = [(dim, ff), (ff, dim), (dim, ff), (ff, dim)]
    widths += [(dim, 3 * dim), (dim, dim), (dim, 2 * dim), (dim, dim)]
    layers = [[product(*width) for width in widths] for _ in range(config.blocks)]
    inputs = {n: torch.randn(rows, n).to(dtype) for n in (dim, ff)}
    sub = [
        (4 * 39, product(9, dim)),
        (2 * 19, product(dim, dim)),
        (9, product(dim, dim)),
        (1, product(9 * dim, dim)),
    ]
    sub_inputs = [
        torch.randn(32 * n, w).to(dtype)
        for (n, _), w in zip(sub, (9, dim, dim, 9 * dim), strict=True)
    ]
    head, head_input = product(dim, config.vocabulary, "float32"), torch.randn(rows, dim)
    q, k = (
        torch.randn(heads, chunk, dim // heads).to(dtype),
        torch.randn(heads, keys, dim // heads).to(dtype),
    )
    positions, weights = (
        torch.randn(heads, dim // heads, table).to(dtype),
        torch.randn(heads, chunk, keys).to(dtype),
    )
    start = time.process_time()
    with torch.inference_mode():
        for _ in range(round(frames / rows)):
            for _ in range(rows // 32):
                for (_, layer), given in zip(sub, sub_inputs, strict=True):
                    layer(given)
            for layer in layers:
                for index, one in enumerate(layer):
                    one(inputs[ff if index in (1, 3) else dim])
                for _ in range(rows // chunk):
                    torch.bmm(q, k.transpose(1, 2))
                    torch.bmm(q, positions)
                    torch.bmm(weights, k)
            head(head_input)
    return {"cpu": time.process_time() - start, "beyond_weights": 0.0}


def reference(folder, model, sound):
    import torch

    sys.path.insert(0, str(ROOT / "tests" / "engine" / "chunkformer"))
    from reference import load_reference

    torch.set_num_threads(1)
    loaded = load_reference(folder).from_pretrained(model)
    with tempfile.TemporaryDirectory() as scratch, torch.inference_mode():
        write_sound(Path(scratch) / "warm.wav", 60)
        loaded.endless_decode(f"{scratch}/warm.wav", total_batch_duration=1800)
        before, start = peak(), time.process_time()
        loaded.endless_decode(sound, total_batch_duration=1800)
    return {"cpu": time.process_time() - start, "beyond_weights": peak() - before}


CHILDREN = {"ours": ours, "floor": floor, "reference": reference, "endless": endless}


def make_model(folder):
    """A random model of the large architecture; its words mean nothing, its times do."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "engine" / "chunkformer")]
    from random_model import write_random_model

    return write_random_model(folder, sizes=LARGE, vocabulary=VOCABULARY)


def speech_like(seconds):
    """Int16 noise in bursts of half a second, louder and softer."""
    random = np.random.default_rng(1)
    loud = np.repeat(random.uniform(50, 4000, int(seconds * 2)), SECOND // 2)
    return np.clip(random.standard_normal(len(loud)) * loud, -32768, 32767).astype("<i2")


def write_sound(path, seconds):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SECOND)
        file.writeframes(speech_like(seconds).tobytes())


if __name__ == "__main__":
    main()
