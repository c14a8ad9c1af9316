"""A ChunkFormer that can be trained: the published arithmetic, chunk by chunk, with gradients.

In: log-mel features (B, F, 80). Out: CTC logits (B, T, tokens), T = (F - 15) // 8 + 1.
``Context(chunk, left, right)`` is in encoder frames of 80 ms; a layer sees ``left`` frames before
and ``right`` frames after the chunk. Parameter names are those of the published checkpoints.
All sequences of a batch have the same length; there is no cache and no streaming here.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Context(NamedTuple):
    """Chunk size and what is seen to its left and right, in encoder frames."""

    chunk: int
    left: int
    right: int


class Shape(NamedTuple):
    """Sizes of a model."""

    dim: int = 80
    heads: int = 5
    inner: int = 256
    blocks: int = 4
    kernel: int = 15


def windows(x: Tensor, c: Context) -> Tensor:
    """(B, T, D), T a multiple of the chunk, to (B, n, left + chunk + right, D), zeros outside."""
    x = F.pad(x, (0, 0, c.left, c.right))
    return x.unfold(1, c.left + c.chunk + c.right, c.chunk).transpose(2, 3)


def positions(dim: int, c: Context) -> Tensor:
    """(2 chunk + left + right - 1, D): sines of query - key, from the farthest left key on."""
    far = c.chunk + c.left - 1
    d = torch.arange(far, far - (2 * c.chunk + c.left + c.right - 1), -1.0)[:, None]
    angle = d * torch.exp(torch.arange(0, dim, 2) * (-math.log(10000.0) / dim))
    return torch.stack([angle.sin(), angle.cos()], 2).flatten(1)


class Subsampling(nn.Module):
    """Three convolutions of stride 2 without padding: 8 feature frames to one, 15 seen."""

    def __init__(self, dim: int, mel: int) -> None:
        super().__init__()

        def depthwise() -> list[nn.Module]:
            return [nn.Conv2d(dim, dim, 3, 2, groups=dim), nn.Conv2d(dim, dim, 1), nn.ReLU()]

        self.conv = nn.Sequential(nn.Conv2d(1, dim, 3, 2), nn.ReLU(), *depthwise(), *depthwise())
        self.out = nn.Linear(dim * (((mel - 1) // 2 - 1) // 2 // 2), dim)
        self.scale = math.sqrt(dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, F, 80) to (B, T, D)."""
        y = self.conv(x[:, None]).transpose(1, 2).flatten(2)
        z: Tensor = self.out(y) * self.scale
        return z


class Attention(nn.Module):
    """Relative attention: all queries of a chunk see the same window of keys."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads, self.size = heads, dim // heads
        self.linear_q, self.linear_k = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.linear_v, self.linear_out = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.linear_pos = nn.Linear(dim, dim, bias=False)
        self.pos_bias_u = nn.Parameter(torch.zeros(heads, self.size))
        self.pos_bias_v = nn.Parameter(torch.zeros(heads, self.size))
        nn.init.xavier_uniform_(self.pos_bias_u)
        nn.init.xavier_uniform_(self.pos_bias_v)

    def forward(self, x: Tensor, table: Tensor, hidden: Tensor, c: Context) -> Tensor:
        """x (B, T, D), table (P, D), hidden (n, W) true where a key does not exist."""

        def split(y: Tensor) -> Tensor:  # (B, n, W, D) to (B, n, H, W, dk)
            return y.view(*y.shape[:3], self.heads, self.size).transpose(2, 3)

        q = split(self.linear_q(x).unflatten(1, (-1, c.chunk)))
        k = split(windows(self.linear_k(x), c))
        v = split(windows(self.linear_v(x), c))
        p = self.linear_pos(table).unflatten(1, (self.heads, self.size)).permute(1, 2, 0)
        content = (q + self.pos_bias_u[:, None]) @ k.transpose(3, 4)  # (B, n, H, C, W)
        by_distance = (q + self.pos_bias_v[:, None]) @ p  # (B, n, H, C, P)
        # Row i needs the distances from column C - 1 - i on: shift each row by one more.
        rows = by_distance.flatten(3)[..., c.chunk - 1 : -1]
        shifted = rows.unflatten(3, (c.chunk, -1))[..., : content.shape[-1]]
        score = (content + shifted) / math.sqrt(self.size)
        weight = score.masked_fill(hidden[:, None, None], -1e4).softmax(4)
        seen = (weight @ v).transpose(2, 3).flatten(3).flatten(1, 2)
        y: Tensor = self.linear_out(seen)
        return y


class Convolution(nn.Module):
    """Gated depthwise convolution; to the right it sees at most ``right`` frames past the chunk."""

    def __init__(self, dim: int, kernel: int) -> None:
        super().__init__()
        self.reach = kernel // 2
        self.pointwise_conv1 = nn.Conv1d(dim, 2 * dim, 1)
        self.depthwise_conv = nn.Conv1d(dim, dim, kernel, groups=dim)
        self.norm = nn.LayerNorm(dim)
        self.pointwise_conv2 = nn.Conv1d(dim, dim, 1)

    def forward(self, x: Tensor, real: Tensor, c: Context) -> Tensor:
        """x (B, T, D), real (T, 1) is 0 on the frames past the end."""
        y = F.linear(x, self.pointwise_conv1.weight[:, :, 0], self.pointwise_conv1.bias)
        y = F.glu(y) * real
        around = Context(c.chunk, self.reach, min(c.right, self.reach))
        y = windows(y, around).flatten(0, 1).transpose(1, 2)  # (B n, D, reach + C + right)
        y = self.depthwise_conv(F.pad(y, (0, self.reach - around.right)))
        y = F.silu(self.norm(y.transpose(1, 2)))
        y = F.linear(y, self.pointwise_conv2.weight[:, :, 0], self.pointwise_conv2.bias)
        return y.reshape(x.shape)


class FeedForward(nn.Module):
    """Two linear layers with swish between."""

    def __init__(self, dim: int, inner: int) -> None:
        super().__init__()
        self.w_1, self.w_2 = nn.Linear(dim, inner), nn.Linear(inner, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) to the same."""
        y: Tensor = self.w_2(F.silu(self.w_1(x)))
        return y


