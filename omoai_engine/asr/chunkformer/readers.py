"""Three ways to read encoder frames as tokens, behind one face.

`hear` puts frames (n, D) to the model, which is what needs memory, and changes nothing; `push`
takes what was heard and returns the token runs that are decided, and the frame up to which
everything is; `finish` returns the rest; `draft` reads what is not decided yet, and changes
nothing; `alternatives` gives other readings of a word.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from copy import copy
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from omoai_engine.asr.chunkformer.beam import HotwordNode, WordLimit, search
from omoai_engine.asr.chunkformer.checkpoint import BLANK
from omoai_engine.asr.chunkformer.ctc import CTCHead, Frames, GreedyCollapse, TokenRun
from omoai_engine.asr.chunkformer.rnnt import TransducerGreedy, TransducerHead

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

_LONGEST_UTTERANCE = 250  # frames, 20 s: then the beam is cut at its surest blank
_MARGIN_FRAMES = 2  # silent neighbours may belong to another reading of a word
_DOUBT = math.log(0.001)  # a frame without hesitation may have been misheard, too


class Reader(Protocol):
    """Frames to token runs."""

    def hear(self, frames: Tensor) -> Any:
        """What the model says of the next frames, for `push`; changes nothing."""
        ...

    def push(self, heard: Any) -> tuple[list[TokenRun], int]:
        """Return the decided runs and the frame before which all is decided."""
        ...

    def finish(self) -> list[TokenRun]:
        """Return the runs that are left at the end of the recording."""
        ...

    def draft(self, frames: Tensor) -> list[TokenRun]:
        """Return the runs that are not decided, as they would be if only `frames` followed."""
        ...

    def alternatives(self, first: int, last: int) -> list[tuple[list[int], float]]:
        """Return readings of the frames first..last as tokens with their shares, best first."""
        ...

    def forget(self, before: int) -> None:
        """No frame before this one will be asked for."""
        ...

    def use(self, head: Any) -> None:
        """Go on with the same head on another device."""
        ...


class _History:
    """The last frames, for another look; counted from the beginning of the recording."""

    def __init__(self) -> None:
        self.first = 0
        self.frames = Frames(np.zeros(0, np.int64), np.zeros(0, np.float32), {})

    @property
    def stop(self) -> int:
        return self.first + len(self.frames)

    def append(self, frames: Frames) -> None:
        shift = len(self.frames)
        moved = {index + shift: few for index, few in frames.candidates.items()}
        self.frames = Frames(
            np.concatenate((self.frames.tokens, frames.tokens)),
            np.concatenate((self.frames.log_probs, frames.log_probs)),
            {**self.frames.candidates, **moved},
        )

    def forget(self, before: int) -> None:
        drop = min(before, self.stop) - self.first
        if drop > 0:
            kept = {i - drop: few for i, few in self.frames.candidates.items() if i >= drop}
            self.frames = Frames(self.frames.tokens[drop:], self.frames.log_probs[drop:], kept)
            self.first += drop

    def best(self, first: int, stop: int, tree: HotwordNode, limit: WordLimit) -> list[TokenRun]:
        """The best reading of the frames first..stop-1 with hotwords preferred."""
        start, end = first - self.first, stop - self.first
        runs, _ = search(self.frames, start, end, tree=tree, limit=limit)[0]
        return [_moved(run, self.first) for run in runs]

    def greedy(self, first: int, stop: int) -> list[TokenRun]:
        """The best token of every frame first..stop-1, collapsed."""
        rows = slice(first - self.first, stop - self.first)
        collapse = GreedyCollapse()
        runs = collapse.push(Frames(self.frames.tokens[rows], self.frames.log_probs[rows], {}))
        return [_moved(run, first) for run in runs + collapse.finish()]

    def readings(
        self, first: int, last: int, begins: Sequence[int]
    ) -> list[tuple[list[int], float]]:
        """Readings of the frames first..last as one word, with the silence around them."""
        start, stop = max(0, first - self.first), min(last + 1, self.stop) - self.first
        tokens = self.frames.tokens
        for _ in range(_MARGIN_FRAMES):
            start -= start > 0 and tokens[start - 1] == BLANK
            stop += stop < len(tokens) and tokens[stop] == BLANK
        limit = WordLimit(begins, [1] * (stop - start))
        found = search(self.frames, start, stop, limit=limit, doubt=_DOUBT)
        return [([run.token for run in runs], share) for runs, share in found]


class GreedyReader:
    """The best token of every frame."""

    def __init__(self, head: CTCHead, *, begins: Sequence[int], keep: bool) -> None:
        self._head, self._begins, self._keep = head, begins, keep
        self._collapse, self._history = GreedyCollapse(), _History()
        self._seen = 0

    def hear(self, frames: Tensor) -> Frames:
        """What is kept of the next frames."""
        return self._head(frames, hesitation=self._keep)

    def push(self, heard: Frames) -> tuple[list[TokenRun], int]:
        """Return the decided runs and the frame before which all is decided."""
        if self._keep:
            self._history.append(heard)
        self._seen += len(heard)
        runs = self._collapse.push(heard)
        still = self._collapse.open
        return runs, still.first if still and still.token != BLANK else self._seen

    def finish(self) -> list[TokenRun]:
        """Return the run that the end of the recording closes."""
        return self._collapse.finish()

    def draft(self, frames: Tensor) -> list[TokenRun]:
        """Return the runs that are not decided, as they would be if only `frames` followed."""
        collapse = copy(self._collapse)
        return collapse.push(self._head(frames, hesitation=False)) + collapse.finish()

    def alternatives(self, first: int, last: int) -> list[tuple[list[int], float]]:
        """Return other readings of the frames first..last."""
        return self._history.readings(first, last, self._begins) if self._keep else []

    def forget(self, before: int) -> None:
        """No frame before this one will be asked for."""
        self._history.forget(before - _MARGIN_FRAMES)

    def use(self, head: CTCHead) -> None:
        """Go on with the same head on another device."""
        self._head = head


class HotwordReader:
    """The best reading of each utterance with a person's words preferred.

    An utterance ends at a pause, so its words come later than the greedy reader's."""

    def __init__(self, head: CTCHead, tree: HotwordNode, pause: int, begins: Sequence[int]) -> None:
        self._head, self._tree, self._pause, self._begins = head, tree, pause, begins
        self._history = _History()
        self._decided = 0  # frames whose reading is given out
        self._looked = 0  # frames that were looked at for a pause
        self._quiet = 0  # blank frames at the end of those
        self._spoken = False

    def hear(self, frames: Tensor) -> Frames:
        """What is kept of the next frames."""
        return self._head(frames)

    def push(self, heard: Frames) -> tuple[list[TokenRun], int]:
        """Return the decided runs and the frame before which all is decided."""
        self._history.append(heard)
        runs: list[TokenRun] = []
        for index, token in enumerate(heard.tokens.tolist(), self._looked):
            silent = (
                token == BLANK
                and index - self._history.first not in self._history.frames.candidates
            )
            self._quiet = self._quiet + 1 if silent else 0
            self._spoken = self._spoken or not silent
            if self._quiet > self._pause:
                runs += self._decide(index + 1)
            elif index + 1 - self._decided >= _LONGEST_UTTERANCE:
                runs += self._decide(self._surest_blank(index + 1))
        self._looked += len(heard)
        return runs, self._decided

    def finish(self) -> list[TokenRun]:
        """Return the reading of what is left."""
        return self._decide(self._history.stop)

    def draft(self, frames: Tensor) -> list[TokenRun]:
        """Return the runs that are not decided, in the greedy reading, without hotwords."""
        waiting = slice(self._decided - self._history.first, None)
        known, collapse = self._history.frames, GreedyCollapse()
        runs = collapse.push(Frames(known.tokens[waiting], known.log_probs[waiting], {}))
        runs += collapse.push(self._head(frames, hesitation=False)) + collapse.finish()
        return [_moved(run, self._decided) for run in runs]

    def alternatives(self, first: int, last: int) -> list[tuple[list[int], float]]:
        """Return other readings of the frames first..last."""
        return self._history.readings(first, last, self._begins)

    def forget(self, before: int) -> None:
        """No frame before this one will be asked for."""
        self._history.forget(min(before - _MARGIN_FRAMES, self._decided))

    def use(self, head: CTCHead) -> None:
        """Go on with the same head on another device."""
        self._head = head

    def _decide(self, stop: int) -> list[TokenRun]:
        runs: list[TokenRun] = []
        if self._spoken:
            limit = WordLimit(self._begins, self._most_words(stop))
            runs = self._history.best(self._decided, stop, self._tree, limit)
        self._decided, self._spoken = stop, False
        return runs

    def _most_words(self, stop: int) -> list[int]:
        """How many words were heard without hotwords up to each frame."""
        greedy = self._history.greedy(self._decided, stop)
        firsts = [run.first for run in greedy if self._begins[run.token]]
        return [bisect_right(firsts, t) for t in range(self._decided, stop)]

    def _surest_blank(self, stop: int) -> int:
        """The frame to cut at: the surest blank in the second half of the utterance."""
        half = (self._decided + stop) // 2
        rows = slice(half - self._history.first, stop - self._history.first)
        tokens, sure = self._history.frames.tokens[rows], self._history.frames.log_probs[rows]
        blank = np.where(tokens == BLANK, sure, -np.inf)
        return half + int(blank.argmax()) + 1


