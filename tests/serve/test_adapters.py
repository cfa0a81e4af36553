"""LoRA adapters on the engine of the packaged language model: each answers by its name.

Starts a stack of its own, so it runs only when it is asked for: REDWELL_TEST_ADAPTERS=1.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import openai
import psutil
import pytest

from rag.client import RedwellClient
from rag.runtime.weights import resolve
from rag.settings import load
from tests.conftest import ROOT, SAMPLES, start_stack, stop_stack
from tests.serve.lora_adapters import write_adapter

QUESTION = "What is the monthly rent of 18 Harbour Street?"
STRENGTHS = {"unchanged": 0.0, "first": 0.1, "second": 0.1}

pytestmark = pytest.mark.skipif(
    not os.environ.get("REDWELL_TEST_ADAPTERS"), reason="REDWELL_TEST_ADAPTERS is not set: it takes minutes"
)


def test_adapters_answer_by_name_and_one_of_zeros_says_what_its_model_says(tmp_path, record_property):
    cache = Path(os.environ.get("REDWELL_CACHE_DIR", ROOT / ".cache" / "redwell"))
    packaged = Path(resolve(load("cpu").llm.model, cache_dir=cache))
    models = {
        name: {"lora": str(write_adapter(packaged, tmp_path / name, seed=seed, strength=strength))}
        for seed, (name, strength) in enumerate(STRENGTHS.items())
    }
    process, url = start_stack(
        tmp_path / "var",
        log=tmp_path / "serve.log",
        REDWELL_MODELS=json.dumps(models),
        REDWELL_ANSWERING__STRICT="false",  # else a quotation stands in for what a random adapter writes
    )
    try:
        with RedwellClient(url, timeout=300) as client:
            [receipt] = client.upload([SAMPLES / "lease-harbour-street.pdf"], collection="samples")
            client.wait(receipt.id or "", timeout=600)
        api = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=300)
        offered = [model.id for model in api.models.list()]
        turns = [{"role": "user", "content": QUESTION}]
        said = {
            name: api.chat.completions.create(model=name, messages=turns).choices[0].message.content
            for name in ("redwell", *(f"redwell@{name}" for name in STRENGTHS))
        }
        engines = sum("VLLM::EngineCore" in " ".join(one.cmdline()) for one in family(process.pid))
    finally:
        stop_stack(process)
    record_property("said", said)
    assert offered[:4] == ["redwell", "redwell@unchanged", "redwell@first", "redwell@second"]
    assert engines == 1
    assert said["redwell@unchanged"] == said["redwell"]
    assert len({said["redwell"], said["redwell@first"], said["redwell@second"]}) == 3


def family(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)
