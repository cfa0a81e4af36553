"""What a model on a CPU says with speculative tokens is drawn as without them: each token as often as its probability."""

from types import SimpleNamespace

import pytest
import torch
from vllm.platforms import current_platform

from rag.runtime.llm_worker import by_token

REQUESTS = 4000
DRAFT = [3, 5]


@pytest.fixture(scope="module")
def sampler():
    if not current_platform.is_cpu():
        pytest.skip("vLLM here is built for GPUs; these are its kernels for CPUs")
    current_platform.import_kernels()
    current_platform.register_triton_kernel_overrides()
    from vllm.v1.sample import rejection_sampler

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rejection_sampler, "expand_batch_to_tokens", by_token)
        yield rejection_sampler


@pytest.mark.parametrize("temperature", [0.5, 0.8, 1.5])
def test_sampled_tokens_are_as_frequent_as_the_model_has_them(sampler, temperature):
    torch.manual_seed(7)
    logits = torch.randn(len(DRAFT), 8) * 1.5
    first, second = drawn(sampler, logits, torch.full((REQUESTS,), temperature))
    expected = (logits / temperature).softmax(-1)
    assert torch.allclose(frequency(first), expected[0], atol=0.04)
    went_on = second[second >= 0]
    assert len(went_on) / REQUESTS == pytest.approx(float(expected[0, DRAFT[0]]), abs=0.03)


def test_requests_without_temperature_get_the_likeliest_token_beside_those_with_one(sampler):
    torch.manual_seed(8)
    logits = torch.randn(len(DRAFT), 8) * 1.5
    temperatures = torch.tensor([0.0, 0.9]).repeat(REQUESTS // 2)
    first, _ = drawn(sampler, logits, temperatures)
    assert set(first[0::2].tolist()) == {int(logits[0].argmax())}
    assert torch.allclose(frequency(first[1::2]), (logits[0] / 0.9).softmax(-1), atol=0.05)


def test_every_speculative_token_has_what_its_request_has():
    counts = torch.tensor([2, 2, 5], dtype=torch.int32)  # two tokens, none, three
    assert by_token(torch.tensor([0.7, 0.9, 0.0]), counts, 5, 0, 1).tolist() == pytest.approx([0.7, 0.7, 1.0, 1.0, 1.0])
    assert by_token(torch.tensor([4, 5, 6], dtype=torch.int32), counts, 5).tolist() == [4, 4, 6, 6, 6]


def drawn(sampler, logits, temperatures):
    """First and second token of each request, -1 where its draft ended before: the same logits and draft for all."""
    number = len(temperatures)
    cumulative = torch.arange(1, number + 1, dtype=torch.int32) * len(DRAFT)
    asked = SimpleNamespace(
        all_greedy=False,
        all_random=bool((temperatures > 0).all()),
        temperature=temperatures,
        top_k=None,
        top_p=None,
        generators={},
    )
    limited = sampler.apply_sampling_constraints(logits.repeat(number, 1).clone(), cumulative, asked)
    draft = torch.tensor(DRAFT, dtype=torch.int32).repeat(number)
    bonus = torch.full((number, 1), 7, dtype=torch.int32)
    each = [len(DRAFT)] * number
    tokens = sampler.rejection_sample(draft, each, len(DRAFT), cumulative, None, limited, bonus, asked)
    return tokens[:, 0], tokens[:, 1]


def frequency(tokens):
    return torch.bincount(tokens.long(), minlength=8) / len(tokens)
