"""Attention for the chunks whose look-ahead is there, in the way that suits the device.

In: queries (H, p, dk), keys and values (H, m, dk) of a recording and its ready chunks. Out: what
they attended to, (n, D). `attend_in_turn` is for a processor: no chunk is padded, and neighbours
that see equally much share a call. `attend_together` is for a GPU, which wants few large calls:
every chunk of every recording gets a row of keys as long as the longest, and a mask says which of
them exist. Both give the same result.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from omoai_engine.asr.chunkformer.config import Context
    from omoai_engine.asr.chunkformer.model import Layer


@dataclass(frozen=True, slots=True)
class ReadyChunk:
    """A chunk that can be attended to: `rows` of its recording's queries, and the rows of the
    recording's keys that it sees; the first of them lies `before` frames before the chunk."""

    rows: slice
    keys: slice
    before: int


def attend_in_turn(
    layer: Layer,
    qkv: tuple[Tensor, Tensor, Tensor],
    chunks: Sequence[ReadyChunk],
    table: Tensor,
    context: Context,
) -> Tensor:
    """Attend for neighbouring chunks of one recording; (n, D).

    They share the product with the positions: 0.23 ms for four of 64, 0.43 one by one.
    """
    q, k, v = qkv
    q = q[:, chunks[0].rows.start : chunks[-1].rows.stop]
    furthest = context.chunk + context.left - 1  # distance of column 0
    first = furthest - max(c.before + c.rows.stop - c.rows.start - 1 for c in chunks)
    nearest = max(c.keys.stop - c.keys.start - c.before for c in chunks) - 1
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
    return attended[0] if len(attended) == 1 else torch.cat(attended)


def _view(chunk: ReadyChunk) -> tuple[int, int, int]:
    """How many frames a chunk has, how many keys it sees, and how many of them are before it."""
    rows, keys = chunk.rows, chunk.keys
    return rows.stop - rows.start, keys.stop - keys.start, chunk.before


def _overlapping(x: Tensor, length: int, step: int) -> Tensor:
    """(H, n, dk) to (g, H, length, dk): every `step` rows the next `length` of them; a view."""
    return x.unfold(1, length, step).permute(1, 0, 3, 2)


def attend_together(
    layer: Layer,
    recordings: Sequence[tuple[Tensor, Tensor, Tensor, Sequence[ReadyChunk]]],
    table: Tensor,
    context: Context,
) -> list[Tensor]:
    """Attend for every chunk; (n, D) a recording.

    `recordings` hold queries (H, p, dk), keys and values (H, m, dk), and the chunks. `table` is
    the layer's whole table (H, dk, 2 C + L + R - 1).
    """
    q = torch.cat([r[0] for r in recordings], 1)
    k, v = torch.cat([r[1] for r in recordings], 1), torch.cat([r[2] for r in recordings], 1)
    queries, keys, bounds = [], [], []
    first_query = first_key = 0
    for own_q, own_k, _, chunks in recordings:
        for chunk in chunks:
            queries.append((first_query + chunk.rows.start, chunk.rows.stop - chunk.rows.start))
            skipped = context.left - chunk.before  # places in the row with no key
            keys.append(first_key + chunk.keys.start - skipped)
            bounds.append((skipped, skipped + chunk.keys.stop - chunk.keys.start))
        first_query, first_key = first_query + own_q.shape[1], first_key + own_k.shape[1]
    device, width = q.device, context.left + context.chunk + context.right
    place, turn = torch.arange(width, device=device), torch.arange(context.chunk, device=device)
    key_rows = (torch.tensor(keys, device=device)[:, None] + place).clamp_(0, k.shape[1] - 1)
    starts, counts = torch.tensor(queries, device=device).unbind(1)
    query_rows = (starts[:, None] + turn).clamp_(0, q.shape[1] - 1)
    low, high = torch.tensor(bounds, device=device)[:, :, None].unbind(1)
    seen = (place >= low) & (place < high)  # (chunks, width)

    chunk_q = q[:, query_rows].transpose(0, 1)  # (chunks, H, C, dk)
    chunk_k, chunk_v = (t[:, key_rows].transpose(0, 1) for t in (k, v))  # (chunks, H, width, dk)
    by_distance = torch.matmul(chunk_q + layer.v_minus_u, table)  # (chunks, H, C, 2C + L + R - 1)
    n, heads, size, rows = by_distance.shape
    shifted = by_distance.as_strided(
        (n, heads, size, width), (heads * size * rows, size * rows, rows - 1, 1), size - 1
    )
    bias = shifted.masked_fill(~seen[:, None, None], float("-inf"))
    y = F.scaled_dot_product_attention(chunk_q, chunk_k, chunk_v, attn_mask=bias, scale=1.0)
    y = y.transpose(1, 2).reshape(n, size, -1)[turn < counts[:, None]]  # (all n, D)
    lengths = [sum(c.rows.stop - c.rows.start for c in chunks) for *_, chunks in recordings]
    return list(torch.split(y, lengths))
