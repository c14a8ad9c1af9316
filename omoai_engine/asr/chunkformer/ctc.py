"""Encoder frames to tokens with times: the CTC head and the greedy collapse.

In: encoder frames (n, D) float32, in order. Out: `TokenRun`s: a token, the frames it was heard
in and how probable it was. Kept of a frame are its best token and that token's probability,
and, where the model hesitates, a few other tokens; never a whole row of log-probabilities.

The order of the collapse matters: equal neighbours are merged first, blanks fall out after, so
that a word said twice with a blank between stays twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from omoai_engine.asr.chunkformer.checkpoint import BLANK
from omoai_engine.asr.chunkformer.linear import Linear

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from omoai_engine.asr.chunkformer.checkpoint import Checkpoint

CANDIDATES = 8
"""How many tokens are kept of a frame in which the model hesitates."""

CERTAIN = float(np.log(0.98))
"""A frame whose best token is more probable than this has no other candidates."""

_ROWS_AT_ONCE = 256  # 256 frames of 7,000 logits are 7 MB
_ROWS_TO_READ = 32  # these stay in the cache: 3.2 ms for 256 frames, 5.4 with all of them at once


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """What is kept of n frames: best tokens (n,), their log-probabilities (n,), and for the
    frames with hesitation (index in this object) candidates with log-probabilities (k,)."""

    tokens: NDArray[np.int64]
    log_probs: NDArray[np.float32]
    candidates: dict[int, tuple[NDArray[np.int64], NDArray[np.float32]]]

    def __len__(self) -> int:
        return len(self.tokens)


@dataclass(frozen=True, slots=True)
class TokenRun:
    """A token heard in the frames `first` to `last`, both included; `log_prob` is that of its
    best frame."""

    token: int
    first: int
    last: int
    log_prob: float


class CTCHead:
    """Frames (n, D) to the best token of each; logits in float32."""

    def __init__(self, checkpoint: Checkpoint, device: torch.device) -> None:
        weight = checkpoint.tensors["ctc.ctc_lo.weight"]
        bias = checkpoint.tensors["ctc.ctc_lo.bias"]
        self._linear = Linear(weight, bias, device=device, precision="float32")
        self._candidates = min(CANDIDATES, len(weight))

    @torch.inference_mode()
    def logits(self, frames: Tensor) -> Tensor:
        """(n, D) to (n, vocabulary), unnormalised."""
        return self._linear(frames)

    @torch.inference_mode()
    def __call__(self, frames: Tensor, *, hesitation: bool = True) -> Frames:
        """Return what is kept of (n, D) frames; without `hesitation` no candidates."""
        tokens, log_probs, candidates = [], [], {}
        done = 0
        for rows in torch.split(frames, _ROWS_AT_ONCE) if len(frames) else ():
            logits = self._linear(rows)
            best, index, sure = _read(logits)
            if hesitation:
                unsure = (sure < CERTAIN).nonzero()[:, 0]
                if len(unsure):
                    few, which = logits[unsure].topk(self._candidates, -1)
                    few = few - best[unsure, None] + sure[unsure, None]
                    for row, ids, values in zip(
                        unsure.tolist(), which.cpu().numpy(), few.cpu().numpy(), strict=True
                    ):
                        candidates[done + row] = (ids, values)
            tokens.append(index.cpu().numpy())
            log_probs.append(sure.cpu().numpy())
            done += len(rows)
        if not tokens:
            return Frames(np.zeros(0, np.int64), np.zeros(0, np.float32), {})
        return Frames(np.concatenate(tokens), np.concatenate(log_probs), candidates)


def _read(logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(n, vocabulary) to the highest logit, its token and its log-probability, (n,) each."""
    parts = []
    for rows in torch.split(logits, _ROWS_TO_READ):
        if rows.device.type == "cpu":  # for 32 frames NumPy takes 24 us, torch's max 123
            index = torch.from_numpy(rows.numpy().argmax(-1))
            best = rows.gather(1, index[:, None])[:, 0]
        else:
            best, index = rows.max(-1)
        total = (rows - best[:, None]).exp_().sum(-1)
        parts.append((best, index, total.log_().neg_()))
    best, index, sure = (torch.cat(part) for part in zip(*parts, strict=True))
    return best, index, sure


class GreedyCollapse:
    """Best tokens to runs; a run is given out when the next frame differs."""

    def __init__(self) -> None:
        self._seen = 0
        self._open: TokenRun | None = None

    @property
    def open(self) -> TokenRun | None:
        """The run that the next frame may still lengthen."""
        return self._open

    def push(self, frames: Frames) -> list[TokenRun]:
        """Take the next frames, return the runs that they close."""
        tokens, log_probs = frames.tokens, frames.log_probs
        if not len(tokens):
            return []
        starts = np.flatnonzero(np.diff(tokens, prepend=-1))
        best = np.maximum.reduceat(log_probs, starts)
        runs = []
        for start, stop, log_prob in zip(
            starts.tolist(), [*starts[1:].tolist(), len(tokens)], best.tolist(), strict=True
        ):
            run = TokenRun(int(tokens[start]), self._seen + start, self._seen + stop - 1, log_prob)
            if self._open and self._open.token == run.token and start == 0:
                joined = max(self._open.log_prob, log_prob)
                run = TokenRun(run.token, self._open.first, run.last, joined)
            elif self._open and self._open.token != BLANK:
                runs.append(self._open)
            self._open = run
        self._seen += len(tokens)
        return runs

    def finish(self) -> list[TokenRun]:
        """Return the run that is still open, if it is not a blank."""
        last, self._open = self._open, None
        return [last] if last and last.token != BLANK else []


def collapse(tokens: Sequence[int]) -> list[int]:
    """Return the tokens of a sequence of best tokens: repeats merged, then blanks dropped."""
    ids = np.asarray(tokens, np.int64)
    greedy = GreedyCollapse()
    frames = Frames(ids, np.zeros(len(ids), np.float32), {})
    return [run.token for run in greedy.push(frames) + greedy.finish()]
