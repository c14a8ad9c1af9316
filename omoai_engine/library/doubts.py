"""The places of a transcript that a person should look at, with what else could stand there.

In: segments as they stand and the language model's suggestions. Out: `Doubt`s in the order of the
recording. Pure: what a person confirmed or wrote has no confidence and no alternatives any more
(`Confirm`, `EditText`), so a settled place is not found again, whenever it is looked for.

A word is doubtful where the recogniser gave it less than `SURE_FROM`, or where another reading
had at least `CLOSE` of its probability. Doubtful words beside each other are one place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from omoai_engine.library.aligning import bare
from omoai_engine.library.edits import word_places
from omoai_engine.library.folding import fold
from omoai_engine.library.records import Segment, StoredSuggestion
from omoai_engine.results import Word

SURE_FROM = 0.5
CLOSE = 0.5
_MOST_WORDS = 4
_MOST_OPTIONS = 9
_OFTEN = 2

SameSound = Mapping[str, Sequence[str]]
"""Words heard surely elsewhere, by what they are without marks."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Words `first..last` (from 0, both included) of segment `key`, which are `text` and stand at
    `begin` to `stop` in its text; heard from `start` to `end` seconds.

    `options` are what else could stand there, the likeliest first. `suggestion` is the language
    model's, if it made one: its words are the first option.
    """

    key: int
    first: int
    last: int
    begin: int
    stop: int
    text: str
    start: float
    end: float
    confidence: float | None
    options: tuple[str, ...] = ()
    suggestion: int | None = None


def doubts_of(
    segment: Segment, suggestions: Iterable[StoredSuggestion] = (), same: SameSound | None = None
) -> list[Doubt]:
    """Return the doubtful places of one segment; `suggestions` are those for it."""
    found = [
        doubt for one in suggestions if (doubt := _suggested(segment, one, same or {})) is not None
    ]
    if not segment.words:
        return found or _whole(segment)
    runs = _runs(segment.words)
    if not runs:
        return found
    places = word_places(segment)
    if len(places) != len(segment.words):
        # The words do not spell the text (figures written out): the whole segment is the place.
        return found or _whole(segment)
    taken = [(one.begin, one.stop) for one in found]
    for first, last in runs:
        begin, stop = places[first][0], places[last][1]
        if any(a < stop and begin < b for a, b in taken):
            continue
        words = segment.words[first : last + 1]
        known = [word.confidence for word in words if word.confidence is not None]
        found.append(
            Doubt(
                segment.key,
                first,
                last,
                begin,
                stop,
                segment.text[begin:stop],
                words[0].start,
                max(word.end for word in words),
                min(known, default=None),
                _options(segment, places, first, last, same or {}),
            )
        )
    return sorted(found, key=lambda doubt: doubt.begin)


def same_sound(segments: Iterable[Segment]) -> dict[str, list[str]]:
    """Return the words that were surely heard more than once, by what they are without marks,
    the frequent ones first: "tieng" gives "tiếng", "tiệng"."""
    count: Counter[str] = Counter()
    for segment in segments:
        count.update(
            word.text.strip(".,;:!?…\"'()").lower()
            for word in segment.words
            if word.confidence is None or word.confidence >= 0.9
        )
    found: dict[str, list[str]] = {}
    for text, times in count.most_common():
        if times < _OFTEN:
            break
        if text:
            found.setdefault(fold(text), []).append(text)
    return {key: words for key, words in found.items() if len(words) > 1 or words[0] != key}


def is_open(segment: Segment | None, suggestion: StoredSuggestion) -> bool:
    """Say whether a suggestion waits for the person: not refused, and its words stand there (so
    one that was accepted and then undone waits again)."""
    if segment is None or suggestion.state == "refused":
        return False
    tokens = segment.text.split()
    return " ".join(tokens[suggestion.first : suggestion.last + 1]) == suggestion.words


def _suggested(segment: Segment, one: StoredSuggestion, same: SameSound) -> Doubt | None:
    if one.key != segment.key or not is_open(segment, one):
        return None
    tokens = segment.text.split()
    begin = len(" ".join(tokens[: one.first])) + bool(one.first)
    stop = begin + len(one.words)
    places = word_places(segment) if segment.words else []
    inside = [
        at
        for at, (a, b) in enumerate(places)
        if a < stop and begin < b and len(places) == len(segment.words)
    ]
    start, end, confidence = segment.start, segment.end, segment.confidence
    options = [one.text]
    if inside:
        words = segment.words[inside[0] : inside[-1] + 1]
        start, end = words[0].start, max(word.end for word in words)
        known = [word.confidence for word in words if word.confidence is not None]
        confidence = min(known, default=None)
        others = _options(segment, places, inside[0], inside[-1], same)
        options += [text for text in others if text != one.text]
    first, last = (inside[0], inside[-1]) if inside else (one.first, one.last)
    return Doubt(
        segment.key,
        first,
        last,
        begin,
        stop,
        one.words,
        start,
        end,
        confidence,
        tuple(options[:_MOST_OPTIONS]),
        one.id,
    )


def _whole(segment: Segment) -> list[Doubt]:
    """The whole segment, where only it as such is doubtful and nobody has edited it."""
    unsure = segment.confidence is not None and segment.confidence < SURE_FROM
    if not unsure or segment.edited:
        return []
    last = max(len(segment.words), 1) - 1
    return [
        Doubt(
            segment.key,
            0,
            last,
            0,
            len(segment.text),
            segment.text,
            segment.start,
            segment.end,
            segment.confidence,
        )
    ]


def _is_doubtful(word: Word) -> bool:
    if word.confidence is None:
        return False
    if word.confidence < SURE_FROM:
        return True
    closest = max((chance for _, chance in word.alternatives), default=0.0)
    return closest >= CLOSE * word.confidence


def _runs(words: Sequence[Word]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for at, word in enumerate(words):
        if not _is_doubtful(word):
            continue
        if runs and runs[-1][1] == at - 1 and at - runs[-1][0] < _MOST_WORDS:
            runs[-1] = runs[-1][0], at
        else:
            runs.append((at, at))
    return runs


def _options(
    segment: Segment,
    places: Sequence[tuple[int, int]],
    first: int,
    last: int,
    same: SameSound,
) -> tuple[str, ...]:
    """Return the place with one of its words read otherwise, the likeliest first; then with the
    words of the same letters that were heard surely elsewhere."""
    text = segment.text
    begin, stop = places[first][0], places[last][1]
    ranked: list[tuple[float, str]] = []
    for at in range(first, last + 1):
        a, b = places[at]
        here = text[a:b]
        head, tail = _marks(here)
        plain = here[len(head) : len(here) - len(tail) or None]
        others = [(chance, other) for other, chance in segment.words[at].alternatives]
        others += [(-1.0, other) for other in same.get(fold(plain), ())]
        for chance, other in others:
            if bare(other) != bare(plain):
                changed = f"{head}{_cased(other, plain)}{tail}"
                ranked.append((chance, text[begin:a] + changed + text[b:stop]))
    ranked.sort(key=lambda pair: -pair[0])
    return tuple(dict.fromkeys(other for _, other in ranked))[:_MOST_OPTIONS]


def _marks(word: str) -> tuple[str, str]:
    """Return the signs before and after a word."""
    first, last = 0, len(word)
    while first < last and not word[first].isalnum():
        first += 1
    while last > first and not word[last - 1].isalnum():
        last -= 1
    return word[:first], word[last:]


def _cased(other: str, like: str) -> str:
    return other[:1].upper() + other[1:] if like[:1].isupper() else other
