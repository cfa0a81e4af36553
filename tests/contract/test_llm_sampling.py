"""What a model on a CPU says with speculative tokens is drawn as without them: each token as often as its probability."""

import json
import math
import subprocess
import sys

import pytest
import torch

from rag.runtime.llm_worker import by_token
from tests.conftest import ROOT
from tests.contract.sampled_tokens import DRAFT


@pytest.fixture(scope="module")
def told():
    command = [sys.executable, "-m", "tests.contract.sampled_tokens"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    if found is None:
        pytest.skip("vLLM here is built for GPUs; these are its kernels for CPUs")
    return found


def probabilities(logits, temperature):
    weights = [math.exp(logit / temperature) for logit in logits]
    return [weight / sum(weights) for weight in weights]


@pytest.mark.parametrize("temperature", ["0.5", "0.8", "1.5"])
def test_sampled_tokens_are_as_frequent_as_the_model_has_them(told, temperature):
    expected = probabilities(told["logits"][0], float(temperature))
    found = told["alike"][temperature]
    assert found["frequency"] == pytest.approx(expected, abs=0.04)
    assert found["went_on"] == pytest.approx(expected[DRAFT[0]], abs=0.03)


def test_requests_without_temperature_get_the_likeliest_token_beside_those_with_one(told):
    [likeliest] = told["mixed"]["greedy"]
    assert told["logits"][0][likeliest] == max(told["logits"][0])
    assert told["mixed"]["frequency"] == pytest.approx(probabilities(told["logits"][0], 0.9), abs=0.05)


def test_every_speculative_token_has_what_its_request_has():
    counts = torch.tensor([2, 2, 5], dtype=torch.int32)  # two tokens, none, three
    assert by_token(torch.tensor([0.7, 0.9, 0.0]), counts, 5, 0, 1).tolist() == pytest.approx([0.7, 0.7, 1.0, 1.0, 1.0])
    assert by_token(torch.tensor([4, 5, 6], dtype=torch.int32), counts, 5).tolist() == [4, 4, 6, 6, 6]
