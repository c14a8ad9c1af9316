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
from itertools import groupby
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from omoai_engine.asr.chunkformer.features import MEL_BINS
from omoai_engine.asr.chunkformer.model import (
    FEATURES_A_FRAME,
    SUBSAMPLING,
    Encoder,
    Layer,
    frames_in,
)
from omoai_engine.asr.chunkformer.together import ReadyChunk, attend_together
from omoai_engine.asr.chunkformer.windows import Window

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
    """Features of one recording to encoder frames: as soon as each is complete, or, where nobody
    waits for them, `lump` at a time (bfloat16: 0.13 ms a frame with 64, 0.20 with 12)."""

    def __init__(self, encoder: Encoder, lump: int = 1) -> None:
        self._encoder, self._lump = encoder, lump
        self._rest = torch.zeros((0, MEL_BINS), device=encoder.device)

    def push(self, features: Tensor) -> Tensor:
        """Take (f, 80) features on any device, return the (n, D) frames that they complete."""
        features = torch.cat((self._rest, features.to(self._encoder.device)))
        count = frames_in(len(features)) // self._lump * self._lump
        frames = features.new_zeros((0, self._encoder.config.dim))
        if count:
            seen = (count - 1) * SUBSAMPLING + FEATURES_A_FRAME  # more would give more frames
            frames = self._encoder.subsample(features[:seen])
        self._rest = features[count * SUBSAMPLING :].clone()  # last: a failed call may be repeated
        return frames

    def moved(self, encoder: Encoder) -> FrameStream:
        """Return this stream at the same place, with the same weights on another device."""
        other = FrameStream(encoder, self._lump)
        other._rest = self._rest.to(encoder.device)
        return other

    def finish(self) -> Tensor:
        """The recording is over: return the (n, D) frames that were held back."""
        self._lump = 1
        return self.push(self._rest[:0])


@dataclass(slots=True, eq=False)
class _LayerState:
    """What one layer remembers of one recording. Frames are counted from the beginning."""

    x: Window  # (p, D) residuals of the frames attended .. seen
    qkv: Window  # (H, m, 3 dk) queries, keys and values of the frames seen - m .. seen
    x2: Window  # (r, D) residuals of the frames done .. attended
    gated: Window  # (halo + r, D) their inputs to the convolution, and those of halo before
    seen: int = 0
    attended: int = 0
    done: int = 0


def _fresh_state(layer: Layer, encoder: Encoder) -> _LayerState:
    dim, device, dtype = encoder.config.dim, encoder.device, encoder.dtype
    rows = Window(torch.zeros((0, dim), device=device))
    shape = (encoder.config.heads, 0, 3 * encoder.config.head_dim)
    heads = Window(torch.zeros(shape, device=device, dtype=dtype))
    return _LayerState(rows, heads, rows, Window(*_silence(layer, encoder)))


