"""Texts larger than anybody speaks: imported, kept, found, exported and punctuated all the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from omoai_engine.config import OmoAIConfig
from omoai_engine.errors import TranscriptFormatError
from omoai_engine.export import render_bytes
from omoai_engine.library import Library
from omoai_engine.library.imports import parse_transcript


def imported(text: str) -> bytes:
    return json.dumps({"segments": [{"start": 0, "end": 9, "text": text}]}).encode()


def test_a_segment_of_a_million_letters_is_kept_found_and_exported(tmp_path: Path) -> None:
    text = "xin chào " * 110_000 + "quốc hội"
    result = parse_transcript(imported(text))
    config = OmoAIConfig.model_validate({"library": {"folder": str(tmp_path)}})
    with Library.open(config) as library:
        entry = library.store(result, title="long")
        assert library.transcript(entry).segments[0].text == text
        assert len(library.search("quốc hội").hits) == 1
    for name in ("txt", "json", "csv", "md"):
        assert "quốc hội" in render_bytes(result, name).decode("utf-8-sig")


def test_one_letter_more_is_refused_in_a_sentence() -> None:
    with pytest.raises(TranscriptFormatError, match="more than a million letters"):
        parse_transcript(imported("a" * 1_000_001))
