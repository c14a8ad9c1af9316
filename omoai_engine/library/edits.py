"""Edits of a transcript as values, and what each does: pure functions, no database.

In: an edit and the segments it speaks of. Out: a `Step` (which segments go, which come) that can
be taken back by swapping its sides. Words that a person did not touch keep their time and their
confidence. Times never go backwards; an edit that cannot be made raises `EditError` in one
sentence and changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from omoai_engine.errors import EditError, NotInLibraryError
from omoai_engine.library.aligning import in_order, pieces, realigned
from omoai_engine.library.folding import occurrences
from omoai_engine.library.records import END_POSITION, Segment, Step, next_position
from omoai_engine.results import ASRSegment, Word
from omoai_engine.text import one_line

LONGEST_TEXT = 1_000_000
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class EditText:
    """Give segment `key` another text. `seen` is the text that the person had before them: what
    somebody else has written there meanwhile is not written over."""

    key: int
    text: str
    seen: str | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """Cut segment `key` in two before its word number `word` (from 1: the second word)."""

    key: int
    word: int


@dataclass(frozen=True, slots=True)
class Merge:
    """Make one segment of several that follow each other."""

    keys: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Delete:
    """Take segments out."""

    keys: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SetTimes:
    """Give segment `key` another start and end, in seconds."""

    key: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class SetSpeaker:
    """Say who speaks in segments; `None` takes the name away."""

    keys: tuple[int, ...]
    speaker: str | None


@dataclass(frozen=True, slots=True)
class RenameSpeaker:
    """Give a speaker another name everywhere."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Replace:
    """Replace every `find` by `replacement`, in the segments `keys` or everywhere.

    With `marks_count` false "tieng" also finds "tiếng".
    """

    find: str
    replacement: str
    keys: tuple[int, ...] | None = None
    marks_count: bool = True
    case_counts: bool = False
    whole_words: bool = True


@dataclass(frozen=True, slots=True)
class Confirm:
    """Say that words `first..last` (from 0) of segment `key` are right as they stand: they lose
    their confidence and alternatives, for a person knows better. Without words: the segment."""

    key: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Recognize:
    """Put what another recognition heard (`heard`, in time order) in the place of segments that
    follow each other. What is not heard again is gone; undo brings it back."""

    keys: tuple[int, ...]
    heard: tuple[ASRSegment, ...]


Edit = (
    EditText
    | Split
    | Merge
    | Delete
    | SetTimes
    | SetSpeaker
    | RenameSpeaker
    | Replace
    | Confirm
    | Recognize
)


def keys_of(edit: Edit) -> tuple[int, ...] | None:
    """Return the segments that `edit` speaks of; `None`: any of the transcript."""
    if isinstance(edit, EditText | Split | SetTimes | Confirm):
        return (edit.key,)
    if isinstance(edit, RenameSpeaker):
        return None
    return edit.keys


def label(edit: Edit) -> str:
    """Return what `edit` is called in the history."""
    names = {
        EditText: "Edit text",
        Split: "Split segment",
        Merge: "Merge segments",
        Delete: "Delete segments",
        SetTimes: "Change times",
        SetSpeaker: "Set speaker",
        RenameSpeaker: "Rename speaker",
        Confirm: "Confirm words",
        Recognize: "Recognise again",
    }
    if isinstance(edit, Replace):
        return one_line(f'Replace "{edit.find[:40]}" by "{edit.replacement[:40]}"')
    return names[type(edit)]


def apply(
    edit: Edit,
    chosen: Sequence[Segment],
    *,
    before: Segment | None,
    after: Segment | None,
    new_key: int,
) -> Step:
    """Return what `edit` does to `chosen`, the segments it speaks of in transcript order.

    `before` and `after` are the neighbours of the chosen ones, `new_key` the first key that no
    segment has or had, of as many as `new_keys` says. Raises `EditError`.
    """
    if isinstance(edit, EditText):
        (segment,) = chosen
        if edit.seen is not None and segment.edited and segment.text not in (edit.seen, edit.text):
            raise EditError(
                f'another program has changed this segment meanwhile to "{segment.text[:200]}"',
                hint="Look at it, then write yours again",
            )
        return _changed([segment], [edited_text(segment, edit.text)])
    if isinstance(edit, Split):
        (segment,) = chosen
        parts = split(segment, edit.word, after, new_key)
        return Step((segment,), parts)
    if isinstance(edit, Merge):
        return Step(tuple(chosen), (merged(chosen),))
    if isinstance(edit, Delete):
        return Step(tuple(chosen), ())
    if isinstance(edit, SetTimes):
        (segment,) = chosen
        return _changed([segment], [retimed(segment, edit.start, edit.end, before, after)])
    if isinstance(edit, SetSpeaker):
        name = _name(edit.speaker)
        return _changed(chosen, [replace(s, speaker=name, edited=True) for s in chosen])
    if isinstance(edit, Confirm):
        (segment,) = chosen
        return _changed([segment], [confirmed(segment, edit.first, edit.last)])
    if isinstance(edit, Recognize):
        return Step(tuple(chosen), heard_again(edit.heard, chosen, after, new_key))
    if isinstance(edit, RenameSpeaker):
        concerned = [segment for segment in chosen if segment.speaker == edit.old]
        name = _name(edit.new)
        return _changed(concerned, [replace(s, speaker=name, edited=True) for s in concerned])
    return _replaced(edit, chosen)


