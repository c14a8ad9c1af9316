"""A whole transcript as a text file for any editor, and the way back.

Out: one block a segment, `[#7 0:01:23.4 Speaker] text`, blocks in order. In: what a person made
of it. Each mark keeps its segment; words that stayed keep their time. A mark taken out joins its
segment to the one before; an emptied block deletes its segment. Nothing is refused in silence:
what cannot be placed comes back as a `Note` with its line, and the rest is done.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from omoai_engine.library.aligning import bare, pieces
from omoai_engine.library.edits import Delete, Edit, EditText, Merge, SetSpeaker
from omoai_engine.library.records import Segment, Transcript
from omoai_engine.text import clean_text, one_line

_HEAD = """\
# {title}
#
# Change the text after the marks. A mark [#7 0:01:23.4] keeps its place and its time; a name in
# it says who speaks. Take a mark out to join its text to the one before; empty a block to delete
# it. Lines that begin with "# " are not read.
"""
_MARK = re.compile(r"^\[#(\d{1,9})(?:\s+[\d:.]+)?(?:\s+([^\]]*))?\]\s*")


@dataclass(frozen=True, slots=True)
class Note:
    """Something in the text that could not be placed: its line (from 1), what, and why."""

    line: int
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Return:
    """What a text came back as: the edits to make, and what could not be placed."""

    edits: tuple[Edit, ...]
    notes: tuple[Note, ...] = ()


@dataclass(slots=True)
class _Block:
    key: int
    line: int
    speaker: str
    text: str


def to_text(transcript: Transcript) -> str:
    """Return the transcript as text to edit."""
    lines = [_HEAD.format(title=one_line(transcript.entry.title))]
    for segment in transcript.segments:
        if segment.key in transcript.paragraph_starts:
            lines.append("")
        mark = f"[#{segment.key} {_clock(segment.start)}"
        if segment.speaker:
            mark += f" {segment.speaker.replace(']', ')')}"
        lines.append(f"{mark}] {segment.text}")
    return "\n".join(lines) + "\n"


def from_text(transcript: Transcript, text: str) -> Return:
    """Return what `text`, a changed `to_text(transcript)`, means for `transcript`."""
    blocks, notes = _blocks(transcript, clean_text(text))
    by_key = {block.key: block for block in blocks}
    edits: list[Edit] = []
    gone: list[int] = []
    runs: list[tuple[_Block | None, list[Segment]]] = []
    for segment in transcript.segments:
        if segment.key in by_key:
            runs.append((by_key[segment.key], [segment]))
        elif runs:
            runs[-1][1].append(segment)
        else:
            runs.append((None, [segment]))
    for block, run in runs:
        if block is None or not block.text:
            gone += [segment.key for segment in run]
            continue
        stays = _reaching(block.text, run)
        gone += [segment.key for segment in run[stays:]]
        if stays > 1:
            edits.append(Merge(tuple(segment.key for segment in run[:stays])))
        before = " ".join(segment.text for segment in run[:stays])
        if stays > 1 or one_line(block.text) != before:
            seen = None if stays > 1 else before
            edits.append(EditText(block.key, block.text, seen))
        old = run[0].speaker or ""
        if block.speaker != old.replace("]", ")"):
            edits.append(SetSpeaker((block.key,), block.speaker or None))
    if gone:
        edits.append(Delete(tuple(gone)))
    return Return(tuple(edits), tuple(notes))


def _blocks(transcript: Transcript, text: str) -> tuple[list[_Block], list[Note]]:
    order = {segment.key: at for at, segment in enumerate(transcript.segments)}
    blocks: list[_Block] = []
    notes: list[Note] = []
    seen: set[int] = set()
    lost = False
    latest = -1
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith("# ") or line.strip() in ("", "#"):
            continue
        mark = _MARK.match(line)
        if mark is None:
            if blocks and not lost:
                blocks[-1].text = one_line(f"{blocks[-1].text} {line}")
            else:
                notes.append(Note(number, one_line(line), "it stands after no mark"))
            continue
        key, said = int(mark[1]), one_line(line[mark.end() :])
        lost = key not in order or key in seen
        if lost:
            why = "its mark stands twice" if key in seen else "there is no such segment"
            notes.append(Note(number, said, why))
            continue
        if order[key] < latest:
            notes.append(Note(number, said, "segments cannot change places; it stays where it was"))
        latest = max(latest, order[key])
        seen.add(key)
        blocks.append(_Block(key, number, one_line(mark[2] or ""), said))
    return blocks, notes


def _reaching(text: str, run: Sequence[Segment]) -> int:
    """Return how many segments of `run`, whose later marks are gone, the text still holds."""
    if len(run) == 1:
        return 1
    words = {bare(piece) for piece in pieces(text)}
    own = {bare(piece) for piece in pieces(run[0].text)}
    reach = 1
    for at, segment in enumerate(run[1:], start=1):
        theirs = {bare(piece) for piece in pieces(segment.text)}
        kept = len(theirs & words)
        if theirs - own and 2 * kept >= len(theirs) and (theirs - own) & words:
            reach = at + 1
    return reach


def _clock(seconds: float) -> str:
    tenths = round(seconds * 10)
    return f"{tenths // 36000}:{tenths // 600 % 60:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"
