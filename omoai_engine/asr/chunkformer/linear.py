"""The one operation that takes the time: y = activation(x Wᵀ + b), in four precisions.

In and out: (rows, width) tensors in the compute type of the precision. On a processor the
weights are laid out once, at load, in the order in which its matrix units read them, and the
activation is applied while the result is still in the cache; elsewhere these are plain torch
operations. Measured on one thread of a processor with AMX, 256 rows of 512 to 2048: bfloat16
0.89 ms with torch.nn.functional (0.62 product, 0.27 swish), 0.52 ms here; float32 3.4 and 3.15.

Intel's own library takes float32 through full portions of a long recording faster still: 409
instead of 447 ms for all products of the large model, 5 % less for a whole recording. It wants an
order of its own that holds for one number of rows. That order is laid out when the first such
portion comes, beside the other, which short pieces and live sound go on to use: it costs the
weights' memory once more.
"""

from __future__ import annotations

import contextlib
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch
import torch.nn.functional as F

if TYPE_CHECKING:
    from torch import Tensor

Precision = Literal["float32", "bfloat16", "float16", "int8"]
Activation = Literal["none", "relu", "swish"]

COMPUTE_TYPES: dict[str, torch.dtype] = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "int8": torch.float32,  # sums and everything between the products
}
PORTION_ROWS = 256
"""The rows for which weights are laid out. A hint for oneDNN; Intel's order takes no others."""


class Linear:
    """A linear layer with its activation; `weight` (out, in) and `bias` (out,) in float32."""

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor,
        *,
        device: torch.device,
        precision: Precision,
        activation: Activation = "none",
    ) -> None:
        dtype = COMPUTE_TYPES[precision]
        self._activation = activation
        self._bias = bias.to(device, dtype)
        self._weight = weight.to(device, dtype).contiguous()
        self._kind: Literal["plain", "packed", "int8"] = "plain"
        self._portions: Tensor | None = None  # the weights in Intel's order, once they are needed
        self._takes_portions = False
        if precision == "int8" and device.type == "cpu":
            self._weight = _quantized(weight, bias)
            # Without these instructions sums of 8-bit products overflow: inputs then get 7 bits.
            self._seven_bits = not asked_processor("_is_vnni_supported")
            self._kind = "int8"
        elif device.type == "cpu" and _can_pack(dtype):
            self._takes_portions = dtype == torch.float32 and _has_intel_order()
            self._weight = torch.ops.mkldnn._reorder_linear_weight(self._weight, PORTION_ROWS)
            self._kind = "packed"

    def __call__(self, x: Tensor) -> Tensor:
        """(rows, in) to (rows, out)."""
        if self._takes_portions and len(x) == PORTION_ROWS:
            y = self._portion(x)
        elif self._kind == "packed":
            packed: Tensor = torch.ops.mkldnn._linear_pointwise(
                x, self._weight, self._bias, self._activation, [], ""
            )
            return packed
        elif self._kind == "int8":
            y = torch.ops.quantized.linear_dynamic(x, self._weight, self._seven_bits)
        else:
            y = F.linear(x, self._weight, self._bias)
        if self._activation == "relu":
            return y.relu_()
        return F.silu(y, inplace=True) if self._activation == "swish" else y

    def plus(self, residual: Tensor, x: Tensor, out: Tensor | None = None) -> Tensor:
        """`residual` (rows, out) in float32 plus the layer's result for (rows, in), in float32;
        written to `out` where that is given."""
        if self._takes_portions and len(x) == PORTION_ROWS:
            return torch.add(residual, self._portion(x), out=out)
        if self._kind == "packed" and x.dtype == torch.float32:  # added while it is in the cache
            y: Tensor = torch.ops.mkldnn._linear_pointwise.binary(
                x, residual, self._weight, self._bias, "add"
            )
            return y if out is None else out.copy_(y)
        y = self(x)
        # 30 us where bfloat16 added to float32 takes 62
        return (y.float() if out is None else out.copy_(y)).add_(residual)

    def _portion(self, x: Tensor) -> Tensor:
        """(PORTION_ROWS, in) to (PORTION_ROWS, out) in float32, without the activation."""
        if self._portions is None:
            self._portions = torch.ops.mkl._mkl_reorder_linear_weight(
                self._weight.to_dense(), PORTION_ROWS
            )
        # The plain weights are asked for, but only their shape is looked at for these rows.
        shape = x.new_empty(1).expand(self._weight.shape)
        y: Tensor = torch.ops.mkl._mkl_linear(x, self._portions, shape, self._bias, PORTION_ROWS)
        return y


def asked_processor(name: str) -> bool:
    """Call one of torch's private questions about the processor; absent means no."""
    with contextlib.suppress(AttributeError, RuntimeError):
        return bool(getattr(torch.cpu, name)())
    return False


def _can_pack(dtype: torch.dtype) -> bool:
    """Say whether torch's own packed linear runs here; its name is private, so it is tried."""
    if dtype not in (torch.float32, torch.bfloat16):
        return False
    try:
        weight = torch.ops.mkldnn._reorder_linear_weight(torch.zeros(16, 16, dtype=dtype), 1)
        zeros = torch.zeros(1, 16, dtype=dtype)
        torch.ops.mkldnn._linear_pointwise(zeros, weight, zeros[0], "swish", [], "")
    except (AttributeError, RuntimeError, NotImplementedError):
        return False
    return True


@cache
def _has_intel_order() -> bool:
    """Say whether Intel's library is there, on a processor for which it is written: elsewhere it
    takes slower ways. Its name in torch is private, so it is tried."""
    try:
        about = Path("/proc/cpuinfo").read_text(errors="replace")
        weight, bias = torch.ones(16, 16), torch.zeros(16)
        laid_out = torch.ops.mkl._mkl_reorder_linear_weight(weight, 1)
        y = torch.ops.mkl._mkl_linear(weight[:1], laid_out, weight, bias, 1)
    except (OSError, AttributeError, RuntimeError, NotImplementedError):
        return False
    return "GenuineIntel" in about and bool((y == 16).all())


def _quantized(weight: Tensor, bias: Tensor) -> Tensor:
    """Weights in 8 bits, one scale an output; the inputs are quantised as they come."""
    scales = weight.abs().amax(1).clamp_min(1e-8).double() / 127.0
    zeros = torch.zeros(len(scales), dtype=torch.long)
    with warnings.catch_warnings():  # torch announces that these tensors will go one day
        warnings.simplefilter("ignore")
        quantized = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
        packed: Tensor = torch.ops.quantized.linear_prepack(quantized, bias)
    return packed