def new_keys(edit: Edit) -> int:
    """Return how many segments with a key of their own `edit` makes."""
    if isinstance(edit, Recognize):
        return max(len(edit.heard) - len(edit.keys), 0)
    return int(isinstance(edit, Split))


def confirmed(segment: Segment, first: int, last: int) -> Segment:
    """Return `segment` with words `first..last` beyond doubt. Raises `EditError`."""
    if not segment.words:
        return replace(segment, confidence=None, edited=True)
    if not 0 <= first <= last < len(segment.words):
        raise EditError("the words are no longer there", hint="It was changed meanwhile; look")
    words = tuple(
        replace(word, confidence=None, alternatives=()) if first <= at <= last else word
        for at, word in enumerate(segment.words)
    )
    return replace(segment, words=words, confidence=_mean(words, None), edited=True)


def heard_again(
    heard: Sequence[ASRSegment], chosen: Sequence[Segment], after: Segment | None, new_key: int
) -> tuple[Segment, ...]:
    """Return `heard` as segments in the place of `chosen`: their keys first, then new ones."""
    if not heard:
        raise EditError("nothing was heard there", hint="Leave it, or delete the segments")
    above = after.position if after else END_POSITION
    keys = [segment.key for segment in chosen]
    keys += range(new_key, new_key + len(heard) - len(chosen))
    place = ""
    made = []
    for at, one in enumerate(heard):
        place = chosen[at].position if at < len(chosen) else next_position(place, above)
        text = one_line(one.text)
        if not text:
            raise EditError("nothing was heard there", hint="Leave it, or delete the segments")
        speaker = one.speaker or chosen[min(at, len(chosen) - 1)].speaker
        made.append(
            Segment(
                keys[at],
                place,
                one.start,
                one.end,
                text,
                one.confidence,
                speaker,
                in_order(one.words, one.start, one.end),
                edited=True,
            )
        )
    return tuple(made)


def edited_text(segment: Segment, text: str) -> Segment:
    """Return `segment` with another text. Raises `EditError` for none or too much."""
    text = one_line(text)
    if not text:
        raise EditError("a segment cannot be empty", hint="Delete it instead")
    if len(text) > LONGEST_TEXT:
        raise EditError("the text is longer than a million letters", hint="Write less")
    if text == segment.text:
        return segment
    words = segment.words and realigned(segment.words, text, segment.start, segment.end)
    return replace(segment, text=text, words=words, edited=True)


def split(
    segment: Segment, word: int, after: Segment | None, new_key: int
) -> tuple[Segment, Segment]:
    """Return `segment` as two, cut before word number `word`; the second gets `new_key`."""
    tokens = word_places(segment)
    count = len(tokens)
    if not 1 <= word < count:
        raise EditError(
            "a segment can be cut only between two of its words",
            hint=f"Choose a word from 2 to {count}" if count > 1 else "It has one word only",
        )
    cut = tokens[word][0]
    if segment.words and len(segment.words) == count:
        left, right = segment.words[:word], segment.words[word:]
        ends, begins = left[-1].end, right[0].start
        ends = min(ends, begins)
    else:
        left, right = (), ()
        share = cut / max(len(segment.text), 1)
        ends = begins = segment.start + (segment.end - segment.start) * share
    ends, begins = max(ends, segment.start), min(max(begins, segment.start), segment.end)
    place = next_position(segment.position, after.position if after else END_POSITION)
    return (
        replace(
            segment,
            end=ends,
            text=segment.text[:cut].strip(),
            words=in_order(left, segment.start, ends),
            confidence=_mean(left, segment.confidence),
            edited=True,
        ),
        replace(
            segment,
            key=new_key,
            position=place,
            start=begins,
            text=segment.text[cut:].strip(),
            words=in_order(right, begins, segment.end),
            confidence=_mean(right, segment.confidence),
            edited=True,
        ),
    )


