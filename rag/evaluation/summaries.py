"""Summaries of abstracts against the sentences that people wrote: ours, the bare model's, the first sentences, the central ones."""

from __future__ import annotations

import gzip
import json
import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.analysis.summarize import SENTENCES, central_sentences, summarize
from rag.answering.prompts import summary_prompt
from rag.answering.segments import segments
from rag.errors import InvalidInput
from rag.fakes import text_page
from rag.ports import Generator
from rag.runtime.concurrency import bounded
from rag.runtime.weights import resolve
from rag.settings import Analysis, Llm, Settings

AT_ONCE = 16
FILE = "scitldr-dev.jsonl.gz"


@dataclass(frozen=True, slots=True)
class Abstract:
    sentences: tuple[str, ...]
    references: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.sentences)


def rouge_l(text: str, references: Sequence[str]) -> float:
    """Best F1 over the references: longest common subsequence of words, lower case, without marks (Lin 2004)."""
    words = _words(text)
    return max((_f1(words, _words(reference)) for reference in references), default=0.0)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.casefold())


def _f1(one: list[str], other: list[str]) -> float:
    row = [0] * (len(other) + 1)
    for word in one:
        before = 0
        for at, known in enumerate(other, 1):
            before, row[at] = row[at], before + 1 if word == known else max(row[at], row[at - 1])
    common = row[-1]
    return 2 * common / (len(one) + len(other)) if common else 0.0


def load(folder: Path, *, limit: int | None = None) -> list[Abstract]:
    """All, or `limit` of them evenly over the set. Raises InvalidInput where the set is not there."""
    path = folder / FILE
    if not path.exists():
        raise InvalidInput(f"'{folder}' has no {FILE}.", "Name the folder that holds it.")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        Abstract(tuple(row["source"]), tuple(row["target"]))
        for row in rows[:: max(1, len(rows) // limit) if limit else 1][:limit]
    ]


async def evaluate_summaries(
    abstracts: Sequence[Abstract], generator: Generator | None, *, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Mean ROUGE-L of each way and its words; with a model also the share of its summaries that stood the check."""
    ways: dict[str, list[str]] = {
        "first sentence": [one.sentences[0] for one in abstracts],
        "lead-3": [" ".join(one.sentences[:3]) for one in abstracts],
        "central sentences": [_central(one.text) for one in abstracts],
    }
    methods: list[str] = []
    if generator is not None:
        progress("the model writes")
        llm = Llm()
        ways["bare model"] = await bounded((_bare(one.text, generator, llm) for one in abstracts), at_once=AT_ONCE)
        progress("the product summarises")
        made = await bounded(
            (summarize([text_page(1, one.text)], generator, llm, Analysis()) for one in abstracts), at_once=AT_ONCE
        )
        ways["redwell, short"], ways["redwell, long"] = [one.text for one in made], [one.long for one in made]
        methods = [one.method for one in made]
    figures = {
        name: {
            "rouge_l": round(statistics.mean(rouge_l(text, one.references) for text, one in zip(texts, abstracts, strict=True)), 4),
            "words": round(statistics.mean(len(text.split()) for text in texts), 1),
        }
        for name, texts in ways.items()
    }  # fmt: skip
    shares = {method: round(methods.count(method) / len(methods), 3) for method in sorted(set(methods))}
    return {"abstracts": len(abstracts), "ways": figures, "methods": shares}


async def evaluate_with_own_model(
    abstracts: Sequence[Abstract], settings: Settings, *, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """The same with the language model of the settings, which is started in this process and ended."""
    from rag.adapters.generate_vllm import VllmGenerator

    progress("starting the model")
    source = resolve(settings.llm.model, cache_dir=settings.cache_dir)
    generator = VllmGenerator(settings.llm, source, cache_dir=settings.cache_dir)
    try:
        return await evaluate_summaries(abstracts, generator, progress=progress)
    finally:
        generator.close()


def _central(text: str) -> str:
    sources = [(1, segment) for segment in segments(text)]
    return " ".join(segment.text for _, segment in central_sentences(sources, SENTENCES))


async def _bare(text: str, generator: Generator, llm: Llm) -> str:
    """What the model says to the same prompt, unchecked."""
    prompt = summary_prompt(text)
    return "".join([token.text async for token in generator.stream(prompt.messages, max_tokens=llm.summary_tokens)])
