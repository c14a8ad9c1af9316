"""Breaking text into lines of terminal cells, fast enough for ten hours of transcript.

Text in, spans out: `(start, end)` indices into the text, one a line, none wider than `width`.
Words are kept whole where they fit. Blanks at the break belong to no line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Characters outside these ranges may be wider or narrower than one cell.
_ODD = re.compile(
    "[^\x20-\x7e\xa0-\u02ff\u0370-\u0482\u048a-\u052f\u1e00-\u1fff\u2010-\u2027\u2500-\u257f]"
)
Span = tuple[int, int]


def measured(text: str) -> bool:
    """Say whether some character of `text` may not be one cell wide."""
    return _ODD.search(text) is not None


def wrap(text: str, width: int) -> list[Span]:
    """Return the lines of `text` (one paragraph) at `width` cells; at least one line."""
    width = max(1, width)
    if len(text) <= width and not _ODD.search(text):
        return [(0, len(text))]
    if _ODD.search(text):
        return _wrap_measured(text, width)
    return _wrap_plain(text, width)


def _wrap_plain(text: str, width: int) -> list[Span]:
    spans = []
    start, length = 0, len(text)
    find = text.rfind
    while length - start > width:
        cut = find(" ", start, start + width + 1)
        if cut <= start:
            cut = start + width
            spans.append((start, cut))
            start = cut
        else:
            spans.append((start, cut))
            start = cut + 1
    spans.append((start, length))
    return spans


def _wrap_measured(text: str, width: int) -> list[Span]:
    from rich.cells import get_character_cell_size

    spans = []
    start, cells, blank = 0, 0, -1
    index = 0
    while index < len(text):
        character = text[index]
        if character == "\n":
            spans.append((start, index))
            start, cells, blank = index + 1, 0, -1
            index += 1
            continue
        wide = get_character_cell_size(character)
        if cells + wide > width and index > start:
            if character == " ":
                spans.append((start, index))
                start = index + 1
                index += 1
            elif blank > start:
                spans.append((start, blank))
                start = blank + 1
                index = start
            else:
                spans.append((start, index))
                start = index
            cells, blank = 0, -1
            continue
        if character == " ":
            blank = index
        cells += wide
        index += 1
    spans.append((start, len(text)))
    return spans


def fit(text: str, width: int) -> str:
    """Return `text` cut to `width` cells, with an ellipsis where something was left off."""
    if len(text) <= width and not _ODD.search(text):
        return text
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)).rstrip() + "…" if width > 0 else ""


def fit_path(text: str, width: int) -> str:
    """Return a path cut to `width` cells from the left, so that its end stays readable."""
    from rich.cells import cell_len

    if cell_len(text) <= width:
        return text
    while text and cell_len(text) > width - 1:
        text = text[1:]
    return f"…{text}"


def pad(text: str, width: int) -> str:
    """Return `text` cut or filled with blanks to exactly `width` cells."""
    from rich.cells import set_cell_size

    return set_cell_size(text, max(0, width))


def runs(text: str, marks: list[tuple[int, int, str]], span: Span) -> Iterator[tuple[str, str]]:
    """Yield `(piece, kind)` of one line: the `marks` (start, end, kind; in order) that fall
    into `span`, and the text between them with the kind `""`."""
    start, end = span
    for first, last, kind in marks:
        if last <= start:
            continue
        if first >= end:
            break
        first, last = max(first, start), min(last, end)
        if first > start:
            yield text[start:first], ""
        yield text[first:last], kind
        start = last
    if start < end:
        yield text[start:end], ""