def merged(segments: Sequence[Segment]) -> Segment:
    """Return neighbouring segments as one, with the key of the first."""
    if len(segments) < 2:
        raise EditError("merging needs two segments or more", hint="Choose the next one too")
    first = segments[0]
    text = first.text
    for segment in segments[1:]:
        text += "" if _unspaced(text[-1:]) and _unspaced(segment.text[:1]) else " "
        text += segment.text
    if len(text) > LONGEST_TEXT:
        raise EditError("the text would be longer than a million letters", hint="Merge fewer")
    start, end = first.start, max(segment.end for segment in segments)
    whole = all(segment.words for segment in segments)
    words = tuple(word for segment in segments for word in segment.words) if whole else ()
    known = [s.confidence for s in segments if s.confidence is not None]
    return replace(
        first,
        end=end,
        text=text,
        words=in_order(words, start, end),
        confidence=sum(known) / len(known) if known else None,
        speaker=next((s.speaker for s in segments if s.speaker is not None), None),
        edited=True,
    )


def retimed(
    segment: Segment, start: float, end: float, before: Segment | None, after: Segment | None
) -> Segment:
    """Return `segment` from `start` to `end`; its words move along in proportion."""
    if not (math.isfinite(start) and math.isfinite(end) and 0 <= start < end):
        raise EditError("a segment must begin at 0 or later and end after it begins")
    if before is not None and start < before.start:
        raise EditError(
            "the segment would begin before the one in front of it",
            hint=f"Choose a start of {before.start:.3f} s or later",
        )
    if after is not None and start > after.start:
        raise EditError(
            "the segment would begin after the next one",
            hint=f"Choose a start of {after.start:.3f} s or earlier",
        )
    span = segment.end - segment.start
    scale = (end - start) / span if span > 0 else 0.0
    words = [
        replace(
            word,
            start=start + (word.start - segment.start) * scale,
            end=start + (word.end - segment.start) * scale,
        )
        for word in segment.words
    ]
    return replace(segment, start=start, end=end, words=in_order(words, start, end), edited=True)


def found_in(edit: Replace, text: str) -> list[tuple[int, int]]:
    """Return the places in `text` that `edit` would replace."""
    return occurrences(
        text,
        one_line(edit.find),
        marks_count=edit.marks_count,
        case_counts=edit.case_counts,
        whole_words=edit.whole_words,
    )


def _replaced(edit: Replace, chosen: Sequence[Segment]) -> Step:
    if not one_line(edit.find):
        raise EditError("there is nothing to look for", hint="Say what to replace")
    old: list[Segment] = []
    new: list[Segment] = []
    for segment in chosen:
        places = found_in(edit, segment.text)
        if not places:
            continue
        text, at = "", 0
        for first, last in places:
            text += segment.text[at:first] + edit.replacement
            at = last
        text = one_line(text + segment.text[at:])
        if not text:
            raise EditError(
                "a segment would be left empty", hint="Delete that segment, then replace the rest"
            )
        old.append(segment)
        new.append(edited_text(segment, text))
    return _changed(old, new)


def _changed(old: Sequence[Segment], new: Sequence[Segment]) -> Step:
    """Return the step for those that really differ."""
    pairs = [
        (before, after)
        for before, after in zip(old, new, strict=True)
        if replace(before, edited=True) != replace(after, edited=True)
    ]
    return Step(tuple(a for a, _ in pairs), tuple(b for _, b in pairs))


def _name(speaker: str | None) -> str | None:
    name = one_line(speaker or "")
    if len(name) > _LONGEST_NAME:
        raise EditError("the name is longer than 200 letters", hint="Choose a shorter one")
    return name or None


def _mean(words: Sequence[Word], otherwise: float | None) -> float | None:
    known = [word.confidence for word in words if word.confidence is not None]
    return sum(known) / len(known) if known else otherwise


def _unspaced(letter: str) -> bool:
    return bool(letter) and len(pieces(letter + letter)) == 2


def word_places(segment: Segment) -> list[tuple[int, int]]:
    """Return where the words of the text stand, as (first, past the last) letters: those of
    `segment.words` where they spell it."""
    spelled = [one_line(word.text) for word in segment.words]
    if not all(spelled) or "".join(spelled).replace(" ", "") != segment.text.replace(" ", ""):
        spelled = pieces(segment.text)
    places: list[tuple[int, int]] = []
    at = 0
    for piece in spelled:
        begins = -1
        for letter in piece.replace(" ", ""):
            at = segment.text.index(letter, at) + 1
            begins = at - 1 if begins < 0 else begins
        places.append((begins, at))
    return places


def pick(segments: Sequence[Segment], keys: Sequence[int]) -> list[Segment]:
    """Return the segments named by `keys` in transcript order. Raises `NotInLibraryError`."""
    by_key = {segment.key: segment for segment in segments}
    missing = [key for key in keys if key not in by_key]
    if missing:
        raise NotInLibraryError(
            f"segment {missing[0]} is no longer there", hint="It was changed meanwhile; look again"
        )
    wanted = set(keys)
    return [segment for segment in segments if segment.key in wanted]
