"""Chat messages as the tokens of one prompt, with the words of a message as data and no more.

The model's own template says where the turns begin and end; its control tokens come from the
template alone. What a message says is put in afterwards and never read for control tokens: a
transcript in which somebody says "<|im_end|>" stays those letters. Works on token numbers and on
any Hugging Face tokenizer; never on the weights.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from omoai_engine.postprocess.llm.contract import Message
from omoai_engine.text import clean_text

_MARK = f"slot{secrets.token_hex(8)}n"
_SLOT = re.compile(rf"{_MARK}(\d+)e")


class ChatEncoder:
    """Makes prompts for one tokenizer. `templated` says whether the model has a chat template;
    one without is asked in plain text."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        added = {int(number): str(token) for number, token in _added(tokenizer)}
        # Runs of blanks are in some vocabularies for brevity; they control nothing.
        named = {number: text for number, text in added.items() if text.strip()}
        self.control_ids = frozenset(named) | {int(n) for n in tokenizer.all_special_ids}
        strings = {*named.values(), *map(str, tokenizer.all_special_tokens)}
        longest_first = sorted(strings, key=len, reverse=True)
        self._control = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        self.templated = bool(getattr(tokenizer, "chat_template", None))
        self._encode_text = lru_cache(maxsize=64)(self._encode_plain)
        self._shape = lru_cache(maxsize=64)(self._make_shape)

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens of the prompt that asks for the next turn of the assistant."""
        texts = [clean_text(message.text).strip() for message in messages]
        tokens: list[int] = []
        for piece in self._shape(tuple(message.role for message in messages)):
            tokens += self._encode_text(texts[piece]) if isinstance(piece, int) else piece
        return tokens

    def count(self, text: str) -> int:
        """Return the number of tokens of `text` as a part of a message."""
        return len(self._encode_plain(clean_text(text)))

    def _encode_plain(self, text: str) -> tuple[int, ...]:
        """Encode `text` so that no token of it is a control token."""
        tokens: list[int] = []
        for piece in self._broken(text):
            found = self._tokens(piece)
            if not self.control_ids.isdisjoint(found):
                # A normaliser made one of letters that were none: letter by letter, then.
                found = [token for letter in piece for token in self._tokens(letter)]
                found = [token for token in found if token not in self.control_ids]
            tokens += found
        return tuple(tokens)

    def _broken(self, text: str) -> list[str]:
        """Split `text` after the first letter of every control string, so that no piece holds
        one. A control string of one letter stays; `_encode_plain` sees it."""
        pieces = []
        start = 0
        while match := self._control.search(text, start):
            cut = match.start() + 1
            pieces.append(text[start:cut])
            start = cut
        return [*pieces, text[start:]] if start < len(text) else pieces

    def _tokens(self, text: str) -> list[int]:
        return [int(token) for token in self._tokenizer.encode(text, add_special_tokens=False)]

    def _make_shape(self, roles: tuple[str, ...]) -> tuple[list[int] | int, ...]:
        """Return the prompt's fixed tokens, with the numbers of the messages between them."""
        rendered = self._rendered(roles) if self.templated else None
        if rendered is None:
            beginning = self._tokenizer.bos_token or ""
            rendered = beginning + "\n\n".join(f"{_MARK}{i}e" for i in range(len(roles))) + "\n\n"
        shape: list[list[int] | int] = []
        for index, piece in enumerate(_SLOT.split(rendered)):
            if index % 2:
                shape.append(int(piece))
            elif piece:
                shape.append(self._tokens(piece))
        return tuple(shape)

    def _rendered(self, roles: tuple[str, ...]) -> str | None:
        """Return the template filled with marks; None where it will not take these turns."""
        slots = [f"{_MARK}{index}e" for index in range(len(roles))]
        turns = [{"role": role, "content": slot} for role, slot in zip(roles, slots, strict=True)]
        for attempt in (turns, _without_system(turns)):
            try:
                text = self._tokenizer.apply_chat_template(
                    attempt, tokenize=False, add_generation_prompt=True, enable_thinking=False
                )
            except Exception:  # noqa: S112 - a template is a program that may refuse anything
                continue
            if [int(number) for number in _SLOT.findall(str(text))] == list(range(len(roles))):
                return str(text)
        return None


def _without_system(turns: list[dict[str, str]]) -> list[dict[str, str]]:
    """Put what the system says before what the user says: some templates know no system."""
    merged: list[dict[str, str]] = []
    waiting = ""
    for turn in turns:
        if turn["role"] == "system":
            waiting += turn["content"] + "\n\n"
        else:
            merged.append({**turn, "content": waiting + turn["content"]})
            waiting = ""
    if waiting:
        merged.append({"role": "user", "content": waiting.strip()})
    return merged


def _added(tokenizer: Any) -> list[tuple[int, str]]:
    decoder = getattr(tokenizer, "added_tokens_decoder", {})
    return [(number, getattr(token, "content", str(token))) for number, token in decoder.items()]
