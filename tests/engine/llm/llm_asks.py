"""Requests that several test files make."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from omoai_engine.config import OmoAIConfig, load_config
from omoai_engine.postprocess.llm.contract import Message, Request

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 12},
        "bullets": {
            "type": "array",
            "items": {"type": "string", "maxLength": 8},
            "minItems": 1,
            "maxItems": 2,
        },
    },
    "required": ["title", "bullets"],
    "additionalProperties": False,
}


def settings(**llm: object) -> OmoAIConfig:
    return load_config(llm={"context_tokens": 1024, "max_sequences": 8, **llm})


def ask(text: str, max_tokens: int = 16, **rest: Any) -> Request:
    messages = (Message("system", "Answer."), Message("user", text))
    return Request(messages, max_tokens, **rest)


def marks_only(words: str) -> str:
    """A grammar that lets marks and capitals in, and nothing else."""
    parts = []
    for word in words.split():
        forms = {re.escape(word), re.escape(word[0].upper() + word[1:])}
        parts.append(f"(?:{'|'.join(sorted(forms))})[,.?]?")
    return " ".join(parts)
