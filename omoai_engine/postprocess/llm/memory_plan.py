"""How much memory a language model takes beside everything else: a ladder of plans, best first.

In: what the model needs and what is free, in bytes. Out: plans that fit, each with less than the
one before, tried in this order when memory turns out to be short. Pure arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

GIB = 1 << 30
MIB = 1 << 20

# Beside weights and cache: CUDA's own share, activations of one step, captured graphs; without
# graphs; and on a processor.
_WORK_GRAPHS = int(1.75 * GIB)
_WORK_EAGER = int(1.0 * GIB)
_WORK_CPU = int(0.7 * GIB)
# Packed weights are laid out anew for the card's kernels, and allocators leave gaps.
_WEIGHTS_FACTOR = 1.06
_CACHE_SHARE = 0.9
_CPU_SHARE = 0.8
_LEAST_CACHE = 64 * MIB
_MOST_CPU_CACHE = 4 * GIB
_LEAST_CONTEXT = 1024


@dataclass(frozen=True, slots=True)
class Need:
    """What is wanted. `weights` bytes once loaded, `kv_token` bytes of cache a token, `context`
    tokens of prompt and answer, `sequences` answers at the same time."""

    weights: int
    kv_token: int
    context: int
    sequences: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One way to load the model: `cache` bytes for keys and values, `total` bytes altogether."""

    context: int
    sequences: int
    eager: bool
    cache: int
    total: int


def gpu_plans(need: Need, *, free: int, total: int, fraction: float | None) -> tuple[Plan, ...]:
    """Return the plans that fit one graphics card, best first; empty when none does.

    Args:
        need: what is wanted.
        free: bytes free on the card now, the recogniser's share taken.
        total: bytes of the card.
        fraction: the most of `total` that may be taken; None: whatever is free.
    """
    usable = free if fraction is None else min(free, int(total * fraction))
    fewer = max(1, need.sequences // 4)
    half = max(min(need.context, _LEAST_CONTEXT), need.context // 2)
    quarter = max(min(need.context, _LEAST_CONTEXT), need.context // 4)
    ladder = (
        (need.context, need.sequences, False),
        (need.context, need.sequences, True),
        (need.context, fewer, True),
        (half, fewer, True),
        (quarter, max(1, fewer // 2), True),
    )
    plans = []
    for context, sequences, eager in ladder:
        work = _WORK_EAGER if eager else _WORK_GRAPHS
        weights = int(need.weights * _WEIGHTS_FACTOR)
        room = int((usable - weights - work) * _CACHE_SHARE)
        cache = min(room, max(_LEAST_CACHE, context * sequences * need.kv_token))
        if cache >= context * need.kv_token and cache > 0:
            plans.append(Plan(context, sequences, eager, cache, weights + work + cache))
    return _without_repeats(plans)


def cpu_plans(need: Need, *, free: int) -> tuple[Plan, ...]:
    """Return the plans that fit the machine's memory, best first; empty when none does."""
    usable = int(free * _CPU_SHARE)
    fewer = max(1, need.sequences // 4)
    half = max(min(need.context, _LEAST_CONTEXT), need.context // 2)
    plans = []
    for context, sequences in (
        (need.context, need.sequences),
        (need.context, fewer),
        (half, fewer),
    ):
        room = usable - need.weights - _WORK_CPU
        wanted = max(_LEAST_CACHE, min(_MOST_CPU_CACHE, context * sequences * need.kv_token))
        cache = min(room, max(wanted, context * need.kv_token))
        if cache >= context * need.kv_token and cache > 0:
            plans.append(Plan(context, sequences, True, cache, need.weights + _WORK_CPU + cache))
    return _without_repeats(plans)


def least_bytes(need: Need, *, on_gpu: bool) -> int:
    """Return what the smallest plan takes, for the sentence that says why none fits."""
    context = min(need.context, max(_LEAST_CONTEXT, need.context // (4 if on_gpu else 2)))
    weights = int(need.weights * (_WEIGHTS_FACTOR if on_gpu else 1))
    return weights + (_WORK_EAGER if on_gpu else _WORK_CPU) + context * need.kv_token


def notices(plan: Plan, need: Need, *, on_gpu: bool) -> tuple[str, ...]:
    """Return what a person should know of `plan`: one sentence for each step down."""
    told = []
    if plan.context < need.context:
        told.append(
            f"Memory is short: the language model takes {plan.context} tokens at once"
            f" instead of {need.context}."
        )
    if plan.sequences < need.sequences:
        told.append(
            f"Memory is short: the language model writes {plan.sequences} answers at a time"
            f" instead of {need.sequences}."
        )
    if on_gpu and plan.eager:
        told.append("Memory is short: the language model runs without captured graphs, slower.")
    return tuple(told)


def _without_repeats(plans: list[Plan]) -> tuple[Plan, ...]:
    return tuple(plans[:1]) + tuple(after for before, after in pairwise(plans) if after != before)
