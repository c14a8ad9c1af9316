"""The contract between text work (punctuation, summary) and every language model.

In: chat messages, with a bound on what may be written and, where wanted, a grammar for it (a
regular expression or a JSON schema). Out: text with the reason why it ended. A language model
knows nothing of transcripts, segments or the screen; it never prints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from omoai_engine.control import JobControl

Role = Literal["system", "user", "assistant"]
Finish = Literal["stop", "length", "error"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat. `text` is data: chat control tokens in it are plain letters."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Request:
    """What a model is asked. At most one of `regex` and `json_schema` is given.

    `max_tokens` bounds the answer; `temperature` 0 is greedy. What is the same for many requests
    stands first in `messages`, so that its computation is shared.
    """

    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float = 0.0
    regex: str | None = None
    json_schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote. Only `finish == "stop"` is a whole answer.

    `constrained` says that the grammar of the request was enforced while it was written; without
    it the text may be anything. `error` is one sentence where `finish == "error"`.
    """

    text: str
    finish: Finish
    prompt_tokens: int = 0
    generated_tokens: int = 0
    constrained: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known of a model once it is loaded; `context_tokens` bounds prompt plus answer."""

    backend: Literal["vllm", "server"]
    model: str
    device: str
    context_tokens: int
    notices: tuple[str, ...] = ()
    """What the person should know, such as a step down for want of memory; one sentence each."""


OnText = Callable[[str], None]
"""Called with each new piece of a text that is being written."""
OnTokens = Callable[[int, int], None]
"""Called now and then with the tokens (read, written) since the call began."""


class LanguageModel(Protocol):
    """A model that is loaded once and used by one thread at a time.

    Every method looks at `control` at least every 0.5 s and raises `CancelledError`. Errors of
    the model as a whole are `LanguageModelError` (a `ModelError`); a single request that cannot
    be answered is a `Completion` with `finish == "error"` and never stops the others.
    """

    def load(self, control: JobControl | None = None) -> ModelInfo:
        """Load the model, or connect to the server. Idempotent."""
        ...

    def generate(
        self, requests: Sequence[Request], *, control: JobControl, on_tokens: OnTokens | None = None
    ) -> list[Completion]:
        """Answer all requests in one batch, in their order."""
        ...

    def stream(
        self,
        request: Request,
        *,
        control: JobControl,
        on_text: OnText,
        on_tokens: OnTokens | None = None,
    ) -> Completion:
        """Answer one request, telling the text while it is written."""
        ...

    def count_tokens(self, texts: Sequence[str], *, control: JobControl | None = None) -> list[int]:
        """Return the number of tokens of each text, chat template apart; exact where the
        tokenizer is at hand, else never too small."""
        ...

    def close(self) -> None:
        """End the model's process or connections and free everything. Idempotent, any thread."""
        ...
