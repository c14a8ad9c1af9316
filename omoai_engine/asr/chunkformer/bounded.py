"""The live mode of the encoder: its look-ahead ends after `right` frames.

In: encoder frames (n, D) of one recording as they come. Out: the finished frames, in order. A
step takes a chunk and `right` frames after it through all layers, keeps the chunk and forgets the
rest. The file mode is in `streaming`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from omoai_engine.asr.chunkformer.streaming import join, nothing, silence

if TYPE_CHECKING:
    from torch import Tensor

    from omoai_engine.asr.chunkformer.config import Context
    from omoai_engine.asr.chunkformer.model import Encoder


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
        self._gated = [silence(layer, encoder)[0] for layer in encoder.layers]  # (halo, D)
        self._waiting = torch.zeros((0, dim), device=device)

    @torch.inference_mode()
    def step(self, frames: Tensor, ended: bool, check: Callable[[], None] = nothing) -> Tensor:
        """Take (n, D) new frames, return the (m, D) finished ones; `ended` gives all of them.

        The last chunk is not padded: it sees what exists.
        """
        self._waiting = join((self._waiting, frames))
        size, right = self._context.chunk, self._context.right
        results = []
        while len(self._waiting) and (ended or len(self._waiting) >= size + right):
            results.append(
                self._chunk(self._waiting[: size + right], min(size, len(self._waiting)), check)
            )
            self._waiting = self._waiting[size:]
        return join(results) if results else frames[:0]

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
            residual, residual2 = torch.empty_like(x), torch.empty_like(x)
            (qkv,) = layer.before_attention(x, residual)
            past = self._past[index].shape[1]
            qkv = torch.cat((self._past[index], layer.by_head(qkv)), 1)
            q, k, v = qkv[None].chunk(3, -1)  # (1, H, m, dk)
            column = self._table_context.chunk + left - 1 - (past + total - 1)
            columns = slice(column, column + total + qkv.shape[1] - 1)
            q = q[:, :, past:]
            scores = layer.score_positions(q[0], table[..., columns])
            attended = layer.attend(q, k, v, scores)
            (gated,) = layer.after_attention(residual, attended, residual2)
            gated = join((self._gated[index], gated))  # halo frames of the past in front
            pieces = [
                F.pad(gated[start : min(start + size, total) + layer.halo], (0, 0, 0, layer.halo))
                for start in range(0, total, size)
            ]
            (x,) = layer.after_convolution(
                residual2, join([layer.convolve(piece) for piece in pieces])
            )
            kept = min(past + keep, left)
            self._past[index] = qkv[:, past + keep - kept : past + keep].clone()
            self._gated[index] = gated[keep : keep + layer.halo].clone()
        return self._encoder.norm(x[:keep])
