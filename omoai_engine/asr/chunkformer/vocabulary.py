"""A model's tokens: `vocab.txt`, or a SentencePiece `bpe.model` where that is all there is.

In: a model folder, how many tokens the configuration names and where `<sos/eos>` is. Out: the
tokens in NFC by number, beginnings of words marked with U+2581. Of a `bpe.model` (a protobuf) only
the pieces are read, by hand, because nothing else in it is needed to write down what was heard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from omoai_engine.errors import ModelCorruptError, ModelNotFoundError
from omoai_engine.text import clean_text, shown_path

VOCABULARY_FILE, PIECES_FILE = "vocab.txt", "bpe.model"
_LARGEST_FILE = 16 << 20  # bytes
_NUMBER = re.compile(r"[0-9]{1,9}")
_MOST_PIECES = 1_000_000
_AGAIN = "Get the model again, or check it with `omoai models verify`"
# Numbers in SentencePiece's protobuf: field 1 of the model is a piece; in a piece field 1 is its
# text and field 3 its type, of which these are no text of their own.
_PIECE, _TEXT, _TYPE = 1, 1, 3
_UNKNOWN, _CONTROL = 2, 3
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def load_vocabulary(folder: Path, size: int, sos_eos: object) -> tuple[str, ...]:
    """Return the `size` tokens of the model in `folder`.

    Raises `ModelNotFoundError` when neither file is there and `ModelCorruptError` when the one
    that is does not fit.
    """
    if not (folder / VOCABULARY_FILE).is_file() and (folder / PIECES_FILE).is_file():
        return read_pieces(folder / PIECES_FILE, size, sos_eos)
    return read_vocabulary(folder / VOCABULARY_FILE, size)


def read_vocabulary(path: Path, size: int) -> tuple[str, ...]:
    """Read `token id` lines; raise when they are not exactly the ids 0..size-1."""
    where = shown_path(path)
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise ModelCorruptError(
                f"the file is larger than {_LARGEST_FILE >> 20} MiB", where=where, hint=_AGAIN
            )
        lines = content.decode("utf-8").replace("\r\n", "\n").split("\n")
    except FileNotFoundError:
        raise ModelNotFoundError("the file is missing", where=where, hint=_AGAIN) from None
    except (OSError, UnicodeDecodeError):
        raise ModelCorruptError("the file is not readable text", where=where, hint=_AGAIN) from None
    tokens: dict[int, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        token, _, index = line.strip().rpartition(" ")
        if not token or not _NUMBER.fullmatch(index) or int(index) in tokens:
            raise ModelCorruptError(
                f"line {number} is not a token and a new number", where=where, hint=_AGAIN
            )
        tokens[int(index)] = clean_text(token.strip())
    if sorted(tokens) != list(range(size)):
        raise ModelCorruptError(
            f"the file numbers {len(tokens)} tokens where config.yaml says {size}",
            where=where,
            hint=_AGAIN,
        )
    return tuple(tokens[index] for index in range(size))


def read_pieces(path: Path, size: int, sos_eos: object) -> tuple[str, ...]:
    """Read the pieces of a SentencePiece model as tokens 0..size-1.

    The published recipes number `<blank>`, `<unk>` and the pieces that their training text used,
    sorted by their bytes, with `<sos/eos>` before them or at the end. Which pieces were used only
    `vocab.txt` says, so this raises unless all of them together give `size`.
    """
    where = shown_path(path)
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise ValueError("it is too large")
        pieces = list(_pieces(content))
    except OSError as error:
        raise ModelCorruptError(
            f"the file cannot be read: {error.strerror}", where=where, hint=_AGAIN
        ) from None
    except (ValueError, IndexError) as error:
        raise ModelCorruptError(
            f"the file is no SentencePiece model: {error}", where=where, hint=_AGAIN
        ) from None
    pieces.sort(key=str.encode)
    tokens = ["<blank>", "<unk>", *map(clean_text, pieces)]
    tokens.insert(2 if sos_eos == 2 else len(tokens), "<sos/eos>")
    if len(tokens) != size or sos_eos not in (2, size - 1):
        raise ModelCorruptError(
            f"the file holds {len(pieces)} pieces, which makes {len(tokens)} tokens where "
            f"config.yaml says {size}",
            where=where,
            hint="Add the model's vocab.txt, which says what the numbers mean",
        )
    return tuple(tokens)


def _pieces(content: bytes) -> Iterator[str]:
    """Yield the texts of the pieces that are written, in order."""
    count = 0
    for number, piece in _fields(content):
        if number != _PIECE or not isinstance(piece, bytes):
            continue
        count += 1
        if count > _MOST_PIECES:
            raise ValueError("it holds too many pieces")
        text, kind = b"", 1
        for inner, value in _fields(piece):
            if inner == _TEXT and isinstance(value, bytes):
                text = value
            elif inner == _TYPE and isinstance(value, int):
                kind = value
        if kind not in (_UNKNOWN, _CONTROL):
            yield text.decode("utf-8")
    if not count:
        raise ValueError("it holds no pieces")


def _fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and the value of every field of a protobuf message."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        kind = key & 7
        value: int | bytes
        if kind == _VARINT:
            value, at = _varint(content, at)
        else:
            if kind == _BYTES:
                length, at = _varint(content, at)
            elif kind in (_FIXED32, _FIXED64):
                length = 4 if kind == _FIXED32 else 8
            else:
                raise ValueError("a field is of no known kind")
            if at + length > len(content):
                raise ValueError("it is cut")
            value, at = content[at : at + length], at + length
        yield key >> 3, value


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """Read a number of 7 bits a byte at `at`; return it and the place after it."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(content):
            raise ValueError("it is cut")
        byte, at = content[at], at + 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number is too long")
