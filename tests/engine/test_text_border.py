"""Text from outside is harmless once it is inside."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from omoai_engine.errors import AudioNotFoundError, OmoAIError
from omoai_engine.text import clean_text, one_line, shown_path

ANYTHING = st.text(st.characters(), max_size=80)


@given(ANYTHING)
def test_nothing_that_steers_a_terminal_gets_through(text: str) -> None:
    for cleaned in (clean_text(text), one_line(text), shown_path(text)):
        kinds = {unicodedata.category(c) for c in cleaned} - {"Cf"}
        controls = {c for c in cleaned if unicodedata.category(c) == "Cc"}
        assert controls <= {"\n", "\t"}
        assert "Cs" not in kinds
        assert not set(cleaned) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
        assert unicodedata.is_normalized("NFC", cleaned)


@given(ANYTHING)
def test_one_line_is_one_line(text: str) -> None:
    assert "\n" not in one_line(text)
    assert one_line(text) == one_line(one_line(text))


def test_a_path_that_is_not_utf8_is_shown_by_its_bytes() -> None:
    assert shown_path(b"ti\xe1ng.mp3".decode("utf-8", "surrogateescape")) == r"ti\xe1ng.mp3"
    assert shown_path("a\x1b[31mb\n.mp3") == "a[31mb .mp3"


def test_an_error_is_one_sentence_that_says_what_where_and_what_to_do() -> None:
    error = AudioNotFoundError("there is no such file", where="a\nb", hint="Check the name.")
    assert str(error) == "a b: there is no such file. Check the name."
    assert isinstance(error, FileNotFoundError | ValueError)
    assert isinstance(error, OmoAIError)
