"""The parent's end of the language model's child process: what is said to it, and how it fails.

In: an `Order`, then requests. Out: the messages of `wire.py`, call by call. Short memory is told
apart from every other failure, as `StepDown`: with less, it may go. Never starts a second child.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omoai_engine.child_process import ChildProcess
from omoai_engine.control import JobControl
from omoai_engine.errors import OmoAIError, WorkerDiedError
from omoai_engine.postprocess.llm import startup
from omoai_engine.postprocess.llm.contract import ModelInfo, Request
from omoai_engine.postprocess.llm.wire import Failure, Loaded, Order

NAME = "the language model"
_SWITCHES = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


class StepDown(Exception):  # noqa: N818 - no error: the next plan takes less memory
    """Memory ran out, as `error` says."""

    def __init__(self, error: OmoAIError) -> None:
        super().__init__(str(error))
        self.error = error


class EngineProcess(ChildProcess):
    """A child process that holds one engine."""

    info: ModelInfo

    def __init__(self, order: Order) -> None:
        super().__init__(
            "omoai_engine.postprocess.llm.vllm_child",
            what=NAME,
            environ=_environ(order.device, os.environ),
            memory_hint="Close other programs, or choose a smaller language model",
        )
        # A child that hangs does not read, and whoever asks must be able to stop waiting.
        self._outbox: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
        threading.Thread(target=self._send, name="ask-language-model", daemon=True).start()
        self._outbox.put(("load", order))

    def wait_until_loaded(self, control: JobControl) -> Loaded:
        """Raises `StepDown` when memory ran out, and what `receive` raises."""
        try:
            kind, content = self.receive(control)
        except WorkerDiedError as error:
            if self.killed:  # By the system, most likely: memory ran out.
                raise StepDown(error) from None
            raise
        if kind == "failed":
            raise _failed(content)
        loaded: Loaded = content
        return loaded

    def generate(self, call: int, requests: Sequence[Request], *, streamed: bool) -> None:
        """Ask for a batch; the answers are what `receive_of` returns."""
        asked = [_picklable(request) for request in requests]
        self._outbox.put(("generate", call, asked, streamed))

    def count(self, call: int, texts: Sequence[str], control: JobControl) -> list[int]:
        """Return the number of tokens of each text. Raises what `receive_of` raises."""
        self._outbox.put(("count", call, list(texts)))
        numbers: list[int] = self.receive_of(call, control)[1]
        return numbers

    def abort(self, call: int) -> None:
        """Say that nobody waits for `call` any more."""
        self._outbox.put(("abort", call))

    def end(self) -> None:
        """Kill the child; see `ChildProcess.end`."""
        self._outbox.put(None)
        super().end()

    def _send(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # Gone: whoever receives says why.
            while (message := self._outbox.get()) is not None:
                self.say(message)

    def receive_of(self, call: int, control: JobControl) -> tuple[str, Any]:
        """Return the next message of `call`; what is left of earlier ones is dropped.

        Raises `StepDown`, `LanguageModelError`, `WorkerDiedError`, `CancelledError`.
        """
        while True:
            message = self.receive(control)
            if message[0] == "failed":
                raise _failed(message[1])
            kind, of, content = message
            if of == call:
                return kind, content


def _failed(failure: Failure) -> Exception:
    return StepDown(failure.error) if failure.out_of_memory else failure.error


def _picklable(request: Request) -> Request:
    if request.json_schema is None:
        return request
    return Request(
        request.messages,
        request.max_tokens,
        request.temperature,
        request.regex,
        dict(request.json_schema),
    )


def _environ(device: str, ours: Mapping[str, str]) -> dict[str, str]:
    """Return the child's variables: silent, offline, without vLLM's own processes."""
    folders = [str(Path(startup.__file__).parent), ours.get("PYTHONPATH", "")]
    given = {**_SWITCHES, "PYTHONPATH": os.pathsep.join(filter(None, folders))}
    if device == "cpu":
        # What is compiled takes a compiler and longer than it saves. Threads that are tied to
        # cores and wait there in a loop take them from the recogniser.
        given["TORCHDYNAMO_DISABLE"] = "1"
        given["VLLM_CPU_OMP_THREADS_BIND"] = ours.get("VLLM_CPU_OMP_THREADS_BIND", "nobind")
        given["KMP_BLOCKTIME"] = ours.get("KMP_BLOCKTIME", "0")
    return given
