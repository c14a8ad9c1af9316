"""The ChunkFormer encoder: what one layer computes, with the shapes beside it.

In: log-mel features (frames, 80) float32. Out: encoder frames (frames', dim) float32, one every
80 ms. This file holds the arithmetic alone; which frames meet which is decided in `streaming`.
Letters in the comments: n frames, D model width, H heads, dk = D / H, m keys.

Constants are folded into the weights once: the sqrt(D) after the subsampling, the halves of the
two feed-forward steps, the 1/sqrt(dk) of the scores and the query bias u. The residual stream,
the layer norms and the logits stay in float32 whatever the precision.

Source: the paper (arXiv 2502.14673) and the shapes of the published checkpoints.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from omoai_engine.asr.chunkformer.linear import COMPUTE_TYPES, Linear, Precision

if TYPE_CHECKING:
    from torch import Tensor

    from omoai_engine.asr.chunkformer.checkpoint import Checkpoint
    from omoai_engine.asr.chunkformer.config import Context, ModelConfig

SUBSAMPLING = 8
FEATURES_A_FRAME = 15  # encoder frame t is made of features 8 t .. 8 t + 14
FRAME_SECONDS = 0.08
_FRAMES_AT_ONCE = 32  # 16: 9 % more a frame; 64 would leave the cache


class Weights:
    """Hands out a checkpoint's tensors as layers of one device and precision."""

    def __init__(
        self, tensors: dict[str, Tensor], device: torch.device, precision: Precision
    ) -> None:
        self.tensors, self.device, self.precision = tensors, device, precision
        self.dtype = COMPUTE_TYPES[precision]

    def linear(self, name: str, scale: float = 1.0, **options: object) -> Linear:
        """The layer `name`, a 1x1 convolution or a matrix, its result multiplied by `scale`."""
        weight, bias = self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"]
        return self.make(weight.flatten(1) * scale, bias * scale, **options)

    def make(self, weight: Tensor, bias: Tensor, **options: object) -> Linear:
        """A layer of given weights."""
        chosen = {"device": self.device, "precision": self.precision, **options}
        return Linear(weight, bias, **chosen)  # type: ignore[arg-type]

    def plain(self, name: str, dtype: torch.dtype) -> Tensor:
        """One tensor, moved and cast."""
        return self.tensors[name].to(self.device, dtype)

    def kernel(self, name: str, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """A depthwise kernel (D, 1, rows, columns), channels last, and its bias."""
        weight = self.plain(f"{name}.weight", dtype)
        weight = weight[:, :, None] if weight.dim() == 3 else weight
        return weight.contiguous(memory_format=torch.channels_last), self.plain(
            f"{name}.bias", dtype
        )


class Norm:
    """Layer norm over D; input in `dtype`, result in the compute type."""

    def __init__(self, weights: Weights, name: str, eps: float, dtype: torch.dtype) -> None:
        self._weight = weights.plain(f"{name}.weight", dtype)
        self._bias = weights.plain(f"{name}.bias", dtype)
        self._eps = eps

    def __call__(self, x: Tensor) -> Tensor:
        """(n, D) to (n, D)."""
        return F.layer_norm(x, x.shape[-1:], self._weight, self._bias, self._eps)


class Subsampling:
    """Features to frames of 80 ms: three 3x3 convolutions of stride 2 without padding.

    Channels last throughout, so that the 1x1 convolutions are matrix products and the first
    convolution is one as well (its nine taps are laid side by side).
    """

    def __init__(self, weights: Weights, checkpoint: Checkpoint) -> None:
        dim = checkpoint.config.dim
        if weights.precision == "int8":  # every frame passes here: its error would reach them all
            weights = Weights(weights.tensors, weights.device, "float32")
        self._dtype = weights.dtype
        self._mean = checkpoint.mean.to(weights.device)
        self._inverse_std = checkpoint.inverse_std.to(weights.device)
        self._kernels = [weights.kernel(f"encoder.embed.conv.{i}", weights.dtype) for i in (2, 5)]
        self._pointwise = [
            weights.linear(f"encoder.embed.conv.{i}", activation="relu") for i in (3, 6)
        ]
        taps = weights.tensors["encoder.embed.conv.0.weight"].flatten(1)  # (D, 9)
        if self._dtype != torch.float32:
            # x w = (xh + xl)(wh + wl) without xl wl: as exact as float32, and the 27 columns
            # cost no more than 9, because the matrix unit takes 32 at a time.
            high = taps.to(self._dtype).float()
            taps = torch.cat((high, high, taps - high), 1)
        bias = weights.tensors["encoder.embed.conv.0.bias"]
        self._first = weights.make(taps, bias, activation="relu")
        # The published order of the last layer's inputs is channel, band; here it is the other.
        out = weights.tensors["encoder.embed.out.weight"].view(dim, dim, -1).transpose(1, 2)
        scale = math.sqrt(dim)
        out_bias = weights.tensors["encoder.embed.out.bias"]
        self._out = weights.make(out.flatten(1) * scale, out_bias * scale)

    def __call__(self, features: Tensor) -> Tensor:
        """(8 n + 7, 80) features to (n, D) frames in float32; more features are not looked at."""
        features = (features - self._mean) * self._inverse_std
        count = frames_in(len(features))
        pieces = []
        for first in range(0, count, _FRAMES_AT_ONCE):
            last = min(first + _FRAMES_AT_ONCE, count) - 1
            rows = features[first * SUBSAMPLING : last * SUBSAMPLING + FEATURES_A_FRAME]
            pieces.append(self._piece(rows))
        return torch.cat([self._out(x).float() for x in torch.split(torch.cat(pieces), 256)])

    def _piece(self, features: Tensor) -> Tensor:
        (rows, width), parts = features.shape, 1
        if self._dtype != torch.float32:
            high, parts = features.to(self._dtype), 3
            features = torch.cat((high, (features - high).to(self._dtype)))
        taps = _tap_places(rows, width, parts, features.device)
        times, bands, _ = taps.shape
        columns = features.flatten().index_select(0, taps.flatten()).view(times * bands, -1)
        x = self._first(columns)
        for (kernel, bias), pointwise in zip(self._kernels, self._pointwise, strict=True):
            grid = x.view(1, times, bands, -1).permute(0, 3, 1, 2)  # (1, D, times, bands)
            grid = F.conv2d(grid, kernel, bias, stride=2, groups=kernel.shape[0])
            times, bands = grid.shape[2:]
            x = pointwise(grid.permute(0, 2, 3, 1).reshape(times * bands, -1))
        return x.view(times, -1)  # (frames, 9 D)


@lru_cache(maxsize=8)
def _tap_places(rows: int, width: int, parts: int, device: torch.device) -> Tensor:
    """(times, bands, 9 parts): where the taps of the first convolution lie in (rows, width)
    features, flattened; as three parts the high halves, the low halves behind them, and the high
    ones again. Taking them by place is four times as fast as copying a view of 3 by 3."""
    places = torch.arange(rows * width, device=device).view(rows, width)
    places = places.unfold(0, 3, 2).unfold(1, 3, 2).flatten(2)
    return places if parts == 1 else torch.cat((places, places + rows * width, places), 2)


def frames_in(features: int) -> int:
    """Return how many encoder frames so many feature frames give."""
    return max(0, (features - FEATURES_A_FRAME) // SUBSAMPLING + 1)


class Layer:
    """One encoder layer: half feed-forward, attention, convolution, half feed-forward, norm."""

    def __init__(self, weights: Weights, index: int, config: ModelConfig) -> None:
        block, eps = f"encoder.encoders.{index}.", config.norm_eps
        dim, heads, head_dim = config.dim, config.heads, config.head_dim
        self.heads, self.halo = heads, config.halo
        self._dtype = weights.dtype

        def norm(name: str) -> Norm:
            return Norm(weights, block + name, eps, torch.float32)

        self._norm_macaron, self._norm_ff = norm("norm_ff_macaron"), norm("norm_ff")
        self._norm_attention, self._norm_conv = norm("norm_mha"), norm("norm_conv")
        self._norm_final = norm("norm_final")
        self._macaron_up = weights.linear(f"{block}feed_forward_macaron.w_1", activation="swish")
        self._macaron_down = weights.linear(f"{block}feed_forward_macaron.w_2", 0.5)
        self._up = weights.linear(f"{block}feed_forward.w_1", activation="swish")
        self._down = weights.linear(f"{block}feed_forward.w_2", 0.5)

        attention, scale = f"{block}self_attn.", 1.0 / math.sqrt(head_dim)
        tensors = weights.tensors
        u, v = tensors[f"{attention}pos_bias_u"], tensors[f"{attention}pos_bias_v"]  # (H, dk)
        parts = [tensors[f"{attention}linear_{name}.weight"] for name in "qkv"]
        biases = [tensors[f"{attention}linear_{name}.bias"] for name in "qkv"]
        parts[0], biases[0] = parts[0] * scale, (biases[0] + u.flatten()) * scale
        # One product for all three, whose columns lie head by head: (H, 3, dk).
        weight = torch.stack(parts).view(3, heads, head_dim, dim).transpose(0, 1)
        bias = torch.stack(biases).view(3, heads, head_dim).transpose(0, 1)
        self._qkv = weights.make(weight.reshape(3 * dim, dim), bias.flatten())
        v_minus_u = ((v - u) * scale)[:, None]
        self.v_minus_u = v_minus_u.to(weights.device, weights.dtype)  # (H, 1, dk)
        self._position_weight = weights.plain(f"{attention}linear_pos.weight", torch.float32)
        self._attention_out = weights.linear(f"{attention}linear_out")

        conv = f"{block}conv_module."
        self._pointwise_in = weights.linear(f"{conv}pointwise_conv1")
        # On more than one thread oneDNN's bfloat16 depthwise kernel of one row never returns for
        # some numbers of channels (80 on 2 threads, 256 on 16): float32 costs 1 % more of a layer.
        # Norm and activation after it stay float32: turning them round costs more than it saves.
        self.kernel_dtype = torch.float32 if weights.device.type == "cpu" else weights.dtype
        self._kernel, self._kernel_bias = weights.kernel(f"{conv}depthwise_conv", self.kernel_dtype)
        # A batch norm is part of the kernel already: the checkpoint's reader folded it in.
        self._norm_kernel = (
            None if config.batch_norm else Norm(weights, f"{conv}norm", eps, self.kernel_dtype)
        )
        self._pointwise_out = weights.linear(f"{conv}pointwise_conv2")
        self._dim = dim

    def positions(self, embedding: Tensor) -> Tensor:
        """(rows, D) sinusoids to the (H, dk, rows) table that queries are multiplied with."""
        table = embedding @ self._position_weight.T
        table = table.view(len(embedding), self.heads, -1).permute(1, 2, 0)
        return table.contiguous().to(self._dtype)

    def before_attention(self, x: Tensor, out: Tensor) -> tuple[Tensor]:
        """(n, D) to queries, keys and values (n, 3 D), head by head; the residual goes to `out`
        (n, D), where it will wait: 2 % of the time goes into copying what was written elsewhere."""
        up = self._macaron_up(self._norm_macaron(x).to(self._dtype))
        x = self._macaron_down.plus(x, up, out)
        return (self._qkv(self._norm_attention(x).to(self._dtype)),)

    def by_head(self, qkv: Tensor) -> Tensor:
        """(n, 3 D) to (H, n, 3 dk), a view. Kept in this order, neighbouring frames of a head lie
        close: 0.53 ms for a chunk's attention in float32, 0.60 in the other."""
        return qkv.view(len(qkv), self.heads, 3 * self._dim // self.heads).transpose(0, 1)

    def score_positions(self, q: Tensor, table: Tensor) -> Tensor:
        """Queries (H, n, dk) against (H, dk, rows) of the table; (H, n, rows)."""
        return torch.bmm(q + self.v_minus_u, table)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, by_distance: Tensor) -> Tensor:
        """Queries (g, H, n, dk) of g chunks against the keys (g, H, m, dk) of each; every query
        sees every key of its chunk. Out: (g n, D).

        `by_distance` (H, g n, n + m - 1) are the queries' scores of the distances from that of the
        last query to the first key down to that of the first query to the last key.
        """
        chunks, heads, n, _ = q.shape
        head, row, _ = by_distance.stride()
        # Row i starts n - 1 - i columns in: the shift is a view, not a copy.
        shifted = by_distance[..., n - 1 :].as_strided(
            (chunks, heads, n, k.shape[2]), (n * row, head, row - 1, 1)
        )
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=shifted, scale=1.0)
        return y.transpose(1, 2).reshape(chunks * n, self._dim)

    def after_attention(self, x: Tensor, attended: Tensor, out: Tensor) -> tuple[Tensor]:
        """Residual and attention (n, D) to the gated input (n, D) of the convolution; the new
        residual goes to `out` (n, D)."""
        x = self._attention_out.plus(x, attended, out)
        return (F.glu(self._pointwise_in(self._norm_conv(x).to(self._dtype)), -1),)

    def convolve(self, gated: Tensor) -> Tensor:
        """(n + 2 halo, D) gated frames in the kernel's type to (n, D), before the norm."""
        grid = gated.view(1, 1, len(gated), self._dim).permute(0, 3, 1, 2)  # (1, D, 1, n + 2 halo)
        grid = F.conv2d(grid, self._kernel, self._kernel_bias, groups=self._dim)
        return grid.permute(0, 2, 3, 1).reshape(-1, self._dim)

    def after_convolution(self, x: Tensor, convolved: Tensor) -> tuple[Tensor]:
        """Residual and convolution (n, D) to the layer's result (n, D)."""
        y = self._norm_kernel(convolved) if self._norm_kernel else convolved
        x = self._pointwise_out.plus(x, F.silu(y, inplace=True).to(self._dtype))
        x = self._down.plus(x, self._up(self._norm_ff(x).to(self._dtype)))
        return (self._norm_final(x),)


class Encoder:
    """Subsampling, layers and the last norm of one checkpoint, on one device."""

    def __init__(self, checkpoint: Checkpoint, device: torch.device, precision: Precision) -> None:
        weights = Weights(checkpoint.tensors, device, precision)
        self.config, self.device, self.precision = checkpoint.config, device, precision
        self.dtype = weights.dtype
        self.subsample = Subsampling(weights, checkpoint)
        self.layers = [Layer(weights, i, self.config) for i in range(self.config.blocks)]
        self.norm = Norm(weights, "encoder.after_norm", self.config.norm_eps, torch.float32)
        self._tables: dict[tuple[int, int, int], list[Tensor]] = {}

    def positions(self, context: Context) -> list[Tensor]:
        """A table (H, dk, 2 C + L + R - 1) a layer; column r holds the distance C + L - 1 - r."""
        key = (context.chunk, context.left, context.right)
        if key not in self._tables:
            furthest, nearest = (
                context.chunk + context.left - 1,
                -(context.chunk + context.right - 1),
            )
            sinusoids = relative_sinusoids(furthest, nearest, self.config.dim).to(self.device)
            # Two are in use at most: the recording's, and that of an early look at its beginning.
            self._tables = dict(list(self._tables.items())[-1:])
            self._tables[key] = [layer.positions(sinusoids) for layer in self.layers]
        return self._tables[key]


def relative_sinusoids(furthest: int, nearest: int, dim: int) -> Tensor:
    """(rows, dim): sine and cosine, interleaved, of the distances furthest .. nearest."""
    distance = torch.arange(furthest, nearest - 1, -1, dtype=torch.float32)[:, None]
    even = torch.arange(0, dim, 2, dtype=torch.float32)
    angle = distance * torch.exp(even * (-math.log(10_000.0) / dim))
    return torch.stack((angle.sin(), angle.cos()), -1).flatten(1)
