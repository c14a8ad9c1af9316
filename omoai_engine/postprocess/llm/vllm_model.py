"""Our own vLLM behind the contract, in a child process of ours.

Why a process: vLLM changes the process it lives in for good (threads, environment, hooks), stalls
it while it is imported, and leaves processes behind when its own are used. Here it runs inside
one child that is silent and ends with its parent, however the parent ends. An engine that failed
is thrown away with its process; the requests that were not answered go to a new one, once. When
memory runs out the next one takes less.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from omoai_engine.child_process import ChildProcess
from omoai_engine.config import LLMSettings
from omoai_engine.control import JobControl
from omoai_engine.errors import (
    CancelledError,
    LanguageModelError,
    OmoAIError,
    WorkerDiedError,
)
from omoai_engine.postprocess.llm import startup
from omoai_engine.postprocess.llm.contract import (
    Completion,
    ModelInfo,
    OnText,
    OnTokens,
    Request,
)
from omoai_engine.postprocess.llm.files import ModelFacts, examine_model
from omoai_engine.postprocess.llm.graphics import graphics_cards
from omoai_engine.postprocess.llm.memory_plan import (
    GIB,
    Need,
    Plan,
    cpu_plans,
    gpu_plans,
    least_bytes,
    notices,
)
from omoai_engine.postprocess.llm.text_stream import Told
from omoai_engine.postprocess.llm.wire import Failure, Loaded, Order

_NAME = "the language model"
_LOCK_SECONDS = 0.2
_WIDTHS = {"float32": 4, "bfloat16": 2, "float16": 2}
# On a processor, models up to this size run in float32, where every processor is exact.
_SMALL_BYTES = 2 * GIB
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


class VLLMModel:
    """A language model on this machine. Loads at the first use, or when `load` is called.

    Args:
        folder: the model's files.
        name: the model's name for people.
        device: where it runs.
        settings: context, batch, precision and memory.
    """

    def __init__(
        self, folder: Path, name: str, device: Literal["cpu", "cuda"], settings: LLMSettings
    ) -> None:
        self._folder = folder
        self._name = name
        self._device: Literal["cpu", "cuda"] = device
        self._settings = settings
        self._child: _Child | None = None
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._calls = 0
        self._steps_down = 0

    @property
    def pid(self) -> int | None:
        """The child's process id while there is one."""
        child = self._child
        return child.pid if child else None

    def load(self, control: JobControl | None = None) -> ModelInfo:
        """Start the child and load the model there. Idempotent, from any thread.

        Raises `ModelNotFoundError`, `ModelCorruptError`, `LanguageModelError`, and
        `CancelledError` within 0.2 s when `control` is cancelled; the child is ended then.
        """
        return self._ready(control or JobControl()).info

    def generate(
        self, requests: Sequence[Request], *, control: JobControl, on_tokens: OnTokens | None = None
    ) -> list[Completion]:
        """Answer all requests in one batch, in their order. Raises as `load`."""
        return self._answered(requests, control, None, on_tokens)

    def stream(
        self,
        request: Request,
        *,
        control: JobControl,
        on_text: OnText,
        on_tokens: OnTokens | None = None,
    ) -> Completion:
        """Answer one request, telling the text while it is written. Raises as `load`."""
        return self._answered([request], control, on_text, on_tokens)[0]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the exact number of tokens of each text. Raises as `load`."""
        control = JobControl()
        child = self._ready(control)
        self._calls += 1
        child.say(("count", self._calls, list(texts)))
        numbers: list[int] = child.receive_of(self._calls, control)[1]
        return numbers

    def close(self) -> None:
        """End the child and free its memory."""
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.end()

    def _answered(
        self,
        requests: Sequence[Request],
        control: JobControl,
        on_text: OnText | None,
        on_tokens: OnTokens | None,
    ) -> list[Completion]:
        answers: dict[int, Completion] = {}
        told = Told(on_text)
        for attempt in (1, 2):
            left = [index for index in range(len(requests)) if index not in answers]
            if not left:
                break
            child = self._ready(control)
            try:
                for index, completion in self._one_batch(
                    child, [requests[i] for i in left], control, told, on_tokens
                ):
                    answers[left[index]] = completion
            except (LanguageModelError, WorkerDiedError) as error:
                self.close()
                if attempt == 2:
                    raise LanguageModelError(
                        f"{_NAME} failed twice: {error.what}", hint=error.hint
                    ) from None
                told.again()
        return [answers[index] for index in range(len(requests))]

    def _one_batch(
        self,
        child: _Child,
        requests: Sequence[Request],
        control: JobControl,
        told: Told,
        on_tokens: OnTokens | None,
    ) -> Iterator[tuple[int, Completion]]:
        self._calls += 1
        call = self._calls
        finished = False
        try:
            child.generate(call, requests, streamed=told.wanted)
            while True:
                control.checkpoint()
                kind, content = child.receive_of(call, control)
                if kind == "text":
                    told.add(content)
                elif kind == "tokens" and on_tokens is not None:
                    on_tokens(*content)
                elif kind == "answer":
                    yield content
                elif kind == "done":
                    finished = True
                    return
        except _StepDown as step:
            self._steps_down += 1
            raise step.error from None
        finally:
            if not finished:
                child.abort(call)

    def _ready(self, control: JobControl) -> _Child:
        """Return the child with the model loaded; one thread loads, the others wait."""
        while not self._loading.acquire(timeout=_LOCK_SECONDS):
            if control.is_set():
                raise CancelledError("the job was cancelled")
        try:
            child = self._child
            if child is not None and child.alive:
                return child
            self.close()
            return self._load(control)
        finally:
            self._loading.release()

    def _load(self, control: JobControl) -> _Child:
        facts = examine_model(self._folder)
        need, plans, fraction = self._plans(facts)
        last: OmoAIError | None = None
        for plan in plans[self._steps_down :] or plans[-1:]:
            order = Order(self._folder, self._device, self._dtype(facts), plan, fraction(plan))
            with self._lock:
                child = self._child = _Child(order)
            try:
                loaded = child.wait_until_loaded(control)
            except _StepDown as step:
                self.close()
                self._steps_down += 1
                last = step.error
                continue
            except BaseException:
                self.close()
                raise
            child.info = self._info(plan, need, loaded)
            return child
        raise last or LanguageModelError(f"{_NAME} could not be loaded")

    def _info(self, plan: Plan, need: Need, loaded: Loaded) -> ModelInfo:
        told = notices(plan, need, on_gpu=self._device == "cuda")
        if not loaded.templated:
            told += (f"The model {self._name} has no chat template and is asked in plain text.",)
        return ModelInfo("vllm", self._name, loaded.device, plan.context, told)

    def _plans(self, facts: ModelFacts) -> tuple[Need, tuple[Plan, ...], Any]:
        """Return the need, the plans that fit, and what vLLM is told of the card's memory."""
        dtype = self._dtype(facts)
        width = _WIDTHS.get(dtype, _WIDTHS.get(facts.dtype, 2))
        scale = 1.0 if facts.quantised else width / _WIDTHS.get(facts.dtype, 2)
        need = Need(
            weights=int(facts.weights_bytes * scale),
            kv_token=facts.kv_bytes * width // 2,
            context=min(self._settings.context_tokens, facts.context),
            sequences=self._settings.max_sequences,
        )
        on_gpu = self._device == "cuda"
        if on_gpu:
            card = max(graphics_cards(), key=lambda card: card.free, default=None)
            if card is None:
                raise LanguageModelError(
                    "no graphics card that CUDA can use was found",
                    hint="Check the driver with nvidia-smi, or set llm.backend to auto",
                )
            free, total = card.free, card.total
            plans = gpu_plans(
                need, free=free, total=total, fraction=self._settings.gpu_memory_fraction
            )
        else:
            import psutil

            free = total = psutil.virtual_memory().available
            plans = cpu_plans(need, free=free)
        if not plans:
            place = "on the graphics card" if on_gpu else "of memory"
            raise LanguageModelError(
                f"the language model {self._name} needs at least"
                f" {least_bytes(need, on_gpu=on_gpu) / GIB:.1f} GiB {place},"
                f" and {free / GIB:.1f} GiB are free",
                hint="Close other programs, lower llm.context_tokens, or choose a smaller model",
            )
        return need, plans, lambda plan: min(0.97, max(0.01, plan.total / total))

    def _dtype(self, facts: ModelFacts) -> str:
        wanted = self._settings.dtype
        if wanted != "auto" or self._device == "cuda" or facts.quantised:
            return wanted
        scale = 4 / _WIDTHS.get(facts.dtype, 2)
        return "float32" if facts.weights_bytes * scale <= _SMALL_BYTES else "bfloat16"


