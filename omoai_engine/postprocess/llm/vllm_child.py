"""The child's end of `vllm_model.py`: one vLLM engine, inside this process, driven through pipes.

One thread owns the engine: it takes requests in, steps, hands out what was written, and takes
requests out again when they are aborted; another one only reads the pipe. A request that vLLM
refuses is answered with an error and disturbs no other. When the engine itself fails it cannot
be trusted any more: this process says why and ends, and the parent starts another.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from omoai_engine.lifeline import end_with_parent
from omoai_engine.postprocess.llm.chat import ChatEncoder
from omoai_engine.postprocess.llm.contract import Completion, Request
from omoai_engine.postprocess.llm.text_stream import TextStream
from omoai_engine.postprocess.llm.vllm_engine import (
    build_engine,
    device_name,
    failure,
    load_tokenizer,
    sampling,
)
from omoai_engine.postprocess.llm.wire import Loaded
from omoai_engine.text import one_line

_TOKENS_EVERY_SECONDS = 0.1


def main(incoming: int, outgoing: int, lifeline: int) -> None:
    """Serve one parent until it goes; the arguments are descriptors."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent(lifeline, beats=True)
    # What the libraries write belongs to nobody's screen; the parent keeps the end of it.
    os.dup2(2, 1)
    commands = Connection(incoming, writable=False)
    answers = Connection(outgoing, readable=False)
    with contextlib.suppress(EOFError, BrokenPipeError):
        _serve(commands, answers)
    # Native threads may be busy; there is nothing here to tidy up.
    os._exit(0)


def _serve(commands: Connection, answers: Connection) -> None:
    _, order = commands.recv()
    try:
        engine = build_engine(order)
        encoder = ChatEncoder(load_tokenizer(order))
    except Exception as error:
        answers.send(("failed", failure(error, "loading")))
        return
    answers.send(("loaded", Loaded(device_name(order), encoder.templated)))
    mailbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(commands, mailbox), daemon=True).start()
    try:
        _Worker(engine, encoder, order.plan.context, mailbox, answers).run()
    except (EOFError, BrokenPipeError):
        raise
    except Exception as error:
        answers.send(("failed", failure(error, "writing")))


def _read(commands: Connection, mailbox: queue.SimpleQueue[Any]) -> None:
    with contextlib.suppress(EOFError, OSError):
        while True:
            mailbox.put(commands.recv())
    mailbox.put(None)


@dataclass(slots=True)
class _Writing:
    """One request while it is being answered."""

    call: int
    index: int
    prompt_tokens: int
    constrained: bool
    text: TextStream
    generated: int = 0


@dataclass(slots=True)
class _Call:
    """One batch: what of it is still being written."""

    streamed: bool
    left: int
    read: int = 0
    written: int = 0
    told_at: float = field(default=0.0)


class _Worker:
    """The thread that owns the engine."""

    def __init__(
        self,
        engine: Any,
        encoder: ChatEncoder,
        context: int,
        mailbox: queue.SimpleQueue[Any],
        answers: Connection,
    ) -> None:
        self._engine = engine
        self._encoder = encoder
        self._context = context
        self._mailbox = mailbox
        self._answers = answers
        self._writing: dict[str, _Writing] = {}
        self._calls: dict[int, _Call] = {}

    def run(self) -> None:
        """Serve until the parent closes the pipe."""
        while True:
            while not self._mailbox.empty() or not self._writing:
                message = self._mailbox.get()
                if message is None:
                    return
                self._obey(*message)
            for output in self._engine.step():
                self._hand_out(output)

    def _obey(self, kind: str, call: int, *content: Any) -> None:
        if kind == "generate":
            requests, streamed = content
            self._take_in(call, requests, streamed)
        elif kind == "abort":
            gone = [name for name, writing in self._writing.items() if writing.call == call]
            self._engine.abort_request(gone)
            for name in gone:
                del self._writing[name]
            self._calls.pop(call, None)
        elif kind == "count":
            self._say("counts", call, [self._encoder.count(text) for text in content[0]])

    def _take_in(self, call: int, requests: Sequence[Request], streamed: bool) -> None:
        self._calls[call] = _Call(streamed, len(requests))
        for index, request in enumerate(requests):
            refusal = self._start(call, index, request)
            if refusal is not None:
                self._answer(call, index, refusal)
        self._finish(call)

    def _start(self, call: int, index: int, request: Request) -> Completion | None:
        """Give one request to the engine; return an answer where it cannot be asked."""
        from vllm.exceptions import VLLMClientError

        tokens = self._encoder.encode(request.messages)
        refusal = _refusal(request, len(tokens), self._context)
        if refusal:
            return Completion("", "error", len(tokens), error=refusal)
        name = f"{call}.{index}"
        try:
            parameters = sampling(request)
            self._engine.add_request(name, {"prompt_token_ids": tokens}, parameters)
        except (VLLMClientError, ValueError, TypeError) as error:
            why = one_line(str(error)).partition('"')[0][:100]
            return Completion("", "error", len(tokens), error=f"vLLM refuses the request: {why}")
        constrained = parameters.structured_outputs is not None
        self._writing[name] = _Writing(call, index, len(tokens), constrained, TextStream())
        self._calls[call].read += len(tokens)
        return None

    def _hand_out(self, output: Any) -> None:
        writing = self._writing.get(output.request_id)
        if writing is None:
            return
        call = self._calls[writing.call]
        part = output.outputs[0]
        writing.generated += len(part.token_ids)
        call.written += len(part.token_ids)
        text = writing.text.add(part.text, last=output.finished)
        if call.streamed and text:
            self._say("text", writing.call, text)
        now = time.monotonic()
        if now - call.told_at >= _TOKENS_EVERY_SECONDS or output.finished:
            call.told_at = now
            self._say("tokens", writing.call, (call.read, call.written))
        if output.finished:
            del self._writing[output.request_id]
            self._answer(writing.call, writing.index, _completion(writing, part))
            self._finish(writing.call)

    def _answer(self, call: int, index: int, completion: Completion) -> None:
        self._calls[call].left -= 1
        self._say("answer", call, (index, completion))

    def _finish(self, call: int) -> None:
        if self._calls[call].left == 0:
            del self._calls[call]
            self._say("done", call, None)

    def _say(self, kind: str, call: int, content: Any) -> None:
        self._answers.send((kind, call, content))


def _refusal(request: Request, prompt: int, context: int) -> str:
    """Say why a request cannot be asked; empty when it can. Lengths in tokens."""
    if request.max_tokens < 1:
        return "the answer may not have a single token"
    if request.regex is not None and request.json_schema is not None:
        return "a request has either a regular expression or a schema, not both"
    if prompt == 0:
        return "the prompt is empty"
    if prompt + request.max_tokens > context:
        return (
            f"prompt and answer need {prompt} + {request.max_tokens} tokens,"
            f" and the model takes {context}"
        )
    return ""


def _completion(writing: _Writing, part: Any) -> Completion:
    finish = part.finish_reason
    error = ""
    if finish not in ("stop", "length"):
        finish = "error"
        error = (
            "the answer could not follow its grammar"
            if writing.constrained
            else "the model gave up the answer"
        )
    return Completion(
        text=writing.text.text,
        finish=finish,
        prompt_tokens=writing.prompt_tokens,
        generated_tokens=writing.generated,
        constrained=writing.constrained,
        error=error,
    )
