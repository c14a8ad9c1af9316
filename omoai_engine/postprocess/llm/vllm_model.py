"""Our own vLLM behind the contract, in a child process of ours.

Why a process: vLLM changes the process it lives in for good (threads, environment, hooks), stalls
it while it is imported, and leaves processes behind when its own are used. Here it runs inside
one child that is silent and ends with its parent, however the parent ends. An engine that failed
is thrown away with its process; the requests that were not answered go to a new one, once. When
memory runs out the next one takes less.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from omoai_engine.config import LLMSettings
from omoai_engine.control import JobControl
from omoai_engine.errors import (
    CancelledError,
    LanguageModelError,
    OmoAIError,
    WorkerDiedError,
)
from omoai_engine.postprocess.llm.contract import (
    Completion,
    ModelInfo,
    OnText,
    OnTokens,
    Request,
)
from omoai_engine.postprocess.llm.files import examine_model
from omoai_engine.postprocess.llm.memory_plan import Need, notices
from omoai_engine.postprocess.llm.placement import Device, place
from omoai_engine.postprocess.llm.text_stream import Told
from omoai_engine.postprocess.llm.vllm_process import NAME, EngineProcess, StepDown
from omoai_engine.postprocess.llm.wire import Loaded, Order

_LOCK_SECONDS = 0.2


class VLLMModel:
    """A language model on this machine. Loads at the first use, or when `load` is called.

    Args:
        folder: the model's files.
        name: the model's name for people.
        device: where it runs.
        settings: context, batch, precision and memory.
    """

    def __init__(self, folder: Path, name: str, device: Device, settings: LLMSettings) -> None:
        self._folder = folder
        self._name = name
        self._device: Device = device
        self._settings = settings
        self._child: EngineProcess | None = None
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

    def count_tokens(self, texts: Sequence[str], *, control: JobControl | None = None) -> list[int]:
        """Return the exact number of tokens of each text. Raises as `load`."""
        control = control or JobControl()
        child = self._ready(control)
        self._calls += 1
        try:
            return child.count(self._calls, texts, control)
        except (StepDown, LanguageModelError, WorkerDiedError) as error:
            raise self._thrown_away(child, error) from None

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
            except (StepDown, LanguageModelError, WorkerDiedError) as error:
                failure = self._thrown_away(child, error)
                if attempt == 2:
                    raise LanguageModelError(
                        f"{NAME} failed twice: {failure.what}", hint=failure.hint
                    ) from None
                told.again()
        return [answers[index] for index in range(len(requests))]

    def _one_batch(
        self,
        child: EngineProcess,
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
        finally:
            if not finished:
                child.abort(call)

    def _thrown_away(
        self, child: EngineProcess, error: StepDown | LanguageModelError | WorkerDiedError
    ) -> OmoAIError:
        """End an engine that failed; the next one takes less where memory was the reason."""
        if isinstance(error, StepDown) or child.killed:
            self._steps_down += 1
        self.close()
        return error.error if isinstance(error, StepDown) else error

    def _ready(self, control: JobControl) -> EngineProcess:
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

    def _load(self, control: JobControl) -> EngineProcess:
        placement = place(examine_model(self._folder), self._name, self._device, self._settings)
        last: OmoAIError | None = None
        for order in placement.orders[self._steps_down :] or placement.orders[-1:]:
            with self._lock:
                child = self._child = EngineProcess(order)
            try:
                loaded = child.wait_until_loaded(control)
            except StepDown as step:
                last = self._thrown_away(child, step)
                continue
            except BaseException:
                self.close()
                raise
            child.info = self._info(order, placement.need, loaded)
            return child
        raise last or LanguageModelError(f"{NAME} could not be loaded")

    def _info(self, order: Order, need: Need, loaded: Loaded) -> ModelInfo:
        told = notices(order.plan, need, on_gpu=self._device == "cuda")
        if not loaded.templated:
            told += (f"The model {self._name} has no chat template and is asked in plain text.",)
        return ModelInfo("vllm", self._name, loaded.device, order.plan.context, told)
