"""The file mode of the encoder: recordings of any length with flat memory.

In: encoder frames (n, D) as they come, from one recording or from several at once. Out: the
finished frames, in order. (`bounded` is the live mode. With `right` 0 both give the same frames.)

Every layer works on a chunk as soon as the layer below has finished the chunk's own look-ahead,
and remembers only what later chunks still need: `left` keys and values, the frames not yet
attended to, and the few that the convolution sees. The result does not depend on how the frames
were cut into steps, and equals one pass over everything. A frame comes out once
blocks * (chunk + right) more frames have gone in.

Several recordings share the products over single frames, where the time goes, without any
padding; attention and convolution take each recording by itself, so none influences another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from omoai_engine.asr.chunkformer.attention import ReadyChunk, attend_in_turn, attend_together
from omoai_engine.asr.chunkformer.features import MEL_BINS
from omoai_engine.asr.chunkformer.linear import PORTION_ROWS
from omoai_engine.asr.chunkformer.model import (
    FEATURES_A_FRAME,
    SUBSAMPLING,
    Encoder,
    Layer,
    frames_in,
)
from omoai_engine.asr.chunkformer.windows import Window

if TYPE_CHECKING:
    from torch import Tensor

    from omoai_engine.asr.chunkformer.config import Context


ROWS_AT_ONCE = PORTION_ROWS
"""Frames that a processor takes through a product at once. What is between two products then
stays in its second-level cache (512 rows of the large model do not: 2.7 against 2.2 ms for one
feed-forward in bfloat16), and few shapes occur: each new one costs the library 2 to 15 ms."""


def nothing() -> None:
    """Check nothing between layers."""


class FrameStream:
    """Features of one recording to encoder frames, as soon as each is complete."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._rest = torch.zeros((0, MEL_BINS), device=encoder.device)

    def push(self, features: Tensor) -> Tensor:
        """Take (f, 80) features on any device, return the (n, D) frames that they complete."""
        features = torch.cat((self._rest, features.to(self._encoder.device)))
        count = frames_in(len(features))
        frames = features.new_zeros((0, self._encoder.config.dim))
        if count:
            seen = (count - 1) * SUBSAMPLING + FEATURES_A_FRAME  # more would give more frames
            frames = self._encoder.subsample(features[:seen])
        self._rest = features[count * SUBSAMPLING :].clone()  # last: a failed call may be repeated
        return frames

    def moved(self, encoder: Encoder) -> FrameStream:
        """Return this stream at the same place, with the same weights on another device."""
        other = FrameStream(encoder)
        other._rest = self._rest.to(encoder.device)
        return other


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
    return _LayerState(rows, heads, rows, Window(*silence(layer, encoder)))


def silence(layer: Layer, encoder: Encoder) -> tuple[Tensor, int, int]:
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
        self._at_once = max(1, ROWS_AT_ONCE // context.chunk)
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

        `ended[s]` says that recording s is complete with these frames. What it still remembers
        comes out in this step and, on a processor, in steps without frames until `finished(s)`:
        the last frames go through the layers in portions as all others do. `check` is called
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
                ended = [end and s.done == s.seen for s, end in zip(states, ended, strict=True)]
        except BaseException:
            self._states = before
            raise
        return [self._encoder.norm(x) if len(x) else x for x in xs]

    def finished(self, stream: int = 0) -> bool:
        """Whether every frame that a recording gave has come out."""
        states = self._states[stream]
        return states[-1].done == states[0].seen

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
            grown, room = _grow([s.x for s in states], counts)
            (qkv,) = _in_blocks(check, layer.before_attention, join(xs), room)
            for s, x, rows in zip(states, _filled(grown, room), _spans(counts), strict=True):
                s.x = x
                s.qkv = s.qkv.append(layer.by_head(qkv[rows]))
                s.seen += rows.stop - rows.start
        ready = [self._ready(s, end) for s, end in zip(states, ended, strict=True)]
        attended = self._attend(layer, states, ready, table)
        counts = [len(y) for y in attended]
        if sum(counts):
            waiting = [s.x.rows[:count] for s, count in zip(states, counts, strict=True)]
            grown, room = _grow([s.x2 for s in states], counts)
            (gated,) = _in_blocks(check, layer.after_attention, join(waiting), join(attended), room)
            for s, x2, rows in zip(states, _filled(grown, room), _spans(counts), strict=True):
                s.x2, s.gated = x2, s.gated.append(gated[rows])
                self._forget(s, rows.stop - rows.start)
        pieces = [self._pieces(layer, s, end) for s, end in zip(states, ended, strict=True)]
        counts = [sum(len(p) - 2 * layer.halo for p in ps) for ps in pieces]
        if not sum(counts):
            return [s.x2.rows[:0] for s in states]
        convolved = join([layer.convolve(piece) for ps in pieces for piece in ps])
        waiting = [s.x2.rows[:count] for s, count in zip(states, counts, strict=True)]
        (y,) = _in_blocks(check, layer.after_convolution, join(waiting), convolved)
        for s, count in zip(states, counts, strict=True):
            s.x2, s.gated, s.done = s.x2.drop(count), s.gated.drop(count), s.done + count
        return list(torch.split(y, counts))

    def _ready(self, s: _LayerState, ended: bool) -> list[ReadyChunk]:
        """The chunks whose look-ahead is there."""
        size, left, right = self._context.chunk, self._context.left, self._context.right
        oldest = s.seen - len(s.qkv)  # frame of the first key that is kept
        ready: list[ReadyChunk] = []
        start = s.attended
        while start < s.seen and (ended or start + size + right <= s.seen):
            if ended and not self.together and len(ready) == self._at_once:
                break
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
        recordings = []
        for s, chunks in zip(states, ready, strict=True):
            q, k, v = s.qkv.rows.chunk(3, -1)  # (H, m, dk)
            recordings.append((q[:, q.shape[1] - (s.seen - s.attended) :], k, v, chunks))
        if self.together:
            return attend_together(layer, recordings, table, self._context)
        at_once = self._at_once
        return [
            join(
                [
                    attend_in_turn(layer, (q, k, v), chunks[i : i + at_once], table, self._context)
                    for i in range(0, len(chunks), at_once)
                ]
            )
            if chunks
            else s.x.rows[:0]
            for s, (q, k, v, chunks) in zip(states, recordings, strict=True)
        ]

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


def _grow(
    windows: Sequence[Window], counts: Sequence[int]
) -> tuple[list[tuple[Window, Tensor]], Tensor]:
    """Windows with room for so many more rows each, and one tensor for all these rows: of one
    recording alone it is the room itself."""
    grown = [window.grow(count) for window, count in zip(windows, counts, strict=True)]
    return grown, join([room for _, room in grown])


def _filled(grown: Sequence[tuple[Window, Tensor]], rows: Tensor) -> list[Window]:
    """The grown windows, each with its part of the rows."""
    parts = torch.split(rows, [len(room) for _, room in grown])
    for (_, room), part in zip(grown, parts, strict=True):
        if room is not rows:
            room.copy_(part)
    return [window for window, _ in grown]


def join(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
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
