"""Training: frame labels first, CTC soon after, harder sound as it goes, weights averaged.

In: `Speech`, numbers of `Plan`. Out: a `ChunkFormer`. Prints a line now and then.
"""

from __future__ import annotations

import copy
import ctypes
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from .model import ChunkFormer, Context, Shape
from .sequences import Batch, Sequences
from .speech import Speech
from .words import TOKENS


@dataclass(frozen=True)
class Plan:
    """Numbers of one training. A step learns from ``seconds_a_step`` of sound."""

    steps: int = 4500
    seconds_a_step: int = 120
    rate: float = 2e-3
    warmup: int = 200
    ctc_from: int = 300  # CTC from the first step on stands still: everything becomes blank
    ctc_weight: float = 1.0
    average: float = 0.998
    seed: int = 1


def train(speech: Speech, plan: Plan, keep: Callable[[ChunkFormer], None]) -> None:
    """Train from random weights; ``keep`` gets the moving average of the weights now and then
    and at the end."""
    _keep_memory()
    torch.manual_seed(plan.seed)
    rng = np.random.default_rng([plan.seed, 3])
    sequences = Sequences(speech, plan.seed)
    model = ChunkFormer(Shape(), len(TOKENS), *_statistics(sequences))
    # Channels last: the subsampling takes a fifth less time.
    model.encoder.embed.conv.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(model)
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}],
        lr=plan.rate,
        betas=(0.9, 0.98),
    )
    begun, shown = time.monotonic(), {"frames": 0.0, "ctc": 0.0}
    for step in range(plan.steps):
        for group in optimizer.param_groups:
            group["lr"] = _rate(plan, step)
        length = float(rng.choice([10, 20, 40]))
        strength = min(1.0, 0.1 + step / (0.3 * plan.steps))
        batch = sequences.draw(int(plan.seconds_a_step / length), length, strength)
        context = draw_context(rng)
        frames, ctc = _losses(model, batch, context)
        loss = frames + (plan.ctc_weight * ctc if step >= plan.ctc_from else 0.0)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
        with torch.no_grad():
            decay = min(plan.average, (1 + step) / (10 + step))
            for slow, fast in zip(average.parameters(), model.parameters(), strict=True):
                slow.lerp_(fast, 1 - decay)
        for name, value in (("frames", frames), ("ctc", ctc)):
            shown[name] = 0.98 * shown[name] + 0.02 * value.item() if step else value.item()
        if step % 100 == 99:
            minutes = (time.monotonic() - begun) / 60
            print(
                f"step {step + 1} of {plan.steps}, {minutes:.1f} min, frame loss "
                f"{shown['frames']:.4f}, CTC loss {shown['ctc']:.4f}",
                flush=True,
            )
        if step % 500 == 499 or step + 1 == plan.steps:
            keep(average)


def draw_context(rng: np.random.Generator) -> Context:
    """Files (64-128-128) for half of the steps, live without look-ahead for a third, others."""
    kind = rng.random()
    if kind < 0.5:
        return Context(64, 128, 128)
    if kind < 0.85:
        return Context(int(rng.choice([8, 16, 32, 64])), 128, 0)
    return Context(int(rng.choice([16, 32, 64])), 128, int(rng.choice([8, 16, 32, 64])))


def _losses(
    model: ChunkFormer, batch: Batch, context: Context
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross-entropy a frame, and CTC a frame."""
    logits = model(batch.features, context).log_softmax(2)
    count, length = batch.labels.shape
    weights = batch.weights
    if context.right == 0:
        # At the end of a chunk nobody can know the word yet: CTC alone says what is right there.
        last = torch.arange(length) % context.chunk >= context.chunk - 2
        weights = weights * (~last)
    each = F.nll_loss(logits.flatten(0, 1), batch.labels.flatten(), reduction="none")
    frames = (each * weights.flatten()).sum() / weights.sum()
    ctc = F.ctc_loss(
        logits.transpose(0, 1),
        batch.tokens,
        torch.full((count,), length),
        batch.counts,
        reduction="sum",
        zero_infinity=True,
    )
    return frames, ctc / (count * length)


def _rate(plan: Plan, step: int) -> float:
    """Linear warm-up, then a cosine to a hundredth."""
    if step < plan.warmup:
        return plan.rate * (step + 1) / plan.warmup
    part = (step - plan.warmup) / (plan.steps - plan.warmup)
    return plan.rate * (0.01 + 0.99 * (1 + math.cos(math.pi * part)) / 2)


def _statistics(sequences: Sequences) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and inverse deviation of each band over some hard training sound."""
    features = sequences.draw(60, 20.0, 1.0).features.double().flatten(0, 1)
    return features.mean(0).float(), (1 / features.std(0)).float()


def _keep_memory() -> None:
    """Let glibc keep freed blocks: a fifth less time, without page faults."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        trim_threshold, top_pad, mmap_max = -1, -2, -4
        mallopt(trim_threshold, 2**31 - 1)
        mallopt(top_pad, 2**28)
        mallopt(mmap_max, 0)
