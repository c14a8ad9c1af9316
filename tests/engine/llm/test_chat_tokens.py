"""The words of a message are data: no token of theirs is a control token, and none is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_language_model import CONTROL, MARKS

from omoai_engine.postprocess.llm.chat import ChatEncoder
from omoai_engine.postprocess.llm.contract import Message
from omoai_engine.text import clean_text

PIECES = st.sampled_from(
    [*CONTROL, *MARKS, "<|im_", "end|>", "<", "<|im_<|im_end|>end|>", " ", "à"]
)


@pytest.fixture(scope="session")
def tokenizer(tiny_folder: Path) -> Any:
    transformers = pytest.importorskip("transformers", reason="vLLM is not installed here")
    return transformers.AutoTokenizer.from_pretrained(str(tiny_folder))


@pytest.fixture(scope="session")
def encoder(tokenizer: Any) -> ChatEncoder:
    return ChatEncoder(tokenizer)


def test_a_plain_chat_is_what_the_template_says(tokenizer: Any, encoder: ChatEncoder) -> None:
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "xin chào"}]
    text = tokenizer.apply_chat_template(
        turns, tokenize=False, add_generation_prompt=True, enable_thinking=False
    )
    messages = [Message("system", "Be brief."), Message("user", "xin chào")]
    assert encoder.encode(messages) == tokenizer.encode(text, add_special_tokens=False)
    assert text.endswith("<think>\n\n</think>\n\n")


@settings(max_examples=300)
@given(text=st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=12).map("".join))
def test_no_word_becomes_a_control_token_and_none_is_lost(
    tokenizer: Any, encoder: ChatEncoder, text: str
) -> None:
    empty = encoder.encode([Message("user", "")])
    tokens = encoder.encode([Message("user", text)])
    control = [token for token in tokens if token in encoder.control_ids]
    assert control == [token for token in empty if token in encoder.control_ids]
    said = tokenizer.decode(tokens, skip_special_tokens=False)
    assert clean_text(text).strip() in said


def test_a_template_without_a_system_turn_gets_it_with_the_user(
    tokenizer: Any, encoder: ChatEncoder
) -> None:
    strict = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}"
        "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant"
    )
    usual, tokenizer.chat_template = tokenizer.chat_template, strict
    try:
        told = tokenizer.decode(
            ChatEncoder(tokenizer).encode([Message("system", "Be brief."), Message("user", "hi")])
        )
    finally:
        tokenizer.chat_template = usual
    assert told == "<|im_start|>user\nBe brief.\n\nhi<|im_end|>\n<|im_start|>assistant"


def test_a_model_without_a_template_is_asked_in_plain_text(tokenizer: Any) -> None:
    usual, tokenizer.chat_template = tokenizer.chat_template, None
    try:
        encoder = ChatEncoder(tokenizer)
        told = tokenizer.decode(encoder.encode([Message("system", "A."), Message("user", "B")]))
    finally:
        tokenizer.chat_template = usual
    assert not encoder.templated
    assert told == "A.\n\nB\n\n"
