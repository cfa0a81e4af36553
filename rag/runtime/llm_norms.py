"""A model's layer normalization on a CPU, in vLLM's own kernels. Only vLLM's worker imports this.

vLLM (0.32) has them for CPUs and does not use them there: eight operations of PyTorch take their place, in each of a small model's sixty
norms. A compiler joins those by itself; where nothing is compiled, these are quicker.
"""

from __future__ import annotations

import torch
import vllm.kernels  # noqa: F401  # others first: vLLM looks for what it knows in the order of registration
from torch import Tensor
from vllm import ir

NAME = "redwell_cpu"
_VECTOR = 16
"""Elements that the kernels read at once: a row is a multiple of them."""


def use() -> None:
    """From now on in this process, for all that the kernels can; the rest stays as it is."""
    for operation in (ir.ops.rms_norm, ir.ops.fused_add_rms_norm):
        operation.set_default([NAME, "native"])


def _fits(weight: Tensor | None, variance_size: int | None, *rows: Tensor) -> bool:
    if weight is None or variance_size is not None:
        return False
    return all(one.dtype == weight.dtype and one.is_contiguous() and one.shape[-1] % _VECTOR == 0 for one in rows)


def _one_fits(x: Tensor, weight: Tensor | None, epsilon: float, variance_size: int | None = None) -> bool:
    return _fits(weight, variance_size, x)


def _both_fit(
    x: Tensor, x_residual: Tensor, weight: Tensor | None, epsilon: float, variance_size: int | None = None
) -> bool:
    return _fits(weight, variance_size, x, x_residual)


@ir.ops.rms_norm.register_impl(NAME, supports_args=_one_fits)
def rms_norm(x: Tensor, weight: Tensor | None, epsilon: float, variance_size: int | None = None) -> Tensor:
    normed = torch.empty_like(x)
    torch.ops._C.rms_norm(normed, x, weight, epsilon)
    return normed


@ir.ops.fused_add_rms_norm.register_impl(NAME, supports_args=_both_fit, inplace=True)
def fused_add_rms_norm(
    x: Tensor, x_residual: Tensor, weight: Tensor | None, epsilon: float, variance_size: int | None = None
) -> tuple[Tensor, Tensor]:
    """Writes over both: `x` is the norm of their sum then, `x_residual` the sum."""
    torch.ops._C.fused_add_rms_norm(x, x_residual, weight, epsilon)
    return x, x_residual