class Layer(nn.Module):
    """Half feed-forward, attention, convolution, half feed-forward, norm."""

    def __init__(self, s: Shape) -> None:
        super().__init__()
        self.self_attn = Attention(s.dim, s.heads)
        self.conv_module = Convolution(s.dim, s.kernel)
        self.feed_forward = FeedForward(s.dim, s.inner)
        self.feed_forward_macaron = FeedForward(s.dim, s.inner)
        self.norm_ff_macaron, self.norm_mha = nn.LayerNorm(s.dim), nn.LayerNorm(s.dim)
        self.norm_conv, self.norm_ff = nn.LayerNorm(s.dim), nn.LayerNorm(s.dim)
        self.norm_final = nn.LayerNorm(s.dim)

    def forward(self, x: Tensor, table: Tensor, hidden: Tensor, real: Tensor, c: Context) -> Tensor:
        """(B, T, D) to the same."""
        x = x + 0.5 * self.feed_forward_macaron(self.norm_ff_macaron(x))
        x = x + self.self_attn(self.norm_mha(x), table, hidden, c)
        x = x + self.conv_module(self.norm_conv(x), real, c)
        x = x + 0.5 * self.feed_forward(self.norm_ff(x))
        y: Tensor = self.norm_final(x)
        return y


class Cmvn(nn.Module):
    """Mean and inverse deviation of the features, fixed before training."""

    def __init__(self, mean: Tensor, istd: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("istd", istd)
        self.mean: Tensor
        self.istd: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """(..., 80) to the same."""
        return (x - self.mean) * self.istd


class Encoder(nn.Module):
    """Features to frames."""

    def __init__(self, s: Shape, mean: Tensor, istd: Tensor) -> None:
        super().__init__()
        self.global_cmvn = Cmvn(mean, istd)
        self.embed = Subsampling(s.dim, len(mean))
        self.encoders = nn.ModuleList(Layer(s) for _ in range(s.blocks))
        self.after_norm = nn.LayerNorm(s.dim)

    def forward(self, features: Tensor, c: Context) -> Tensor:
        """(B, F, 80) to (B, T, D)."""
        x = self.embed(self.global_cmvn(features))
        length = x.shape[1]
        x = F.pad(x, (0, 0, 0, -length % c.chunk))
        real = (torch.arange(x.shape[1]) < length).to(x.dtype)[:, None]
        hidden = windows(real[None], c)[0, :, :, 0] == 0  # (n, W)
        table = positions(x.shape[2], c)
        for layer in self.encoders:
            x = layer(x, table, hidden, real, c)
        y: Tensor = self.after_norm(x[:, :length])
        return y


class Ctc(nn.Module):
    """The head."""

    def __init__(self, dim: int, tokens: int) -> None:
        super().__init__()
        self.ctc_lo = nn.Linear(dim, tokens)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) to (B, T, tokens)."""
        y: Tensor = self.ctc_lo(x)
        return y


class ChunkFormer(nn.Module):
    """Features to CTC logits."""

    def __init__(self, s: Shape, tokens: int, mean: Tensor, istd: Tensor) -> None:
        super().__init__()
        self.encoder = Encoder(s, mean, istd)
        self.ctc = Ctc(s.dim, tokens)

    def forward(self, features: Tensor, c: Context) -> Tensor:
        """(B, F, 80) to (B, T, tokens)."""
        y: Tensor = self.ctc(self.encoder(features, c))
        return y
