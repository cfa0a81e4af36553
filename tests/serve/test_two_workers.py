"""A language model over two workers on CPUs (tensor parallel) says what it says with one, through the application.

Starts the stack twice, so it runs only when it is asked for: REDWELL_TEST_WORKERS=1. The precision is float32: in bfloat16
two halves of a sum are rounded before they are added, which turns a word into another where two are almost as likely.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from rag.client import RedwellClient
from rag.runtime.weights import resolve
from rag.settings import load
from tests.conftest import ROOT, SAMPLES, start_stack, stop_stack
from tests.serve.padded_heads import pad_heads

DOCUMENTS = ("lease-harbour-street.pdf", "invoice-northgate-1187.pdf", "policy-travel-expenses.pdf")
QUESTIONS = (
    "What is the monthly rent of 18 Harbour Street?",
    "When does the lease of 18 Harbour Street begin?",
    "Who is the tenant of 18 Harbour Street?",
    "What is the total of invoice NOS-2025-1187?",
    "What may a hotel cost a night?",
    "Who approves travel expenses?",
)
PROMPTS = (
    "Explain in one sentence what a deposit is.",
    "Write a short note to a landlord about a leaking roof.",
    "Name three things that an invoice holds.",
    "What is the difference between a contract and an offer?",
)

pytestmark = pytest.mark.skipif(
    not os.environ.get("REDWELL_TEST_WORKERS"), reason="REDWELL_TEST_WORKERS is not set: it takes minutes"
)


@dataclass(frozen=True, slots=True)
class Said:
    """What the language model wrote, in the order in which it was asked."""

    summaries: tuple[str, ...]
    drafts: tuple[str, ...]
    texts: tuple[str, ...]
    workers: int
    """Processes of vLLM, beside its engine."""


def said(folder: Path, **model: str) -> Said:
    """Of an application whose language model runs as the settings in `model` say."""
    folder.mkdir()
    settings = {f"REDWELL_LLM__{key.upper()}": value for key, value in model.items()}
    process, url = start_stack(
        folder / "var",
        log=folder / "serve.log",
        REDWELL_LLM__DTYPE="float32",
        REDWELL_LLM__SCALING='{"max_ongoing_requests": 4}',
        REDWELL_ANALYSIS__CONCURRENT_DOCUMENTS="1",
        **settings,
    )
    try:
        with RedwellClient(url, timeout=300) as client:
            summaries = []
            for name in DOCUMENTS:  # one by one: what is summarised together shares its batches
                [receipt] = client.upload([SAMPLES / name], collection="samples")
                summary = client.wait(receipt.id or "", timeout=600).summary
                assert summary is not None
                summaries.append(f"{summary.method}: {summary.text}\n{summary.long}")
            answers = [client.ask(question, collection="samples", strict=False) for question in QUESTIONS]
        asked = {"name": "prompt", "datatype": "BYTES", "shape": [1]}
        texts = [
            httpx.post(f"{url}/v2/models/llm/infer", json={"inputs": [asked | {"data": [prompt]}]}, timeout=300)
            .raise_for_status()
            .json()["outputs"][0]["data"][0]
            for prompt in PROMPTS
        ]
        workers = sum("VLLM::Worker" in " ".join(one.cmdline()) for one in _family(process.pid))
    finally:
        stop_stack(process)
    return Said(tuple(summaries), tuple(answer.draft for answer in answers), tuple(texts), workers)


def _family(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def test_two_workers_say_what_one_says(tmp_path, record_property):
    cache = Path(os.environ.get("REDWELL_CACHE_DIR", ROOT / ".cache" / "redwell"))
    packaged = Path(resolve(load("cpu").llm.model, cache_dir=cache))
    one = said(tmp_path / "one", model=str(packaged), cpu_bind="0-1")
    padded = pad_heads(packaged, tmp_path / "padded")
    two = said(tmp_path / "two", model=str(padded), tensor_parallel="2", cpu_bind="0|1")
    record_property("one", one)
    record_property("two", two)
    assert (one.workers, two.workers) == (1, 2)
    assert all(text.strip() for text in (*one.summaries, *one.drafts, *one.texts))
    assert two.texts == one.texts
    assert two.drafts == one.drafts
    assert two.summaries == one.summaries