class _StepDown(Exception):  # noqa: N818 - no error: the next plan takes less memory
    def __init__(self, error: OmoAIError) -> None:
        super().__init__(str(error))
        self.error = error


class _Child(ChildProcess):
    """A child process that holds one engine."""

    info: ModelInfo

    def __init__(self, order: Order) -> None:
        super().__init__(
            "omoai_engine.postprocess.llm.vllm_child",
            what=_NAME,
            environ=_environ(order.device, os.environ),
            memory_hint="Close other programs, or choose a smaller language model",
        )
        with contextlib.suppress(OSError):  # Gone already: whoever receives says why.
            self.say(("load", order))

    def wait_until_loaded(self, control: JobControl) -> Loaded:
        """Raises `_StepDown` when memory ran out, and what `receive` raises."""
        try:
            kind, content = self.receive(control)
        except WorkerDiedError as error:
            if self.killed:  # By the system, most likely: memory ran out.
                raise _StepDown(error) from None
            raise
        if kind == "failed":
            raise _failed(content)
        loaded: Loaded = content
        return loaded

    def generate(self, call: int, requests: Sequence[Request], *, streamed: bool) -> None:
        with contextlib.suppress(OSError):
            self.say(("generate", call, [_picklable(request) for request in requests], streamed))

    def abort(self, call: int) -> None:
        with contextlib.suppress(OSError, ValueError):
            self.say(("abort", call))

    def receive_of(self, call: int, control: JobControl) -> tuple[str, Any]:
        """Return the next message of `call`; what is left of earlier ones is dropped."""
        while True:
            message = self.receive(control)
            if message[0] == "failed":
                raise _failed(message[1])
            kind, of, content = message
            if of == call:
                return kind, content


def _failed(failure: Failure) -> Exception:
    return _StepDown(failure.error) if failure.out_of_memory else failure.error


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
