"""Every format gives exactly the bytes that were agreed on."""

from __future__ import annotations

from pathlib import Path

import pytest
from export_samples import empty, sample

from omoai_engine.export import FORMATS, render
from omoai_engine.export.txt import to_txt

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", [name for name, one in FORMATS.items() if not one.binary])
def test_the_sample_is_rendered_byte_for_byte(name: str) -> None:
    expected = (GOLDEN / f"sample{FORMATS[name].suffix}").read_bytes()
    assert render(sample(), name).encode() == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("txt", ""), ("srt", ""), ("vtt", "WEBVTT\n"), ("md", "# Transcript\n")]
)
def test_a_recording_without_words_is_a_valid_empty_file(name: str, expected: str) -> None:
    assert render(empty(), name) == expected


def test_text_can_carry_the_start_of_every_paragraph() -> None:
    assert [block[:12] for block in to_txt(sample(), timestamps=True).split("\n\n")] == [
        "[00:00:00] X",
        "[100:00:00] ",
    ]
