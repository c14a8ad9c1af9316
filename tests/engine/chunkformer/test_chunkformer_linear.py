"""The products of full portions, short ones and single rows give the same, in every precision."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from omoai_engine.asr.chunkformer.linear import PORTION_ROWS, Activation, Linear

ACTIVATIONS = {"none": lambda y: y, "relu": F.relu, "swish": F.silu}
ROWS = (1, PORTION_ROWS - 1, PORTION_ROWS, PORTION_ROWS + 1, 2 * PORTION_ROWS)


@pytest.fixture(params=[(48, 80), (512, 96)])
def tensors(request: pytest.FixtureRequest) -> tuple[torch.Tensor, torch.Tensor]:
    """A weight (out, in) and a bias (out,)."""
    torch.manual_seed(3)
    inputs, outputs = request.param
    return torch.randn(outputs, inputs) / inputs**0.5, torch.randn(outputs)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_number_of_rows_gives_the_exact_product(
    tensors: tuple[torch.Tensor, torch.Tensor], activation: Activation
) -> None:
    weight, bias = tensors
    layer = Linear(
        weight, bias, device=torch.device("cpu"), precision="float32", activation=activation
    )
    for rows in ROWS * 2:  # again, with the order for portions laid out
        x = torch.randn(rows, weight.shape[1])
        wanted = ACTIVATIONS[activation](F.linear(x.double(), weight.double(), bias.double()))
        assert torch.allclose(layer(x).double(), wanted, atol=2e-5)


def test_a_residual_is_added_where_it_will_wait(
    tensors: tuple[torch.Tensor, torch.Tensor],
) -> None:
    weight, bias = tensors
    layer = Linear(weight, bias, device=torch.device("cpu"), precision="float32")
    for rows in ROWS:
        x, residual = torch.randn(rows, weight.shape[1]), torch.randn(rows, len(weight))
        wanted = residual + F.linear(x, weight, bias)
        kept, room = residual.clone(), torch.empty(2 * rows, len(weight))
        assert torch.allclose(layer.plus(residual, x), wanted, atol=2e-5)
        assert layer.plus(residual, x, room[rows:]).data_ptr() == room[rows:].data_ptr()
        assert torch.allclose(room[rows:], wanted, atol=2e-5)
        assert torch.equal(residual, kept)


def test_a_few_rows_do_not_ask_for_the_memory_of_portions() -> None:
    weight, bias = torch.randn(64, 32), torch.randn(64)
    layer = Linear(weight, bias, device=torch.device("cpu"), precision="float32")
    for rows in (1, 64, PORTION_ROWS - 1):
        layer(torch.randn(rows, 32))
    assert layer._portions is None
