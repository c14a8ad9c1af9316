"""What is said to an OpenAI-compatible server, and what its answers mean. Pure functions.

In: requests of the contract and JSON that anybody may have sent. Out: bodies of HTTP requests,
and completions. What a server sends is data: every field may be missing or of another type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from omoai_engine.postprocess.llm.contract import Completion, Finish, Request
from omoai_engine.postprocess.llm.server_http import ServerFault
from omoai_engine.postprocess.llm.text_stream import TextStream
from omoai_engine.text import clean_text

# No token of a text has more letters than this; a server that writes on and on is left.
_MOST_LETTERS_A_TOKEN = 64
_SPARE_LETTERS = 1024
_FINISHES: dict[str, Finish] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "length": "length",
}

# The server's template reads control tokens wherever they stand, and we do not know which ones
# it has: those of the common families are broken up by a blank after their first sign.
_CONTROL = re.compile(
    r"<(?=[|｜][^<>]{0,64}[|｜]>)"
    r"|<(?=/?(?:s|bos|eos|pad|unk|mask|think|tool_call|tool_response|tools)>)"
    r"|<(?=/?(?:start|end)_of_(?:turn|image|text)>)"
    r"|<(?=</?SYS>>)"
    r"|\[(?=/?[A-Z][A-Z_]{2,24}\])"
)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a request is put: with which kind of grammar, and with vLLM's and llama.cpp's extras."""

    grammar: Literal["structured", "response_format", "none"]
    extras: bool


def without_control(text: str) -> str:
    """Return `text` cleaned, with a blank inside everything that looks like a control token."""
    return _CONTROL.sub(lambda found: found.group() + " ", clean_text(text))


def manners(request: Request, *, is_vllm: bool) -> tuple[Manner, ...]:
    """Return the ways to put `request`, best first; each asks for less than the one before."""
    plain = (Manner("none", True), Manner("none", False))
    if request.regex is not None:
        # Servers that do not know the field ignore it: only vLLM is asked.
        return (Manner("structured", True), *plain) if is_vllm else plain
    if request.json_schema is not None:
        known = (Manner("response_format", True), Manner("response_format", False), *plain)
        return (Manner("structured", True), *known) if is_vllm else known
    return plain


def body_of(request: Request, model: str, manner: Manner) -> dict[str, Any]:
    """Return the body of the HTTP request."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [
            {"role": message.role, "content": without_control(message.text)}
            for message in request.messages
        ],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "stream": True,
    }
    if manner.extras:
        body["stream_options"] = {"include_usage": True}
        body["chat_template_kwargs"] = {"enable_thinking": False}
    if manner.grammar == "structured":
        # Free white space in JSON lets a model write blanks for ever; `guidance` reads this.
        tight = {"x-guidance": {"whitespace_flexible": False}}
        body["structured_outputs"] = (
            {"regex": request.regex}
            if request.regex is not None
            else {"json": {**(request.json_schema or {}), **tight}}
        )
    elif manner.grammar == "response_format":
        schema = {"name": "answer", "strict": True, "schema": dict(request.json_schema or {})}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body


class Writer:
    """Puts one streamed answer together, event by event."""

    def __init__(self, request: Request, manner: Manner) -> None:
        self._request = request
        self._manner = manner
        self._stream = TextStream()
        self._most = request.max_tokens * _MOST_LETTERS_A_TOKEN + _SPARE_LETTERS
        self._length = 0
        self.finish: str | None = None
        self.ended = False
        self.prompt_tokens = 0
        self.written = 0

    def take(self, event: Any) -> str:
        """Take the next event (None: the end); return the text that is firm now."""
        if event is None:
            self.ended = True
            self.finish = self.finish or "stop"
            return self._stream.add("", last=True)
        if not isinstance(event, Mapping):
            return ""
        if event.get("error"):
            raise ServerFault("the server failed in the middle of an answer", again=True)
        usage = event.get("usage")
        if isinstance(usage, Mapping):
            self.prompt_tokens = _whole(usage.get("prompt_tokens"), self.prompt_tokens)
            self.written = _whole(usage.get("completion_tokens"), self.written)
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, Mapping):
            return ""
        if isinstance(choice.get("finish_reason"), str):
            self.finish = choice["finish_reason"]
        part = choice.get("delta") or choice.get("message")
        piece = part.get("content") if isinstance(part, Mapping) else None
        if not isinstance(piece, str) or not piece:
            return ""
        if not isinstance(usage, Mapping):
            self.written += 1
        self._length += len(piece)
        if self._length > self._most:
            self.finish, self.ended = "length", True
            return self._stream.add("", last=True)
        return self._stream.add(piece)

    def completion(self) -> Completion:
        """Return the answer. Raises `ServerFault` when it was cut off in the middle."""
        if self.finish is None:
            raise ServerFault("the server broke off in the middle of an answer", again=True)
        if not self.ended:
            self._stream.add("", last=True)
        text = self._stream.text
        finish = _FINISHES.get(self.finish, "error")
        return Completion(
            text=text,
            finish=finish,
            prompt_tokens=self.prompt_tokens,
            generated_tokens=self.written,
            constrained=self._constrained(text, finish),
            error="" if finish != "error" else "the server gave up the answer",
        )

    def _constrained(self, text: str, finish: Finish) -> bool:
        if self._manner.grammar == "none":
            return False
        if self._manner.grammar == "structured" or finish != "stop":
            return True
        # Some servers accept `response_format` and do nothing with it.
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return False
        return True


def models_of(answer: Any) -> list[Mapping[str, Any]]:
    """Return the entries of `/models` that have a name."""
    data = answer.get("data") if isinstance(answer, Mapping) else None
    entries = data if isinstance(data, list) else []
    return [entry for entry in entries if isinstance(entry, Mapping) and entry.get("id")]


def context_of(entry: Mapping[str, Any]) -> int | None:
    """Return the context that a server tells of a model, in tokens: vLLM's or llama.cpp's way."""
    meta = entry.get("meta")
    told = entry.get("max_model_len")
    if told is None and isinstance(meta, Mapping):
        told = meta.get("n_ctx") or meta.get("n_ctx_train")
    return _whole(told, 0) or None


def tokenize_body(model: str, text: str) -> dict[str, Any]:
    """Return what `/tokenize` is asked, in vLLM's and in llama.cpp's words."""
    text = without_control(text)
    return {"model": model, "prompt": text, "content": text, "add_special_tokens": False}


def count_of(answer: Any) -> int | None:
    """Return the number of tokens in an answer of `/tokenize`; None where it has none."""
    if not isinstance(answer, Mapping):
        return None
    tokens = answer.get("tokens")
    count = _whole(answer.get("count"), len(tokens) if isinstance(tokens, list) else 0)
    return count or None


def _whole(value: Any, otherwise: int) -> int:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40
    return int(value) if good else otherwise
