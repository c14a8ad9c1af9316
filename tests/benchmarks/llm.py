"""What a language model costs here: tokens a second, the grammar's price, starting, ending.

    python tests/benchmarks/llm.py [--model FOLDER] [--device cpu|cuda] [--rounds N]

Without `--model` a random model of about 50 million weights is made: its words mean nothing, its
times are those of any model of its size; its vocabulary is small (640). Prints one table. Ratios
are medians of pairs measured one after the other.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from omoai_engine.config import load_config
from omoai_engine.control import JobControl
from omoai_engine.errors import CancelledError
from omoai_engine.postprocess.llm.contract import Completion, Message, Request
from omoai_engine.postprocess.llm.vllm_model import VLLMModel

ROOT = Path(__file__).parents[2]
TEXT = """xin chào các bạn hôm nay chúng ta nói về việc học tiếng việt và cách ghi lại lời nói
không phải lúc nào người ta cũng nói chậm luôn luôn có người nói nhanh nói nhỏ nói lại
cuộc họp bắt đầu lúc chín giờ sáng kết thúc lúc mười một giờ"""
WORDS = TEXT.split()
BATCH = 8
HEAD = Message("system", "Thêm dấu câu và chữ hoa; không đổi từ nào.")


def punctuation(words: list[str]) -> str:
    """Return the grammar that lets marks and capitals in, and nothing else."""
    parts = [f"(?:{re.escape(w)}|{re.escape(w[0].upper() + w[1:])})[,.?!:;]?" for w in words]
    return " ".join(parts)


def timed(model: VLLMModel, requests: list[Request]) -> tuple[float, list[Completion]]:
    started = time.perf_counter()
    answers = model.generate(requests, control=JobControl())
    return time.perf_counter() - started, answers


def grammar_price(model: VLLMModel, rounds: int) -> tuple[float, float, float]:
    """Return milliseconds a token without and with the grammar, and the median of the ratios."""
    free_ms, bound_ms, ratios = [], [], []
    for number in range(rounds + 1):
        # Another order of words each time, so that no prompt and no grammar is known already.
        pieces = [WORDS[k:] + WORDS[:k] for k in range(number, number + BATCH)]
        asked = [(HEAD, Message("user", f"{number} {' '.join(piece)}")) for piece in pieces]
        bound = [
            Request(messages, 900, regex=punctuation(piece))
            for messages, piece in zip(asked, pieces, strict=True)
        ]
        bound_seconds, answers = timed(model, bound)
        length = max(answer.generated_tokens for answer in answers)
        per_bound = bound_seconds / length * 1e3
        # As many steps, any text; the head of the prompt is known already in both cases.
        free = [
            Request((HEAD, Message("user", f"x{number} {' '.join(piece)}")), length)
            for piece in pieces
        ]
        free_seconds, answers = timed(model, free)
        per_free = free_seconds / max(answer.generated_tokens for answer in answers) * 1e3
        if number:  # The first round warms up.
            bound_ms.append(per_bound)
            free_ms.append(per_free)
            ratios.append(per_bound / per_free)
    return tuple(map(statistics.median, (free_ms, bound_ms, ratios)))


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
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.model
        if folder is None:
            sys.path.insert(0, str(ROOT / "tests" / "tools"))
            from tiny_language_model import make_tiny_language_model

            folder = make_tiny_language_model(Path(scratch) / "random", hidden=768, layers=10)
        measure(folder.absolute(), arguments.device, arguments.rounds)


def measure(folder: Path, device: str, rounds: int) -> None:
    model = make(folder, device)
    started = time.perf_counter()
    info = model.load()
    loading = time.perf_counter() - started
    free, bound, ratio = grammar_price(model, rounds)
    second = statistics.median(first_piece(model, f"tóm tắt {n}") for n in range(7))
    cancelled = cancel_seconds(model)
    memory = psutil.Process(model.pid).memory_info().rss / 2**20 if model.pid else 0.0
    model.close()
    gone, left = after_kill(folder, device)
    print(f"{info.model} on {info.device}, {platform.machine()}, {os.cpu_count()} cores")
    rows = (
        ("loading, seconds", f"{loading:.1f}"),
        ("memory of the child, MiB", f"{memory:.0f}"),
        (f"tokens/s, {BATCH} answers at a time, any text", f"{BATCH * 1e3 / free:.0f}"),
        (f"tokens/s, {BATCH} answers at a time, punctuation grammar", f"{BATCH * 1e3 / bound:.0f}"),
        ("ms a step, any text / grammar", f"{free:.1f} / {bound:.1f}"),
        ("price of the grammar (target: at most 25 %)", f"{(ratio - 1) * 100:+.0f} %"),
        ("second task: first text after, s (target: 0.1)", f"{second:.3f}"),
        ("cancel, s (target: 1)", f"{cancelled:.2f}"),
        ("processes gone after kill -9, s (target: 5)", f"{gone:.2f}"),
        ("shared memory left after kill -9", f"{left}"),
    )
    for name, value in rows:
        print(f"  {name:58}{value:>16}")


if __name__ == "__main__":
    main()
