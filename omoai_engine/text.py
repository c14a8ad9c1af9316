"""Text at the border: everything that comes from outside is cleaned once, here.

File names, transcripts, model output and error texts are data. Control characters (C0, C1),
bidirectional overrides and lone surrogates are taken out, the rest is brought to NFC.
"""

from __future__ import annotations

import re
import unicodedata

# C0 without tab and newline, DEL, C1, bidirectional embeddings, overrides and isolates
# (Unicode Standard Annex 9), the byte-order mark, and lone surrogates.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_LINE_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_SPACES = re.compile(r"\s+")


def clean_text(text: str) -> str:
    """Return `text` in NFC without control characters; tabs and newlines are kept."""
    text = _LINE_BREAKS.sub("\n", text)
    return unicodedata.normalize("NFC", _HARMFUL.sub("", text))


def one_line(text: str) -> str:
    """Return `text` cleaned and on one line, every run of white space one blank."""
    return _SPACES.sub(" ", clean_text(text)).strip()


def counted(count: int, noun: str) -> str:
    """Return "1 segment" or "3 segments", for nouns that take an s."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def shown_path(path: object) -> str:
    """Return a path for people: bytes that are not UTF-8 become `\\xNN`, controls vanish."""
    try:
        raw = str(path).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate that no file system gave
        raw = str(path).encode("utf-8", "backslashreplace")
    return one_line(raw.decode("utf-8", "backslashreplace"))
