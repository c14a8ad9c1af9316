"""Models that misbehave on purpose, for properties that must hold whatever a model writes."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from omoai_engine.control import JobControl
from omoai_engine.errors import LanguageModelError
from omoai_engine.postprocess.llm.contract import (
    Completion,
    ModelInfo,
    OnText,
    OnTokens,
    Request,
)

Writer = Callable[[Request], Completion]


class DoubleModel:
    """Answers with `write`; dies, as a whole, after `dies_after` calls."""

    def __init__(
        self, write: Writer, *, context_tokens: int = 8192, dies_after: int | None = None
    ) -> None:
        self.write = write
        self.context_tokens = context_tokens
        self.dies_after = dies_after
        self.loads = 0
        self.requests: list[Request] = []

    def load(self, control: JobControl | None = None) -> ModelInfo:
        self.loads += 1
        return ModelInfo("server", "double", "cpu", self.context_tokens)

    def generate(
        self, requests: Sequence[Request], *, control: JobControl, on_tokens: OnTokens | None = None
    ) -> list[Completion]:
        control.checkpoint()
        if self.dies_after is not None:
            self.dies_after -= 1
            if self.dies_after < 0:
                raise LanguageModelError("the engine died", hint="Look at its log")
        for request in requests:
            counted = sum(self.count_tokens([message.text for message in request.messages]))
            assert counted + request.max_tokens <= self.context_tokens
        self.requests += requests
        answers = [self.write(request) for request in requests]
        if on_tokens is not None:
            on_tokens(10, sum(len(answer.text) for answer in answers))
        return answers

    def stream(
        self,
        request: Request,
        *,
        control: JobControl,
        on_text: OnText,
        on_tokens: OnTokens | None = None,
    ) -> Completion:
        answer = self.generate([request], control=control, on_tokens=on_tokens)[0]
        for start in range(0, len(answer.text), 3):
            on_text(answer.text[start : start + 3])
        return answer

    def count_tokens(self, texts: Sequence[str], *, control: JobControl | None = None) -> list[int]:
        return [len(text.encode("utf-8", "replace")) for text in texts]

    def close(self) -> None:
        """Nothing is open."""


def asked_words(request: Request) -> list[str]:
    """Return the words that a punctuation request asks about: what its last fence holds."""
    return request.messages[-1].text.rpartition("<<<\n")[2].removesuffix("\n>>>").split()


def wild(chance: random.Random) -> Writer:
    """A model without a grammar that adds, drops, doubles, changes and decorates words."""

    def write(request: Request) -> Completion:
        out: list[str] = []
        for word in asked_words(request):
            turn = chance.random()
            if turn < 0.05:
                continue
            if turn < 0.1:
                out += [word, word]
            elif turn < 0.15:
                out.append(chance.choice(["khác", "other", "\x1b[31mred", "<|im_end|>", "ß"]))
            elif turn < 0.3:
                out.append(chance.choice([word.upper(), word.title(), word.lower()]))
            else:
                out.append(word)
            if chance.random() < 0.4:
                out[-1:] = [out[-1] + chance.choice([".", ",", "?!", "...", "…", "。", ";", "”"])]
        if chance.random() < 0.1:
            out = ["I", "cannot", "do", "that."]
        finish = chance.choice(["stop", "stop", "stop", "length", "error"])
        return Completion("\n".join(out) if chance.random() < 0.1 else " ".join(out), finish)

    return write


def walking(chance: random.Random) -> Writer:
    """A model that walks at random through the grammar it is given, and never leaves it."""

    def write(request: Request) -> Completion:
        assert request.regex is not None
        text = " ".join(_walk(part, chance) for part in request.regex.split(" "))
        assert re.fullmatch(request.regex, text)
        assert len(text.encode("utf-8", "replace")) <= request.max_tokens
        return Completion(text, "stop", constrained=True)

    return write


def _walk(part: str, chance: random.Random) -> str:
    forms, _, marks = part.removeprefix("(?:").rpartition(")[")
    form = chance.choice(re.split(r"(?<!\\)(?:\\\\)*\|", forms))
    mark = chance.choice(["", *marks.removesuffix("]?")])
    return re.sub(r"\\(.)", r"\1", form, flags=re.DOTALL) + mark
