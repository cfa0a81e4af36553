"""A language model's norms in vLLM's kernels for CPUs are what PyTorch calculates, and whatever the kernels cannot is left to it."""

import pytest
import torch
from vllm import ir
from vllm.platforms import current_platform

from rag.runtime import llm_norms

pytestmark = pytest.mark.skipif(not current_platform.is_cpu(), reason="vLLM here is built for GPUs")
PRECISION = {torch.float32: 1e-6, torch.bfloat16: 2**-7, torch.float16: 2**-10}


@pytest.fixture
def in_use():
    operations = ir.ops.rms_norm, ir.ops.fused_add_rms_norm
    before = [operation.get_priority() for operation in operations]
    llm_norms.use()
    yield
    for operation, names in zip(operations, before, strict=True):
        operation.set_default(names or ["native"])


def rows(dtype, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(7)).to(dtype) * 3


def close(one, other):
    torch.testing.assert_close(one, other, rtol=2 * PRECISION[one.dtype], atol=2 * PRECISION[one.dtype])


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("shape", [(37, 576), (1, 64), (3, 5, 128)])
def test_norms_are_the_same(in_use, dtype, shape):
    x, weight = rows(dtype, *shape), rows(dtype, shape[-1])
    assert ir.ops.rms_norm.dispatch(x, weight, 1e-5).provider == llm_norms.NAME
    close(ir.ops.rms_norm(x, weight, 1e-5), ir.ops.rms_norm.impls["native"].impl_fn(x, weight, 1e-5))


@pytest.mark.parametrize("dtype", PRECISION)
def test_norms_of_a_sum_are_the_same_and_leave_it(in_use, dtype):
    x, residual, weight = rows(dtype, 37, 576), rows(dtype, 37, 576).flip(0), rows(dtype, 576)
    expected, expected_sum = ir.ops.fused_add_rms_norm.impls["native"].impl_fn(x, residual, weight, 1e-5)
    assert ir.ops.fused_add_rms_norm.dispatch(x, residual, weight, 1e-5).provider == llm_norms.NAME
    normed, summed = ir.ops.fused_add_rms_norm.maybe_inplace(x.clone(), residual.clone(), weight, 1e-5)
    close(summed, expected_sum)
    # In half precision the sum is rounded before its norm is calculated, or after.
    torch.testing.assert_close(normed, expected, rtol=4 * PRECISION[dtype], atol=8 * PRECISION[dtype])


@pytest.mark.parametrize(
    "given",
    [
        lambda x, weight: (x[:, ::2], weight[::2], 1e-5),  # rows with gaps
        lambda x, weight: (x[:, :36].contiguous(), weight[:36], 1e-5),  # not whole vectors
        lambda x, weight: (x, weight.double(), 1e-5),
        lambda x, weight: (x, None, 1e-5),
        lambda x, weight: (x, weight, 1e-5, 32),
    ],
)
def test_what_the_kernels_cannot_is_left_to_pytorch(in_use, given):
    arguments = given(rows(torch.float32, 4, 64), rows(torch.float32, 64))
    assert ir.ops.rms_norm.dispatch(*arguments).provider == "native"
    assert ir.ops.rms_norm(*arguments).shape == arguments[0].shape
