"""What a language model costs here: tokens a second, the grammar's price, starting, ending.

    python tests/benchmarks/llm.py [--model FOLDER | --size HIDDENxLAYERS [--vocabulary N]]
                                   [--device cpu|cuda] [--rounds N]

Without `--model` a random model is made: its words mean nothing, its times are those of any model
of its size. Prints one table. The price of the grammar is the median over pairs of batches, with
and without, which take turns in going first: by the clock, and by processor time, which other
programs disturb less.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from omoai_engine import VLLMProcessor
from omoai_engine.config import load_config
from omoai_engine.control import JobControl
from omoai_engine.errors import CancelledError
from omoai_engine.events import Event, TokensGenerated
from omoai_engine.postprocess.llm.contract import Message, Request
from omoai_engine.postprocess.llm.vllm_model import VLLMModel
from omoai_engine.postprocess.pieces import grammar
from omoai_engine.postprocess.words import words_of
from omoai_engine.results import ASRSegment

ROOT = Path(__file__).parents[2]
TEXT = """xin chào các bạn hôm nay chúng ta nói về việc học tiếng việt và cách ghi lại lời nói
không phải lúc nào người ta cũng nói chậm luôn luôn có người nói nhanh nói nhỏ nói lại
cuộc họp bắt đầu lúc chín giờ sáng kết thúc lúc mười một giờ"""
WORDS = TEXT.split()
BATCH = 8
HEAD = Message("system", "Thêm dấu câu và chữ hoa; không đổi từ nào.")


@dataclass(frozen=True)
class Cost:
    """What one batch cost a token: seconds of the clock and of processors."""

    wall: float
    cpu: float


def cost(model: VLLMModel, requests: list[Request]) -> Cost:
    times = psutil.Process(model.pid).cpu_times
    busy, started = times(), time.perf_counter()
    answers = model.generate(requests, control=JobControl())
    wall, after = time.perf_counter() - started, times()
    assert all(answer.finish != "error" for answer in answers), answers
    tokens = sum(answer.generated_tokens for answer in answers)
    return Cost(wall / tokens, (after.user + after.system - busy.user - busy.system) / tokens)


def grammar_price(model: VLLMModel, rounds: int) -> tuple[float, float, float, float]:
    """Return milliseconds a token without and with the grammar, and the medians of the ratios by
    the clock and by processor time."""
    free, bound = [], []
    for number in range(rounds + 1):
        # Another order of words each time, so that no prompt and no grammar is known already.
        pieces = [WORDS[k:] + WORDS[:k] for k in range(number, number + BATCH)]
        asked = [(HEAD, Message("user", f"{number} {' '.join(piece)}")) for piece in pieces]
        length = max(model.count_tokens([" ".join(piece) for piece in pieces]))
        tasks = {
            "bound": [
                Request(messages, 900, regex=grammar(piece))
                for messages, piece in zip(asked, pieces, strict=True)
            ],
            # About as many tokens, any text.
            "free": [
                Request((HEAD, Message("user", f"x{messages[1].text}")), length)
                for messages in asked
            ],
        }
        order = sorted(tasks, reverse=bool(number % 2))
        found = {name: cost(model, tasks[name]) for name in order}
        if number:  # The first round warms up.
            free.append(found["free"])
            bound.append(found["bound"])
    pairs = list(zip(bound, free, strict=True))
    return (
        statistics.median(one.wall for one in free) * 1e3,
        statistics.median(one.wall for one in bound) * 1e3,
        statistics.median(one.wall / other.wall for one, other in pairs),
        statistics.median(one.cpu / other.cpu for one, other in pairs),
    )


def prefix_gain(model: VLLMModel) -> float:
    """Return how many times sooner a long prompt is read whose head was read before."""

    def seconds(head: str) -> float:
        request = Request((Message("system", head), Message("user", "x")), 1)
        started = time.perf_counter()
        model.generate([request], control=JobControl())
        return time.perf_counter() - started

    ratios = []
    for number in range(5):
        head = f"{number} {TEXT} {TEXT}"
        first = seconds(head)
        ratios.append(first / seconds(head))
    return statistics.median(ratios)


def text_cancel_seconds(folder: Path, device: str) -> tuple[float, int]:
    """Cancel the text work on a long transcript while the model writes; return the seconds until
    everything that was done is there, and how many words are missing from it."""
    segments = [ASRSegment(6.0 * n, 6.0 * n + 2, f"{n} {TEXT}", 0.9) for n in range(60)]
    llm = {"backend": "vllm", "model": str(folder), "device": device, "max_sequences": BATCH}
    control = JobControl()
    at: list[float] = []

    def hear(event: Event) -> None:
        if isinstance(event, TokensGenerated) and not at:
            at.append(time.perf_counter())
            control.cancel()

    with VLLMProcessor(load_config(llm={**llm, "context_tokens": 2048})) as processor:
        done = processor.process(segments, language="vi", on_event=hear, cancel=control)
        seconds = time.perf_counter() - at[0]
    spoken = words_of(" ".join(segment.text for segment in segments))
    return seconds, len(spoken) - len(words_of(done.transcript_punctuated))


def first_piece(model: VLLMModel, text: str) -> float:
    """Return the seconds from the call to the first piece of text."""
    started = time.perf_counter()
    heard: list[float] = []
    model.stream(
        Request((HEAD, Message("user", text)), 16),
        control=JobControl(),
        on_text=lambda piece: heard.append(time.perf_counter() - started),
    )
    return heard[0]


def cancel_seconds(model: VLLMModel) -> float:
    """Return the seconds from cancelling to the end of the wait."""
    control = JobControl()
    at: list[float] = []

    def cancel() -> None:
        at.append(time.perf_counter())
        control.cancel()

    threading.Timer(0.5, cancel).start()
    requests = [Request((HEAD, Message("user", "a" * n)), 900) for n in range(1, 9)]
    with contextlib.suppress(CancelledError):
        model.generate(requests, control=control)
    return time.perf_counter() - at[0]


def after_kill(folder: Path, device: str) -> tuple[float, int]:
    """Kill an app with a loaded, writing model; return the seconds until its processes are gone
    and how many entries of shared memory it left."""
    code = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'tests' / 'benchmarks')!r}]\n"
        "from pathlib import Path\n"
        "from llm import HEAD, JobControl, Message, Request, make\n"
        f"model = make(Path({str(folder)!r}), {device!r}); model.load()\n"
        "print(model.pid, flush=True)\n"
        "while True:\n"
        "    model.generate([Request((HEAD, Message('user', 'a')), 900)], control=JobControl())\n"
    )
    shared = set(Path("/dev/shm").iterdir())
    app = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    child = psutil.Process(int(app.stdout.readline()))
    family = [child, *child.children(recursive=True)]
    time.sleep(0.5)
    started = time.perf_counter()
    app.kill()
    _, left = psutil.wait_procs(family, timeout=30)
    seconds = time.perf_counter() - started if not left else float("inf")
    app.wait()
    return seconds, len(set(Path("/dev/shm").iterdir()) - shared)


def make(folder: Path, device: str) -> VLLMModel:
    settings = load_config(llm={"context_tokens": 2048, "max_sequences": BATCH}).llm
    return VLLMModel(folder, folder.name, device, settings)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="a folder; default: a random model")
    parser.add_argument("--size", default="768x10", help="of the random model: hidden x layers")
    parser.add_argument("--vocabulary", type=int, default=640, help="tokens of the random model")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.model
        if folder is None:
            sys.path.insert(0, str(ROOT / "tests" / "tools"))
            from tiny_language_model import make_tiny_language_model

            hidden, layers = map(int, arguments.size.split("x"))
            folder = make_tiny_language_model(
                Path(scratch) / f"random-{arguments.size}-{arguments.vocabulary}",
                hidden=hidden,
                layers=layers,
                vocabulary=arguments.vocabulary,
            )
        measure(folder.absolute(), arguments.device, arguments.rounds)


def measure(folder: Path, device: str, rounds: int) -> None:
    model = make(folder, device)
    started = time.perf_counter()
    info = model.load()
    loading = time.perf_counter() - started
    free, bound, by_clock, by_cpu = grammar_price(model, rounds)
    prefix = prefix_gain(model)
    second = statistics.median(first_piece(model, f"tóm tắt {n}") for n in range(7))
    cancelled = cancel_seconds(model)
    memory = psutil.Process(model.pid).memory_info().rss / 2**20 if model.pid else 0.0
    model.close()
    text_cancelled, missing = text_cancel_seconds(folder, device)
    gone, left = after_kill(folder, device)
    print(f"{info.model} on {info.device}, {platform.machine()}, {os.cpu_count()} cores")
    rows = (
        ("loading, seconds", f"{loading:.1f}"),
        ("memory of the child, MiB", f"{memory:.0f}"),
        (f"tokens/s, {BATCH} answers at a time, any text", f"{1e3 / free:.0f}"),
        (f"tokens/s, {BATCH} answers at a time, punctuation grammar", f"{1e3 / bound:.0f}"),
        ("price of the grammar, processor time (target: 25 %)", f"{(by_cpu - 1) * 100:+.0f} %"),
        ("price of the grammar, by the clock (target: 25 %)", f"{(by_clock - 1) * 100:+.0f} %"),
        ("a prompt whose head is known is read sooner, times", f"{prefix:.1f}"),
        ("second task: first text after, s (target: 0.1)", f"{second:.3f}"),
        ("cancel of a batch, s (target: 1)", f"{cancelled:.2f}"),
        ("cancel of text work with its partial result, s (target: 1)", f"{text_cancelled:.2f}"),
        ("words missing from that result", f"{missing}"),
        ("processes gone after kill -9, s (target: 5)", f"{gone:.2f}"),
        ("shared memory left after kill -9", f"{left}"),
    )
    for name, value in rows:
        print(f"  {name:58}{value:>16}")


if __name__ == "__main__":
    main()
