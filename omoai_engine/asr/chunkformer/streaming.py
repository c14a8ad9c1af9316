"""Which frames meet which: recordings of any length through the encoder with flat memory.

In: encoder frames (n, D) as they come, from one recording or from several at once. Out: the
finished frames, in order. Two ways through the same layers:

`Wavefront` is the file mode. Every layer works on a chunk as soon as the layer below has
finished the chunk's own look-ahead, and remembers only what later chunks still need: `left`
keys and values, the frames not yet attended to, and the few that the convolution sees. The
result does not depend on how the frames were cut into steps, and equals one pass over
everything. A frame comes out once blocks * (chunk + right) more frames have gone in.

`Live` bounds the look-ahead: a step takes a chunk and `right` frames after it through all
layers, keeps the chunk and forgets the rest. With `right` 0 both give the same frames.

Several recordings share the products over single frames, where the time goes, without any
padding; attention and convolution take each recording by itself, so none influences another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from omoai_engine.asr.chunkformer.model import SUBSAMPLING, Encoder, Layer, frames_in
from omoai_engine.asr.chunkformer.together import ReadyChunk, attend_together

if TYPE_CHECKING:
    from torch import Tensor

    from omoai_engine.asr.chunkformer.config import Context


ROWS_AT_ONCE = 256
"""Frames that a processor takes through a product at once. What is between two products then
stays in its second-level cache (512 rows of the large model do not: 2.7 against 2.2 ms for one
feed-forward in bfloat16), and few shapes occur: each new one costs the library 2 to 15 ms."""


def nothing() -> None:
    """Check nothing between layers."""


class FrameStream:
    """Features of one recording to encoder frames, as soon as each is complete."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._rest: Tensor | None = None

    def push(self, features: Tensor) -> Tensor:
        """Take (f, 80) features on any device, return the (n, D) frames that they complete."""
        features = features.to(self._encoder.device)
        if self._rest is not None:
            features = torch.cat((self._rest.to(features.device), features))
        count = frames_in(len(features))
        frames = features.new_zeros((0, self._encoder.config.dim))
        if count:
            frames = self._encoder.subsample(features)
        self._rest = features[count * SUBSAMPLING :].clone()  # last: a failed call may be repeated
        return frames

    def moved(self, encoder: Encoder) -> FrameStream:
        """Return this stream at the same place, with the same weights on another device."""
        other = FrameStream(encoder)
        other._rest = self._rest
        return other


@dataclass(slots=True, eq=False)
class _LayerState:
    """What one layer remembers of one recording. Frames are counted from the beginning."""

    x: Tensor  # (p, D) residuals of the frames attended .. seen
    q: Tensor  # (H, p, dk) their queries
    k: Tensor  # (H, m, dk) keys of the frames seen - m .. seen
    v: Tensor
    x2: Tensor  # (r, D) residuals of the frames done .. attended
    gated: Tensor  # (halo + r, D) their inputs to the convolution, and those of halo before
    seen: int = 0
    attended: int = 0
    done: int = 0


def _fresh_state(layer: Layer, encoder: Encoder) -> _LayerState:
    config, device, dtype = encoder.config, encoder.device, encoder.dtype
    heads = torch.zeros((config.heads, 0, config.head_dim), device=device, dtype=dtype)
    rows = torch.zeros((0, config.dim), device=device)
    before = torch.zeros((layer.halo, config.dim), device=device, dtype=dtype)
    return _LayerState(rows, heads, heads, heads, rows, before)


