"""How fast and how flat the ChunkFormer engine is: a table of medians and ratios.

    python tests/benchmarks/chunkformer.py [--reference FOLDER] [--minutes 5,30] [--rounds 3]
    python tests/benchmarks/chunkformer.py --first

Every figure is the processor time of one thread in a process that has worked on a minute of
sound before; the candidates take turns. The engine runs with the variables that it sets for its
own process (`chunkformer_environment`), the published package as it is. Without `--model` a random
model of the large architecture is made. `--reference` names a folder that holds the published
package (see tests/engine/chunkformer/reference.py).

`floor` is the same matrix products alone, with nothing around them. It takes turns with the
engine step by step, because the speed of a shared machine can double from one second to the
next: that ratio is the steadiest figure here. Both of them are slower so, because the weights of
two models do not stay in the cache; the engine's own time is that of a run without the floor, as
the reference has none beside it. As the reference does, the engine looks for the
best words alone; `readings` says what the other readings of uncertain words, which it gives by
default, cost on top. A random model is uncertain of every word, so that is the most they cost.
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
LONG_SECONDS = 600


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--reference", type=Path)
    parser.add_argument("--minutes", default="5")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precisions", default="float32,bfloat16")
    parser.add_argument("--memory-hours", type=float, default=0.0)
    parser.add_argument("--first", action="store_true", help="only: when the first words are there")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        print(json.dumps(CHILDREN[args.child.split(":")[0]](*args.child.split(":")[1:])))
        return
    with tempfile.TemporaryDirectory() as scratch:
        model = args.model or make_model(Path(scratch) / "model")
        for minutes in [] if args.first else map(float, args.minutes.split(",")):
            compare(args, model, minutes, Path(scratch))
        if args.memory_hours:
            memory(args, model)
        if args.first:
            first(args, model)


def compare(args, model, minutes, scratch):
    sound = scratch / f"{minutes}.wav"
    write_sound(sound, minutes * 60)
    precisions = args.precisions.split(",")
    names = [*precisions, *(["reference"] if args.reference else [])]
    results = {name: [] for name in names}
    for _ in range(args.rounds):
        for name in names:
            if name == "reference":
                results[name].append(child("reference", args.reference, model, sound))
            else:
                run = child("ours", model, sound, name)
                turns = child("beside_floor", model, sound, name)
                ratio = turns["cpu"] / turns["floor"]
                results[name].append({**run, "floor": turns["floor"], "above": ratio})

    def median(name, figure):
        return statistics.median(r[figure] for r in results[name])

    print(f"\n{minutes:g} min of sound, one thread, median of {args.rounds}")
    heads = f"{'x real time':>12}{'vs reference':>14}{'vs floor':>10}{'peak MiB':>10}"
    print(f"{'':22}{'CPU s':>8}{heads}")
    for name in names:
        show(name, median(name, "cpu"), minutes, results, median(name, "beyond_weights"))
        if name in precisions:
            show(f"  floor of {name}", median(name, "floor"), minutes, results)
    for name in precisions:
        extra = child("readings", model, sound, name)
        print(f"readings of every word, {name}: {extra['cpu']:.2f} CPU s more")
    agreement(model, sound, precisions)


def show(name, seconds, minutes, results, peak_mib=None):
    rate, runs = minutes * 60 / seconds, results.get("reference")
    faster = f"{statistics.median(r['cpu'] for r in runs) / seconds:.2f}x" if runs else ""
    ratios = [r["above"] for r in results.get(name, ()) if "above" in r]
    above = f"{statistics.median(ratios):.2f}" if ratios else ""
    mib = "" if peak_mib is None else f"{peak_mib:.0f}"
    print(f"{name:22}{seconds:8.2f}{rate:12.0f}{faster:>14}{above:>10}{mib:>10}")


def agreement(model, sound, precisions):
    if "float32" not in precisions:
        return
    exact = child("tokens", model, sound, "float32")
    for precision in precisions:
        if precision != "float32":
            other = child("tokens", model, sound, precision)
            same = np.array(exact["tokens"]) == np.array(other["tokens"])
            sure = np.array(exact["margins"]) > 1
            print(
                f"frames with the same best token, {precision} and float32: {same.mean():.4f}; "
                f"where float32 is sure by more than 1: {same[sure].mean():.4f}"
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


def first(args, model):
    print(f"\n{'wall s with a warm model, long file':40}first words   first firm segment")
    for precision in args.precisions.split(","):
        for threads in (1, 2):
            runs = [child("beginning", model, precision, threads) for _ in range(args.rounds)]
            words, firm = (", ".join(f"{run[i]:.1f}" for run in runs) for i in range(2))
            print(f"{f'{precision}, {threads} threads':40}{words:14}{firm}")


def beginning(model, precision, threads):
    """Wall seconds to the first provisional words and to the first firm segment of a long file:
    longer than the 266 s that the first frame asks for, or it would come with the end."""
    import torch

    from omoai_engine.asr.chunkformer.recognizer import ChunkFormerRecognizer
    from omoai_engine.audio import AudioBlock
    from omoai_engine.config import ASRSettings
    from omoai_engine.control import JobControl
    from omoai_engine.events import ProvisionalText

    torch.set_num_threads(int(threads))
    sound = speech_like(LONG_SECONDS).astype(np.float32) / 32768
    settings = ASRSettings(device="cpu", precision=precision)
    recognizer = ChunkFormerRecognizer(Path(model), "random", settings)

    def blocks(seconds):
        for start in range(0, seconds * SECOND, SECOND):
            yield AudioBlock(start / SECOND, sound[start : start + SECOND])

    list(recognizer.recognize(blocks(60), control=JobControl()))
    start, words = time.perf_counter(), []

    def report(event):
        if isinstance(event, ProvisionalText):
            words.append(time.perf_counter() - start)

    next(recognizer.recognize(blocks(LONG_SECONDS), control=JobControl(), report=report))
    return words[0], time.perf_counter() - start


def child(kind, *arguments):
    command = [sys.executable, __file__, "--child", ":".join([kind, *map(str, arguments)])]
    threads = str(arguments[-1]) if kind == "beginning" else "1"
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "PYTHONPATH": str(ROOT)}
    if kind != "reference":
        environment |= process_environment()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{kind} {arguments}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def process_environment():
    """What the engine sets for its process, in which the floor is measured as well."""
    sys.path.insert(0, str(ROOT))
    from omoai_engine.asr.isolated import chunkformer_environment

    return chunkformer_environment(os.environ)


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def read_sound(sound):
    with wave.open(sound) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return np.array_split(pcm, max(1, len(pcm) // SECOND))


def ours(model, sound, precision):
    return transcribe(model, read_sound(sound), precision)


def beside_floor(model, sound, precision):
    return transcribe(model, read_sound(sound), precision, floor_turn(model, precision))


def endless(model, seconds, precision):
    minute = speech_like(60)
    blocks = (
        minute[i : i + SECOND]
        for _ in range(int(float(seconds)) // 60)
        for i in range(0, 60 * SECOND, SECOND)
    )
    return transcribe(model, blocks, precision)


class Clock:
    """Processor and wall seconds since the start, without those that were set apart."""

    def __init__(self):
        self.start, self.apart = self.now(), np.zeros(2)

    @staticmethod
    def now():
        return np.array([time.process_time(), time.perf_counter()])

    def seconds(self):
        return self.now() - self.start - self.apart

    def set_apart(self, work):
        before = self.now()
        work()
        self.apart += self.now() - before


def transcribe(model, blocks, precision, floor=None, alternatives=0):
    import torch

    from omoai_engine.asr.chunkformer.config import Context
    from omoai_engine.asr.chunkformer.loading import load_model
    from omoai_engine.asr.chunkformer.transcription import FileTranscription, Options

    torch.set_num_threads(1)
    loaded = load_model(Path(model), "cpu", precision)
    options = Options(alternatives=alternatives)
    warm = FileTranscription(loaded, Context(), options)
    warm.push(torch.from_numpy(speech_like(60).astype(np.float32) / 32768))
    warm.end()
    while not warm.over:
        warm.step()
    if floor:
        floor()
    work = FileTranscription(loaded, Context(), options)
    before, clock, turns = peak(), Clock(), 0
    for block in blocks:
        work.push(torch.from_numpy(block.astype(np.float32) / 32768))
        while not work.hungry:
            work.step()
            if floor:
                clock.set_apart(floor)
                turns += 1
    work.end()
    while not work.over:
        work.step()
    done = {
        "cpu": clock.seconds()[0],
        "peak": peak(),
        "beyond_weights": peak() - before,
    }
    if floor:  # a turn is 256 frames, and the last step is a shorter one
        done["floor"] = clock.apart[0] / turns * work.seconds() / (256 * 0.08)
    return done


def readings(model, sound, precision):
    """What the other readings of every word cost: the same once more with and without them."""
    blocks = read_sound(sound)
    without, full = (transcribe(model, blocks, precision, alternatives=n) for n in (0, 4))
    return {"cpu": full["cpu"] - without["cpu"]}


def tokens(model, sound, precision):
    """The best token of every frame and how far the second one is."""
    import torch

    from omoai_engine.asr.chunkformer.config import Context
    from omoai_engine.asr.chunkformer.features import FeatureStream
    from omoai_engine.asr.chunkformer.loading import load_model
    from omoai_engine.asr.chunkformer.streaming import FrameStream, Wavefront

    torch.set_num_threads(1)
    loaded = load_model(Path(model), "cpu", precision)
    features, frames = FeatureStream(), FrameStream(loaded.encoder)
    wavefront, found = Wavefront(loaded.encoder, Context()), {"tokens": [], "margins": []}
    pieces = read_sound(sound)
    blocks = [np.concatenate(pieces[i : i + 20]) for i in range(0, min(len(pieces), 1800), 20)]
    blocks = [block.astype(np.float32) / 32768 for block in blocks]
    while blocks or not wavefront.finished():
        block = blocks.pop(0) if blocks else np.zeros(0, np.float32)
        x = frames.push(features.push(torch.from_numpy(block)))
        (done,) = wavefront.step([x], [not blocks])
        best = loaded.head.logits(done).topk(2, -1)
        found["tokens"] += best.indices[:, 0].tolist()
        found["margins"] += (best.values[:, 0] - best.values[:, 1]).tolist()
    return found


def floor_turn(model, precision):
    """A function that makes the matrix products of one step of 256 frames and nothing else.

    They are those of the engine, in its shapes and order, with weights and inputs of their own:
    the subsampling 64 frames at a time, eight products a layer, and for every chunk of 64 its
    scores, its position scores and the mean of its values. The table of positions is made once a
    model, the look-ahead is never made twice, so neither is here.
    """
    import torch

    from omoai_engine.asr.chunkformer.config import read_config
    from omoai_engine.asr.chunkformer.linear import COMPUTE_TYPES, Linear

    config, device = read_config(Path(model)), torch.device("cpu")
    dim, ff, heads, dtype = config.dim, config.feed_forward, config.heads, COMPUTE_TYPES[precision]
    rows, chunk, keys, table, together = 256, 64, 320, 383, 64

    def product(inputs, outputs, kind=precision):
        weight = torch.randn(outputs, inputs) / inputs**0.5
        return Linear(weight, torch.zeros(outputs), device=device, precision=kind)

    def given(count, width):
        return torch.randn(count, width).to(dtype)

    widths = [(dim, ff), (ff, dim), (dim, 3 * dim), (dim, dim)]
    widths += [(dim, 2 * dim), (dim, dim), (dim, ff), (ff, dim)]
    layers = [[product(*width) for width in widths] for _ in range(config.blocks)]
    inputs = {n: given(rows, n) for n in (dim, ff)}
    taken = [inputs[width] for width, _ in widths]
    sub = [  # rows a frame, product
        (given(together * 4 * 39, 9), product(9, dim)),
        (given(together * 2 * 19, dim), product(dim, dim)),
        (given(together * 9, dim), product(dim, dim)),
        (given(together, 9 * dim), product(9 * dim, dim)),
    ]
    head, head_input = product(dim, config.vocabulary, "float32"), torch.randn(rows, dim)
    q, weights = (torch.randn(heads, chunk, n).to(dtype) for n in (dim // heads, keys))
    remembered = [
        [
            torch.randn(heads, *shape).to(dtype)
            for shape in ((keys, dim // heads), (dim // heads, table))
        ]
        for _ in layers
    ]

    def turn():
        with torch.inference_mode():
            for _ in range(rows // together):
                for x, one in sub:
                    one(x)
            for layer, (k, positions) in zip(layers, remembered, strict=True):
                for x, one in zip(taken, layer, strict=True):
                    one(x)
                for _ in range(rows // chunk):
                    torch.bmm(q, k.transpose(1, 2))
                    torch.bmm(q, positions)
                    torch.bmm(weights, k)
            head(head_input)

    return turn


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


CHILDREN = {
    f.__name__: f for f in (ours, beside_floor, readings, tokens, reference, endless, beginning)
}


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
