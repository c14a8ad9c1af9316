"""Any OpenAI-compatible server behind the contract: `vllm serve`, llama.cpp, Ollama, and others.

Streams over HTTP, several requests at a time; asks for a grammar where the server has one, and
asks again without where it refuses. Patient for a bounded time: what may pass is tried again
after a growing pause, and then said in one sentence. Cancelling closes every connection. The
key goes into one header and nowhere else. No connection is made before the first use.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import partial
from typing import Any

from omoai_engine.config import LLMSettings
from omoai_engine.control import JobControl
from omoai_engine.errors import LanguageModelError
from omoai_engine.postprocess.llm.contract import (
    Completion,
    ModelInfo,
    OnText,
    OnTokens,
    Request,
)
from omoai_engine.postprocess.llm.server_http import Exchange, ServerFault, parse_address
from omoai_engine.postprocess.llm.server_pool import News, Pool, Tell, Work
from omoai_engine.postprocess.llm.server_protocol import (
    Manner,
    Writer,
    body_of,
    context_of,
    count_of,
    manners,
    models_of,
    tokenize_body,
)
from omoai_engine.postprocess.llm.text_stream import Told
from omoai_engine.text import clean_text, one_line

_MOST_AT_ONCE = 8


class ServerModel:
    """A language model that a server holds. Raises `LanguageModelError` or `ConfigError` when the
    server as a whole cannot be used; one request that fails is an answer with an error."""

    def __init__(self, settings: LLMSettings) -> None:
        self._settings = settings
        self._address = parse_address(settings.server_url or "")
        headers = {"Content-Type": "application/json", "User-Agent": "omoai"}
        if settings.api_key is not None:
            key = settings.api_key.get_secret_value()
            if not key.isascii() or not key.isprintable():
                raise LanguageModelError(
                    "the API key holds letters that no key has", where="llm.api_key"
                )
            headers["Authorization"] = f"Bearer {key}"
        self._pool = Pool(
            self._address,
            headers,
            timeout=settings.timeout_seconds,
            retries=settings.retries,
            at_once=min(_MOST_AT_ONCE, settings.max_sequences),
        )
        self._info: ModelInfo | None = None
        self._is_vllm = False
        self._tokenizes = True
        # What each kind of request was accepted as, where that was the best that we can ask.
        self._accepted: dict[str, Manner] = {}

    def load(self, control: JobControl | None = None) -> ModelInfo:
        """Ask the server which models it has. Idempotent."""
        if self._info is None:
            ask = partial(_ask, "GET", f"{self._address.base}/models", None)
            answer = self._pool.run([ask], control or JobControl())[0]
            if isinstance(answer, ServerFault):
                raise LanguageModelError(answer.what, hint=answer.hint or None)
            self._info = self._chosen(answer)
        return self._info

    def generate(
        self, requests: Sequence[Request], *, control: JobControl, on_tokens: OnTokens | None = None
    ) -> list[Completion]:
        """Answer all requests, several at a time, in their order."""
        return self._answered(requests, control, None, on_tokens)

    def stream(
        self,
        request: Request,
        *,
        control: JobControl,
        on_text: OnText,
        on_tokens: OnTokens | None = None,
    ) -> Completion:
        """Answer one request, telling the text while it is written."""
        return self._answered([request], control, on_text, on_tokens)[0]

    def count_tokens(self, texts: Sequence[str], *, control: JobControl | None = None) -> list[int]:
        """Return the tokens of each text: the server's own count, else its bytes in UTF-8, which
        no tokenizer exceeds by more than its first tokens."""
        bounds = [len(clean_text(text).encode()) + 2 if text else 0 for text in texts]
        if not self._tokenizes:
            return bounds
        control = control or JobControl()
        model = self.load(control).model
        path = f"{self._address.root}/tokenize"
        # What is fixed in many prompts is counted once.
        asked = [text for text in dict.fromkeys(texts) if text.strip()]
        work: list[Work] = [
            partial(_ask, "POST", path, tokenize_body(model, text)) for text in asked
        ]
        answers = self._pool.run(work, control, whole_is_fatal=False)
        counts = {text: count_of(answer) for text, answer in zip(asked, answers, strict=True)}
        self._tokenizes = all(count is not None for count in counts.values())
        return [counts.get(text) or bound for text, bound in zip(texts, bounds, strict=True)]

    def close(self) -> None:
        """Close every connection. Idempotent, from any thread."""
        self._pool.close()

    def _chosen(self, answer: Any) -> ModelInfo:
        models = models_of(answer)
        wanted = self._settings.server_model
        shown = self._address.shown
        if not models:
            raise LanguageModelError(
                f"the server at {shown} names no model",
                hint="Load one there, or check llm.server_url",
            )
        entry = next((model for model in models if model["id"] == wanted), None)
        if wanted and entry is None:
            known = ", ".join(one_line(str(model["id"])) for model in models[:5])
            raise LanguageModelError(
                f"the server at {shown} has no model {one_line(wanted)}",
                hint=f"Set llm.server_model to one of: {known}",
            )
        entry = entry or models[0]
        self._is_vllm = entry.get("owned_by") == "vllm"
        context = min(self._settings.context_tokens, context_of(entry) or 1 << 30)
        return ModelInfo("server", str(entry["id"]), shown, context)

    def _answered(
        self,
        requests: Sequence[Request],
        control: JobControl,
        on_text: OnText | None,
        on_tokens: OnTokens | None,
    ) -> list[Completion]:
        model = self.load(control).model
        told = Told(on_text)
        tokens = [(0, 0)] * len(requests)

        def hear(index: int, news: News) -> None:
            if news.kind == "again":
                told.again()
            elif news.kind == "text":
                told.add(news.content)
            elif news.kind == "tokens":
                tokens[index] = news.content
                if on_tokens is not None:
                    on_tokens(sum(r for r, _ in tokens), sum(w for _, w in tokens))

        work: list[Work] = [partial(self._write, model, request) for request in requests]
        answers = self._pool.run(work, control, hear)
        return [
            Completion("", "error", error=answer.what)
            if isinstance(answer, ServerFault)
            else answer
            for answer in answers
        ]

    def _write(self, model: str, request: Request, exchange: Exchange, tell: Tell) -> Completion:
        """Write one answer in the first manner that the server accepts. Raises `ServerFault`."""
        if request.max_tokens < 1:
            return Completion("", "error", error="the answer may not have a single token")
        if request.regex is not None and request.json_schema is not None:
            what = "a request has either a regular expression or a schema, not both"
            return Completion("", "error", error=what)
        kind = "regex" if request.regex is not None else "schema" if request.json_schema else "free"
        ways = manners(request, is_vllm=self._is_vllm)
        for manner in (self._accepted[kind],) if kind in self._accepted else ways:
            try:
                completion = self._write_so(model, request, manner, exchange, tell)
            except ServerFault as fault:
                if not fault.refused:
                    raise
                continue
            if manner == ways[0]:
                self._accepted[kind] = manner
            return completion
        return Completion(
            "",
            "error",
            error=f"the server at {self._address.shown} refuses the request;"
            " it may be longer than the server's context",
        )

    def _write_so(
        self, model: str, request: Request, manner: Manner, exchange: Exchange, tell: Tell
    ) -> Completion:
        writer = Writer(request, manner)
        body = body_of(request, model, manner)
        path = f"{self._address.base}/chat/completions"
        try:
            with contextlib.closing(exchange.events(path, body)) as events:
                for event in events:
                    text = writer.take(event)
                    if text:
                        exchange.touch()
                        tell(News("text", text))
                    tell(News("tokens", (writer.prompt_tokens, writer.written)))
                    if writer.ended:
                        break
        except ServerFault:
            # A whole answer needs no proper good-bye.
            if writer.finish is None:
                raise
        return writer.completion()


def _ask(method: str, path: str, body: Any, exchange: Exchange, tell: Tell) -> Any:
    return exchange.json(method, path, body)
