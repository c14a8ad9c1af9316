"""Prefix beam search: other readings of a word, and a person's names preferred.

In: `Frames` with the candidates of the frames in which the model hesitates. Out: `TokenRun`s of
the best reading, or the best few readings with their shares. Off unless hotwords are given or
a word is uncertain: the greedy reading is the rule.

Source of the search: Graves et al., first-pass CTC decoding with prefixes (arXiv 1408.2873).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from omoai_engine.asr.chunkformer.checkpoint import BLANK
from omoai_engine.asr.chunkformer.ctc import Frames, TokenRun

NEVER = -math.inf
BEAM = 8
AUDIBLE = math.log(0.3)
"""A frame in which a token is less probable does not lengthen it."""
BONUS_A_TOKEN = 2.0
"""What each token of a hotword adds to a reading's log-probability while the word goes on.
Measured (tests/benchmarks/chunkformer_words.py) on speech in loud noise with the six words that
were missed most: 56 instead of 48 of 80 were found, 27 instead of 10 were heard where others were
said, and of all words 25.5 instead of 25.9 % were wrong. Twice as much finds a few more and costs
1 to 2 % of the words."""


@dataclass(slots=True, eq=False)
class HotwordNode:
    """A place in the tree of hotwords; `whole` says that a hotword ends here."""

    following: dict[int, HotwordNode] = field(default_factory=dict)
    whole: bool = False


def hotword_tree(spellings: Sequence[Sequence[int]]) -> HotwordNode:
    """Return the tree of all token sequences."""
    root = HotwordNode()
    for spelling in spellings:
        node = root
        for token in spelling:
            node = node.following.setdefault(token, HotwordNode())
        node.whole = node is not root
    return root


def spell(text: str, token_ids: dict[str, int], limit: int = 6) -> list[tuple[int, ...]]:
    """Return the ways to write `text` (word marks in place) in tokens, fewest tokens first."""
    longest = max(map(len, token_ids), default=1)
    ways: list[list[tuple[int, ...]]] = [[()], *([] for _ in text)]
    for end in range(1, len(text) + 1):
        found = [
            (*way, token_ids[text[start:end]])
            for start in range(max(0, end - longest), end)
            if text[start:end] in token_ids
            for way in ways[start]
        ]
        ways[end] = sorted(found, key=len)[:limit]
    return ways[-1] if text else []


@dataclass(slots=True, eq=False)
class _Reading:
    """A prefix of tokens: log-probability ending in a blank and in its last token."""

    parent: _Reading | None
    token: int
    place: HotwordNode | None
    tentative: float  # bonus for a hotword that is not whole yet
    earned: float  # bonus for whole hotwords
    words: int = 0
    blank: float = NEVER
    label: float = NEVER
    next_blank: float = NEVER
    next_label: float = NEVER
    first: int = 0
    last: int = 0
    log_prob: float = NEVER
    best_way: float = NEVER  # of hearing the last token in the frame at hand
    heard: tuple[int, int, float] | None = None  # first, last, log_prob by that way
    children: dict[int, _Reading] = field(default_factory=dict)

    def child(self, token: int, root: HotwordNode | None, begins: int) -> _Reading:
        if token not in self.children:
            place, tentative, earned = _follow(self, token, root)
            words = self.words + begins
            self.children[token] = _Reading(self, token, place, tentative, earned, words)
        return self.children[token]

    def settle(self) -> None:
        """Go on to the next frame."""
        self.blank, self.label = self.next_blank, self.next_label
        self.next_blank = self.next_label = self.best_way = NEVER
        if self.heard:
            self.first, self.last, self.log_prob = self.heard
            self.heard = None

    def runs(self) -> list[TokenRun]:
        found, node = [], self
        while node.parent is not None:
            found.append(TokenRun(node.token, node.first, node.last, node.log_prob))
            node = node.parent
        return found[::-1]


def _follow(
    reading: _Reading, token: int, root: HotwordNode | None
) -> tuple[HotwordNode | None, float, float]:
    """One token further in the tree; a hotword that breaks off gives its bonus back."""
    if root is None or reading.place is None:
        return None, 0.0, 0.0
    place, tentative = reading.place.following.get(token), reading.tentative
    if place is None:
        place, tentative = root.following.get(token), 0.0
    if place is None:
        return root, 0.0, reading.earned
    tentative += BONUS_A_TOKEN
    if place.whole:
        return place, 0.0, reading.earned + tentative
    return place, tentative, reading.earned


@dataclass(frozen=True, slots=True)
class WordLimit:
    """How many words a reading may have at most when it has reached each of the frames searched.

    Without it a bonus is most easily earned by words that nobody said, and the other readings of
    a word are the word with another one beside it. `begins[token]` is 1 where a token begins a
    word."""

    begins: Sequence[int]
    most: Sequence[int]


def search(
    frames: Frames,
    start: int,
    stop: int,
    *,
    tree: HotwordNode | None = None,
    limit: WordLimit | None = None,
    doubt: float = NEVER,
    beam: int = BEAM,
) -> list[tuple[list[TokenRun], float]]:
    """Return the best readings of frames start..stop-1, each with its share of the beam.

    The frames of the runs are counted from the beginning of `frames`. Without hotwords all ways
    to hear a reading are summed. With them its best way counts, as in the greedy reading, from
    which the result then differs by hotwords alone. `doubt` is the log-probability of a blank in
    a frame without hesitation.
    """
    add = max if tree else _add
    first = _Reading(None, BLANK, tree, 0.0, 0.0, blank=0.0)
    active = [first]
    for t in range(start, stop):
        touched = dict.fromkeys(active)
        for reading in active:
            total = add(reading.blank, reading.label)
            for token, log_prob in _candidates(frames, t, doubt):
                if token == BLANK:
                    reading.next_blank = add(reading.next_blank, total + log_prob)
                    continue
                if token == reading.token:
                    _hear(reading, t, reading.label + log_prob, log_prob, add, entering=False)
                    entering = reading.blank
                else:
                    entering = total
                begins = limit.begins[token] if limit else 0
                if entering > NEVER and not (
                    limit and begins and reading.words >= limit.most[t - start]
                ):
                    child = reading.child(token, tree, begins)
                    touched[child] = None
                    _hear(child, t, entering + log_prob, log_prob, add, entering=True)
        for reading in touched:
            reading.settle()
        ranks = {r: add(r.blank, r.label) + r.tentative + r.earned for r in touched}
        active = sorted(touched, key=ranks.__getitem__, reverse=True)[:beam]
    active = [r for r in active if max(r.blank, r.label) > NEVER] or [first]
    scores = [add(r.blank, r.label) + r.earned for r in active]
    whole = max(scores) + math.log(sum(math.exp(s - max(scores)) for s in scores))
    order = sorted(range(len(active)), key=lambda i: scores[i], reverse=True)
    return [(active[i].runs(), math.exp(scores[i] - whole)) for i in order]


def _hear(
    reading: _Reading,
    t: int,
    score: float,
    log_prob: float,
    add: Callable[[float, float], float],
    *,
    entering: bool,
) -> None:
    """Add a way of hearing the reading's last token in frame t; the likeliest sets its frames."""
    reading.next_label = add(reading.next_label, score)
    if score <= reading.best_way:
        return
    reading.best_way = score
    if entering:
        reading.heard = t, t, log_prob
    else:
        last = t if log_prob > AUDIBLE else reading.last
        reading.heard = reading.first, last, max(reading.log_prob, log_prob)


def _candidates(frames: Frames, t: int, doubt: float) -> Iterator[tuple[int, float]]:
    few = frames.candidates.get(t)
    if few is None:
        token = int(frames.tokens[t])
        yield token, float(frames.log_probs[t])
        if token != BLANK and doubt > NEVER:
            yield BLANK, doubt
    else:
        yield from zip(few[0].tolist(), few[1].tolist(), strict=True)


def _add(a: float, b: float) -> float:
    """log(exp a + exp b)."""
    if a < b:
        a, b = b, a
    return a if b == NEVER else a + math.log1p(math.exp(b - a))
