"""What a stage costs: one entry a deployment, with the time of a call and the room it takes on a card."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rag.errors import ConfigurationError
from rag.settings import Settings


@dataclass(frozen=True, slots=True)
class StageCost:
    name: str
    seconds: float
    """Of one call, while `at_once` of them run on a replica."""
    calls_per_document: float = 0.0
    calls_per_question: float = 0.0
    at_once: int = 1
    """Calls that one replica works on at the same time (a batch, or continuous batching)."""
    workers: int = 1
    """Cards of one replica: tensor times pipeline parallel; all on one node."""
    memory_gib: float = 0.0
    """Of one worker on its card; 0 runs on CPUs."""
    cpus: float = 1.0
    min_replicas: int = 1
    after: tuple[str, ...] = ()
    """Stages of a document that must have ended before."""

    def __post_init__(self) -> None:
        if self.seconds <= 0 or self.at_once < 1 or self.workers < 1 or self.memory_gib < 0:
            raise ConfigurationError(
                f"Stage '{self.name}' has impossible figures.",
                "seconds must be positive, at_once and workers at least 1, memory_gib not negative.",
            )

    @property
    def on_gpu(self) -> bool:
        return self.memory_gib > 0


@dataclass(frozen=True, slots=True)
class Load:
    documents_per_second: float = 0.0
    questions_per_second: float = 0.0

    def calls(self, stage: StageCost) -> float:
        """Calls of a stage a second."""
        return (
            self.documents_per_second * stage.calls_per_document + self.questions_per_second * stage.calls_per_question
        )


FIELD_CASE = (
    StageCost("ocr", 0.5, calls_per_document=1, cpus=1, min_replicas=2),
    StageCost("entities", 0.8, calls_per_document=1, memory_gib=8, min_replicas=2, after=("ocr",)),
    StageCost("classifier", 0.6, calls_per_document=1, memory_gib=6, min_replicas=2, after=("ocr",)),
    StageCost("llm", 1.2, calls_per_document=1, at_once=2, workers=4, memory_gib=70, after=("ocr",)),
)
"""The case that this began with: OCR on CPUs, two small models, a language model over four cards of 80 GiB."""

PAGES = 8
"""A typical document."""

_SMALL = {"entities": 2.0, "classifier": 2.0, "embedder": 2.0, "retriever": 3.0}
_GPU = {
    "reader": StageCost("reader", 0.3, calls_per_document=1, at_once=2),
    "ocr": StageCost("ocr", 1.5, calls_per_document=PAGES, after=("reader",)),
    "entities": StageCost("entities", 0.25, calls_per_document=1, after=("ocr",)),
    "classifier": StageCost("classifier", 0.03, calls_per_document=1, after=("ocr",)),
    "embedder": StageCost("embedder", 0.10, calls_per_document=1, after=("ocr",)),
    "retriever": StageCost("retriever", 0.02, calls_per_question=3, at_once=1),
    "llm": StageCost("llm", 3.0, calls_per_document=1, calls_per_question=1, at_once=16, after=("ocr",)),
}


def profile_stages(settings: Settings) -> tuple[StageCost, ...]:
    """Stages of a profile. Times are estimates for one data-centre card until `measured` or a file replaces them."""
    scalings = {
        "reader": settings.reading.scaling,
        "ocr": settings.reading.ocr,
        "entities": settings.entities.scaling,
        "classifier": settings.classifying.scaling,
        "embedder": settings.embedding.scaling,
        "retriever": settings.retrieval.scaling,
        "llm": settings.llm.scaling,
    }
    stages = []
    for name, cost in _GPU.items():
        scaling = scalings[name]
        if name == "llm":
            if settings.llm.base_url:
                continue
            cost = replace(cost, workers=settings.llm.tensor_parallel * settings.llm.pipeline_parallel)
        if name == "ocr":
            cost = replace(cost, at_once=scaling.whole_cpus)
        stages.append(replace(cost, cpus=scaling.cpus, min_replicas=scaling.min_replicas))
    return tuple(stages)


def with_memory(stages: Sequence[StageCost], settings: Settings, card_gib: float) -> tuple[StageCost, ...]:
    """The room of each stage on a card: what the settings give vLLM, and a few GiB for the small models."""
    shares = {
        "entities": settings.entities.scaling.gpus,
        "classifier": settings.classifying.scaling.gpus,
        "embedder": settings.embedding.scaling.gpus,
        "retriever": settings.retrieval.scaling.gpus,
    }
    found = []
    for stage in stages:
        if stage.name == "llm" and settings.llm.scaling.gpus > 0:
            found.append(replace(stage, memory_gib=settings.llm.gpu_memory_utilization * card_gib))
        elif shares.get(stage.name, 0) > 0:
            found.append(replace(stage, memory_gib=_SMALL[stage.name]))
        else:
            found.append(stage)
    return tuple(found)


def with_times(stages: Sequence[StageCost], seconds: Mapping[str, float]) -> tuple[StageCost, ...]:
    """Measured times in place of the estimates. Raises ConfigurationError for a stage that is not there."""
    names = {stage.name for stage in stages}
    for name in seconds:
        if name not in names:
            raise ConfigurationError(f"There is no stage '{name}'.", f"Stages: {', '.join(sorted(names))}.")
    return tuple(replace(stage, seconds=seconds.get(stage.name, stage.seconds)) for stage in stages)


def read_times(path: Path) -> dict[str, float]:
    """A JSON object: stage -> seconds of one call. Raises ConfigurationError."""
    try:
        found = json.loads(path.read_text())
        return {str(name): float(value) for name, value in found.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"'{path}' holds no stage times: {error}", 'Write an object like {"ocr": 1.4, "llm": 2.0}.'
        ) from error
