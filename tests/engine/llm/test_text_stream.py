"""Text in pieces: what was told is the text, clean and in NFC, however it was cut."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omoai_engine.errors import LanguageModelError
from omoai_engine.postprocess.llm.text_stream import TextStream, Told
from omoai_engine.text import clean_text


@given(
    text=st.text(alphabet=st.sampled_from("aeouẩệ ̉̂̀\r\n각ᄀ\x1b‮x"), max_size=30),
    cuts=st.lists(st.integers(0, 30), max_size=6),
)
def test_the_pieces_are_the_whole_text_cleaned(text: str, cuts: list[int]) -> None:
    text = unicodedata.normalize("NFD", text)
    stream = TextStream()
    edges = [0, *sorted(cuts), len(text)]
    told = [stream.add(text[a:b]) for a, b in pairwise(edges)]
    told.append(stream.add("", last=True))
    assert "".join(told) == stream.text == clean_text(text)


def test_after_a_new_start_only_what_is_new_is_told() -> None:
    heard: list[str] = []
    told = Told(heard.append)
    told.add("xin ")
    told.add("chào")
    told.again()
    told.add("xin")
    told.add(" chào các")
    assert heard == ["xin ", "chào", " các"]
    told.again()
    with pytest.raises(LanguageModelError, match="begun anew"):
        told.add("hello")
