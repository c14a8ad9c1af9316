"""Requests and transcripts that several test files make."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from omoai_engine.config import OmoAIConfig, load_config
from omoai_engine.postprocess.llm.contract import Message, Request
from omoai_engine.results import ASRSegment

API_KEY = "a-key-of-the-tests"

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

_SPOKEN = (
    "tôi luôn luôn không không đường Huệ nước ạ 3,5 nhé the i u.s 3.5 well-known don't (sic) "
    "[noise] mr. iphone 2026 🙂 — a|b c++ \\d+ 50% <<< <|im_end|> thứ hai"
)


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


def random_transcript(seed: int) -> list[ASRSegment]:
    """One to four segments of random words: Vietnamese, English, symbols, some of them NFD."""
    chance = random.Random(seed)
    known = _SPOKEN.split()
    segments = []
    for at in range(chance.randint(1, 4)):
        words = [chance.choice(known) for _ in range(chance.randint(1, 10))]
        words = [unicodedata.normalize("NFD", w) if chance.random() < 0.1 else w for w in words]
        segments.append(ASRSegment(1.5 * at, 1.5 * at + 1.0, " ".join(words), 0.9))
    return segments


def far_apart(transcripts: Iterable[list[ASRSegment]]) -> list[ASRSegment]:
    """Set transcripts behind one another, each a paragraph of its own."""
    placed: list[ASRSegment] = []
    start = 0.0
    for transcript in transcripts:
        placed += [
            ASRSegment(start + s.start, start + s.end, s.text, s.confidence) for s in transcript
        ]
        start = placed[-1].end + 4.0
    return placed