class TransducerReader:
    """Greedy RNN-T; it has no candidates to choose others from."""

    def __init__(self, head: TransducerHead) -> None:
        self._greedy = TransducerGreedy(head)

    def hear(self, frames: Tensor) -> tuple[list[TokenRun], TransducerGreedy]:
        """The tokens that are written in the next frames, and the search after them."""
        greedy = copy(self._greedy)
        return greedy.push(frames), greedy

    def push(self, heard: tuple[list[TokenRun], TransducerGreedy]) -> tuple[list[TokenRun], int]:
        """Return the decided runs and the frame before which all is decided."""
        runs, self._greedy = heard
        return runs, self._greedy.seen

    def finish(self) -> list[TokenRun]:
        """Everything is decided at once."""
        return []

    def draft(self, frames: Tensor) -> list[TokenRun]:
        """Return the tokens that would be written in `frames`."""
        return copy(self._greedy).push(frames)

    def alternatives(self, first: int, last: int) -> list[tuple[list[int], float]]:
        """Return none."""
        return []

    def forget(self, before: int) -> None:
        """Nothing is kept."""

    def use(self, head: TransducerHead) -> None:
        """Go on with the same head on another device."""
        self._greedy.use(head)


def _moved(run: TokenRun, by: int) -> TokenRun:
    return TokenRun(run.token, run.first + by, run.last + by, run.log_prob)


def make_reader(
    head: CTCHead | TransducerHead,
    *,
    pause: int,
    tree: HotwordNode | None,
    begins: Sequence[int],
    keep: bool,
) -> Reader:
    """Return the reader for a head; `tree` holds the hotwords, `begins` says which tokens begin
    a word, `keep` asks for alternatives."""
    if isinstance(head, TransducerHead):
        return TransducerReader(head)
    return (
        HotwordReader(head, tree, pause, begins)
        if tree
        else GreedyReader(head, begins=begins, keep=keep)
    )