def _silence(layer: Layer, encoder: Encoder) -> tuple[Tensor, int, int]:
    """What the convolution sees before the first frame: (halo, D) zeros, all of them rows."""
    shape = (layer.halo, encoder.config.dim)
    zeros = torch.zeros(shape, device=encoder.device, dtype=layer.kernel_dtype)
    return zeros, 0, layer.halo


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
            for s, layer in zip(states, encoder.layers, strict=True):
                s.x, s.x2 = s.x.moved(device), s.x2.moved(device)
                s.qkv = s.qkv.moved(device, dtype)
                s.gated = s.gated.moved(device, layer.kernel_dtype)
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
            for s, rows in zip(states, _spans(counts), strict=True):
                s.x = s.x.append(residual[rows])
                s.qkv = s.qkv.append(layer.by_head(qkv[rows]))
                s.seen += rows.stop - rows.start
        ready = [self._ready(s, end) for s, end in zip(states, ended, strict=True)]
        attended = self._attend(layer, states, ready, table)
        counts = [len(y) for y in attended]
        if sum(counts):
            waiting = [s.x.rows[:count] for s, count in zip(states, counts, strict=True)]
            x2, gated = _in_blocks(check, layer.after_attention, _join(waiting), _join(attended))
            for s, rows in zip(states, _spans(counts), strict=True):
                s.x2, s.gated = s.x2.append(x2[rows]), s.gated.append(gated[rows])
                self._forget(s, rows.stop - rows.start)
        pieces = [self._pieces(layer, s, end) for s, end in zip(states, ended, strict=True)]
        counts = [sum(len(p) - 2 * layer.halo for p in ps) for ps in pieces]
        if not sum(counts):
            return [s.x2.rows[:0] for s in states]
        convolved = _join([layer.convolve(piece) for ps in pieces for piece in ps])
        waiting = [s.x2.rows[:count] for s, count in zip(states, counts, strict=True)]
        (y,) = _in_blocks(check, layer.after_convolution, _join(waiting), convolved)
        for s, count in zip(states, counts, strict=True):
            s.x2, s.gated, s.done = s.x2.drop(count), s.gated.drop(count), s.done + count
        return list(torch.split(y, counts))

    def _ready(self, s: _LayerState, ended: bool) -> list[ReadyChunk]:
        """The chunks whose look-ahead is there."""
        size, left, right = self._context.chunk, self._context.left, self._context.right
        oldest = s.seen - len(s.qkv)  # frame of the first key that is kept
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
            return [s.x.rows[:0] for s in states]
        if self.together:
            recordings = []
            for s, chunks in zip(states, ready, strict=True):
                q, k, v = s.qkv.rows.chunk(3, -1)
                recordings.append((q[:, q.shape[1] - (s.seen - s.attended) :], k, v, chunks))
            return attend_together(layer, recordings, table, self._context)
        return [
            _join([self._attend_in_turn(layer, s, group, table) for group in self._groups(chunks)])
            if chunks
            else s.x.rows[:0]
            for s, chunks in zip(states, ready, strict=True)
        ]

    def _groups(self, chunks: list[ReadyChunk]) -> list[list[ReadyChunk]]:
        """The chunks in groups of `ROWS_AT_ONCE` frames."""
        count = max(1, ROWS_AT_ONCE // self._context.chunk)
        return [chunks[first : first + count] for first in range(0, len(chunks), count)]

    def _attend_in_turn(
        self, layer: Layer, s: _LayerState, chunks: list[ReadyChunk], table: Tensor
    ) -> Tensor:
        """Attend for neighbouring chunks of one recording; (n, D).

        They share the product with the positions: 0.23 ms for four of 64, 0.43 one by one. Those
        that see equally many frames before and after share one call.
        """
        q, k, v = s.qkv.rows.chunk(3, -1)  # (H, m, dk)
        waiting = len(s.qkv) - (s.seen - s.attended)
        q = q[:, waiting + chunks[0].rows.start : waiting + chunks[-1].rows.stop]
        furthest = self._context.chunk + self._context.left - 1  # distance of column 0
        nearest = max(c.keys.stop - c.keys.start - c.before for c in chunks) - 1
        first = furthest - max(c.before + c.rows.stop - c.rows.start - 1 for c in chunks)
        by_distance = layer.score_positions(q, table[..., first : furthest + nearest + 1])
        attended, at = [], 0
        for (n, m, before), alike in groupby(chunks, _view):
            run = list(alike)
            rows = slice(at, at + n * len(run))
            keys = slice(run[0].keys.start, run[-1].keys.stop)
            column = furthest - (before + n - 1) - first
            attended.append(
                layer.attend(
                    _overlapping(q[:, rows], n, n),
                    _overlapping(k[:, keys], m, n),
                    _overlapping(v[:, keys], m, n),
                    by_distance[:, rows, column : column + n + m - 1],
                )
            )
            at = rows.stop
        return _join(attended)

    def _forget(self, s: _LayerState, attended: int) -> None:
        """Drop what no later chunk asks for, after `attended` more frames were attended to."""
        s.attended += attended
        kept = s.seen - max(0, s.attended - self._context.left)
        s.x, s.qkv = s.x.drop(attended), s.qkv.drop(len(s.qkv) - kept)

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
            rows = s.gated.rows[start : end + halo + sight]  # they start halo frames before done
            missing = end - start + 2 * halo - len(rows)
            pieces.append(F.pad(rows, (0, 0, 0, missing)) if missing else rows)
        return pieces


class Live:
    """The live mode for one recording: a chunk at a time, look-ahead bounded by `right`."""

    def __init__(self, encoder: Encoder, context: Context) -> None:
        context.check(encoder.config)
        self._encoder, self._context = encoder, context
        # Seen from the attention, chunk and look-ahead are one chunk without look-ahead.
        self._table_context = type(context)(context.chunk + context.right, context.left, 0)
        dim, device = encoder.config.dim, encoder.device
        shape = (encoder.config.heads, 0, 3 * encoder.config.head_dim)
        none = torch.zeros(shape, device=device, dtype=encoder.dtype)
        self._past = [none] * len(encoder.layers)  # (H, m, 3 dk) queries, keys and values
        self._gated = [_silence(layer, encoder)[0] for layer in encoder.layers]  # (halo, D)
        self._waiting = torch.zeros((0, dim), device=device)

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
        before = list(self._past), list(self._gated), self._waiting
        try:
            return self.step(self._waiting[:0], True, check)
        finally:
            self._past, self._gated, self._waiting = before

    def _chunk(self, x: Tensor, keep: int, check: Callable[[], None]) -> Tensor:
        """(keep + look-ahead, D) through all layers; (keep, D)."""
        size, left = self._context.chunk, self._context.left
        tables = self._encoder.positions(self._table_context)
        total = len(x)
        for index, (layer, table) in enumerate(zip(self._encoder.layers, tables, strict=True)):
            check()
            x, qkv = layer.before_attention(x)
            past = self._past[index].shape[1]
            qkv = torch.cat((self._past[index], layer.by_head(qkv)), 1)
            q, k, v = qkv[None].chunk(3, -1)  # (1, H, m, dk)
            column = self._table_context.chunk + left - 1 - (past + total - 1)
            columns = slice(column, column + total + qkv.shape[1] - 1)
            q = q[:, :, past:]
            scores = layer.score_positions(q[0], table[..., columns])
            x, gated = layer.after_attention(x, layer.attend(q, k, v, scores))
            gated = _join((self._gated[index], gated))  # halo frames of the past in front
            pieces = [
                F.pad(gated[start : min(start + size, total) + layer.halo], (0, 0, 0, layer.halo))
                for start in range(0, total, size)
            ]
            (x,) = layer.after_convolution(x, _join([layer.convolve(piece) for piece in pieces]))
            kept = min(past + keep, left)
            self._past[index] = qkv[:, past + keep - kept : past + keep].clone()
            self._gated[index] = gated[keep : keep + layer.halo].clone()
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


def _view(chunk: ReadyChunk) -> tuple[int, int, int]:
    """How many frames a chunk has, how many keys it sees, and how many of them are before it."""
    rows, keys = chunk.rows, chunk.keys
    return rows.stop - rows.start, keys.stop - keys.start, chunk.before


def _overlapping(x: Tensor, length: int, step: int) -> Tensor:
    """(H, n, dk) to (g, H, length, dk): every `step` rows the next `length` of them; a view."""
    return x.unfold(1, length, step).permute(1, 0, 3, 2)


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
