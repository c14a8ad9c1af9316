"""How much memory a model may take: plans fit, shrink step by step, and say so."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from omoai_engine.postprocess.llm.memory_plan import (
    GIB,
    MIB,
    Need,
    cpu_plans,
    gpu_plans,
    least_bytes,
    notices,
)

# Qwen3-4B in 4 bits: 3 GB, 36 layers of 8 heads of 128 in 16 bits.
QWEN = Need(weights=3 * 10**9, kv_token=147_456, context=8192, sequences=32)

needs = st.builds(
    Need,
    weights=st.integers(MIB, 40 * GIB),
    kv_token=st.integers(1000, 1_000_000),
    context=st.integers(256, 262_144),
    sequences=st.integers(1, 256),
)


@given(needs, st.integers(0, 80 * GIB), st.one_of(st.none(), st.floats(0.05, 0.98)))
def test_every_plan_fits_and_holds_one_whole_context(
    need: Need, free: int, fraction: float | None
) -> None:
    for on_gpu, plans in (
        (True, gpu_plans(need, free=free, total=80 * GIB, fraction=fraction)),
        (False, cpu_plans(need, free=free)),
    ):
        for plan in plans:
            assert plan.total <= free
            assert plan.total > need.weights + plan.cache
            assert plan.cache >= plan.context * need.kv_token
            assert plan.context <= need.context
            assert 1 <= plan.sequences <= need.sequences
            if fraction is not None and on_gpu:
                assert plan.total <= 80 * GIB * fraction
        assert all(after.total <= before.total for before, after in pairwise(plans))
        if not plans and fraction is None:
            assert free * (1 if on_gpu else 0.8) < least_bytes(need, on_gpu=on_gpu) * 1.6 + MIB


def test_a_large_card_takes_everything_as_wanted_and_says_nothing() -> None:
    best = gpu_plans(QWEN, free=20 * GIB, total=24 * GIB, fraction=None)[0]
    assert (best.context, best.sequences, best.eager) == (8192, 32, False)
    assert notices(best, QWEN, on_gpu=True) == ()


def test_a_card_that_the_recogniser_fills_steps_down_and_says_so() -> None:
    plans = gpu_plans(QWEN, free=int(5.4 * GIB), total=8 * GIB, fraction=None)
    assert plans[0].eager
    told = " ".join(notices(plans[-1], QWEN, on_gpu=True))
    assert f"takes {plans[-1].context} tokens at once instead of 8192" in told
    assert "without captured graphs" in told


def test_too_small_a_card_has_no_plan() -> None:
    assert gpu_plans(QWEN, free=3 * GIB, total=4 * GIB, fraction=None) == ()
    assert cpu_plans(QWEN, free=3 * GIB) == ()


def test_a_tiny_model_takes_little_of_a_processor_s_memory() -> None:
    tiny = Need(weights=MIB, kv_token=512, context=1024, sequences=8)
    assert cpu_plans(tiny, free=8 * GIB)[0].cache == 64 * MIB