class Wavefront:
    """The file mode for `streams` recordings that go through the layers together."""

    def __init__(self, encoder: Encoder, context: Context, streams: int = 1) -> None:
        context.check(encoder.config)
        self._encoder, self._context = encoder, context
        self.together = encoder.device.type != "cpu"
        """Whether all chunks share one call of the attention."""
        self._states = [
            [_fresh_state(layer, encoder) for layer in encoder.layers] for _ in range(streams)
        ]

    @torch.inference_mode()
    def step(
        self,
        frames: Sequence[Tensor],
        ended: Sequence[bool],
        check: Callable[[], None] = nothing,
    ) -> list[Tensor]:
        """Take (n_s, D) new frames a recording, return the (m_s, D) finished ones.

        `ended[s]` says that recording s is complete with these frames. `check` is called
        several times a layer, so that a long step can be cancelled. A step that fails has changed
        nothing: the same frames may be given again, in smaller portions.
        """
        xs = list(frames)
        tables = self._encoder.positions(self._context)
        before = [[replace(s) for s in states] for states in self._states]  # no tensor is copied
        try:
            for index, layer in enumerate(self._encoder.layers):
                states = [states[index] for states in self._states]
                xs = self._through(layer, xs, states, ended, tables[index], check)
        except BaseException:
            self._states = before
            raise
        return [self._encoder.norm(x) if len(x) else x for x in xs]

    def moved(self, encoder: Encoder) -> Wavefront:
        """Return this wavefront at the same place, with the same weights on another device."""
        other = Wavefront(encoder, self._context, len(self._states))
        device, dtype = encoder.device, encoder.dtype
        for states in self._states:
            for s in states:
                s.x, s.x2 = s.x.to(device), s.x2.to(device)
                s.q, s.k, s.v = (t.to(device, dtype) for t in (s.q, s.k, s.v))
                s.gated = s.gated.to(device, dtype)
        other._states = self._states
        return other

    def _through(
        self,
        layer: Layer,
        xs: list[Tensor],
        states: list[_LayerState],
        ended: Sequence[bool],
        table: Tensor,
        check: Callable[[], None],
    ) -> list[Tensor]:
        counts = [len(x) for x in xs]
        if sum(counts):
            residual, qkv = _in_blocks(check, layer.before_attention, _join(xs))
            q, k, v = layer.split_heads(qkv)
            for s, rows in zip(states, _spans(counts), strict=True):
                if rows.start < rows.stop:
                    s.x, s.q = _join((s.x, residual[rows])), _join((s.q, q[:, rows]), 1)
                    s.k, s.v = _join((s.k, k[:, rows]), 1), _join((s.v, v[:, rows]), 1)
                    s.seen += rows.stop - rows.start
        ready = [self._ready(s, end) for s, end in zip(states, ended, strict=True)]
        attended = self._attend(layer, states, ready, table)
        counts = [len(y) for y in attended]
        if sum(counts):
            waiting = [s.x[:count] for s, count in zip(states, counts, strict=True)]
            x2, gated = _in_blocks(check, layer.after_attention, _join(waiting), _join(attended))
            for s, rows in zip(states, _spans(counts), strict=True):
                s.x2, s.gated = _join((s.x2, x2[rows])), _join((s.gated, gated[rows]))
                self._forget(s, rows.stop - rows.start)
        pieces = [self._pieces(layer, s, end) for s, end in zip(states, ended, strict=True)]
        counts = [sum(len(p) - 2 * layer.halo for p in ps) for ps in pieces]
        if not sum(counts):
            return [s.x2[:0] for s in states]
        convolved = _join([layer.convolve(piece) for ps in pieces for piece in ps])
        waiting = [s.x2[:count] for s, count in zip(states, counts, strict=True)]
        (y,) = _in_blocks(check, layer.after_convolution, _join(waiting), convolved)
        for s, count in zip(states, counts, strict=True):
            s.x2, s.gated, s.done = s.x2[count:], s.gated[count:], s.done + count
        return list(torch.split(y, counts))

    def _ready(self, s: _LayerState, ended: bool) -> list[ReadyChunk]:
        """The chunks whose look-ahead is there."""
        size, left, right = self._context.chunk, self._context.left, self._context.right
        oldest = s.seen - s.k.shape[1]  # frame of the first key that is kept
        ready = []
        start = s.attended
        while start < s.seen and (ended or start + size + right <= s.seen):
            stop = min(start + size, s.seen)
            first, last = max(0, start - left), min(s.seen, start + size + right)
            rows = slice(start - s.attended, stop - s.attended)
            ready.append(ReadyChunk(rows, slice(first - oldest, last - oldest), start - first))
            start = stop
        return ready

    def _attend(
        self,
        layer: Layer,
        states: list[_LayerState],
        ready: list[list[ReadyChunk]],
        table: Tensor,
    ) -> list[Tensor]:
        """Attend for the ready chunks; (n, D) a recording."""
        if not any(ready):
            return [s.x[:0] for s in states]
        if self.together:
            recordings = [(s.q, s.k, s.v, c) for s, c in zip(states, ready, strict=True)]
            return attend_together(layer, recordings, table, self._context)
        furthest = self._context.chunk + self._context.left - 1  # distance of column 0
        attended = []
        for s, chunks in zip(states, ready, strict=True):
            results = []
            for c in chunks:
                q, k, v = s.q[:, c.rows], s.k[:, c.keys], s.v[:, c.keys]
                column = furthest - (c.before + q.shape[1] - 1)
                columns = slice(column, column + q.shape[1] + k.shape[1] - 1)
                results.append(layer.attend(q, k, v, table[..., columns]))
            attended.append(_join(results) if results else s.x[:0])
        return attended

    def _forget(self, s: _LayerState, attended: int) -> None:
        """Drop what no later chunk asks for, after `attended` more frames were attended to."""
        s.attended += attended
        s.x, s.q = s.x[attended:], s.q[:, attended:]
        kept = s.seen - max(0, s.attended - self._context.left)
        s.k, s.v = s.k[:, s.k.shape[1] - kept :], s.v[:, s.v.shape[1] - kept :]

    def _pieces(self, layer: Layer, s: _LayerState, ended: bool) -> list[Tensor]:
        """The (halo + n + halo, D) inputs of the convolution for every chunk that is ready.

        A chunk sees min(right, halo) frames after it, zeros beyond. Where that is the whole
        halo, several chunks make one piece.
        """
        size, halo = self._context.chunk, layer.halo
        sight = min(self._context.right, halo)
        whole = ended and s.attended == s.seen
        stop = s.attended if whole else max(s.done, (s.attended - sight) // size * size)
        piece = max(1, ROWS_AT_ONCE // size) * size if sight == halo else size
        pieces = []
        for start in range(0, stop - s.done, piece):
            end = min(start + piece, stop - s.done)
            rows = s.gated[start : end + halo + sight]  # s.gated starts halo frames before done
            pieces.append(F.pad(rows, (0, 0, 0, end - start + 2 * halo - len(rows))))
        return pieces


class Live:
    """The live mode for one recording: a chunk at a time, look-ahead bounded by `right`."""

    def __init__(self, encoder: Encoder, context: Context) -> None:
        context.check(encoder.config)
        self._encoder, self._context = encoder, context
        # Seen from the attention, chunk and look-ahead are one chunk without look-ahead.
        self._table_context = type(context)(context.chunk + context.right, context.left, 0)
        self._states = [_fresh_state(layer, encoder) for layer in encoder.layers]
        self._waiting = torch.zeros((0, encoder.config.dim), device=encoder.device)

    @torch.inference_mode()
    def step(self, frames: Tensor, ended: bool, check: Callable[[], None] = nothing) -> Tensor:
        """Take (n, D) new frames, return the (m, D) finished ones; `ended` gives all of them.

        The last chunk is not padded: it sees what exists.
        """
        self._waiting = _join((self._waiting, frames))
        size, right = self._context.chunk, self._context.right
        results = []
        while len(self._waiting) and (ended or len(self._waiting) >= size + right):
            results.append(
                self._chunk(self._waiting[: size + right], min(size, len(self._waiting)), check)
            )
            self._waiting = self._waiting[size:]
        return _join(results) if results else frames[:0]

    @property
    def waiting(self) -> int:
        """How many frames wait for the rest of their chunk and its look-ahead."""
        return len(self._waiting)

    def peek(self, check: Callable[[], None] = nothing) -> Tensor:
        """Return the frames that wait as they would be if nothing followed; changes nothing."""
        before, waiting = [replace(s) for s in self._states], self._waiting
        try:
            return self.step(waiting[:0], True, check)
        finally:
            self._states, self._waiting = before, waiting

    def _chunk(self, x: Tensor, keep: int, check: Callable[[], None]) -> Tensor:
        """(keep + look-ahead, D) through all layers; (keep, D)."""
        size, left = self._context.chunk, self._context.left
        tables = self._encoder.positions(self._table_context)
        total = len(x)
        for layer, s, table in zip(self._encoder.layers, self._states, tables, strict=True):
            check()
            x, qkv = layer.before_attention(x)
            q, k, v = layer.split_heads(qkv)
            k, v = _join((s.k, k), 1), _join((s.v, v), 1)
            past = s.k.shape[1]
            column = self._table_context.chunk + left - 1 - (past + total - 1)
            columns = slice(column, column + total + k.shape[1] - 1)
            x, gated = layer.after_attention(x, layer.attend(q, k, v, table[..., columns]))
            gated = _join((s.gated, gated))  # halo frames of the past in front
            pieces = [
                F.pad(gated[start : min(start + size, total) + layer.halo], (0, 0, 0, layer.halo))
                for start in range(0, total, size)
            ]
            (x,) = layer.after_convolution(x, _join([layer.convolve(piece) for piece in pieces]))
            kept = min(past + keep, left)
            s.k, s.v = (t[:, past + keep - kept : past + keep].clone() for t in (k, v))
            s.gated = gated[keep : keep + layer.halo].clone()
        return self._encoder.norm(x[:keep])


def _in_blocks(
    check: Callable[[], None], function: Callable[..., tuple[Tensor, ...]], *inputs: Tensor
) -> tuple[Tensor, ...]:
    """Apply a function of single frames to (n, ...) inputs, a block of frames at a time."""
    check()
    if len(inputs[0]) <= ROWS_AT_ONCE or inputs[0].device.type != "cpu":
        return function(*inputs)
    blocks = []
    for rows in zip(*(torch.split(x, ROWS_AT_ONCE) for x in inputs), strict=True):
        check()
        blocks.append(function(*rows))
    return tuple(torch.cat(parts) for parts in zip(*blocks, strict=True))


def _join(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Concatenate; one tensor alone is not copied."""
    filled = [t for t in tensors if t.shape[dim]] or list(tensors[:1])
    return filled[0] if len(filled) == 1 else torch.cat(filled, dim)


def _spans(counts: Sequence[int]) -> list[slice]:
    """The rows of each recording in a joined tensor."""
    spans, first = [], 0
    for count in counts:
        spans.append(slice(first, first + count))
        first += count
    return spans
