"""Stage times from the records of documents that a running Redwell has read."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from statistics import median
from typing import Protocol

from rag.errors import ConfigurationError
from rag.replies.documents import Document

DOCUMENTS = 50
STAGES = {"entities": "entities", "classify": "classifier", "index": "embedder", "summary": "llm"}
"""Stage of a record -> the deployment that it spends its time in. Reading is left out: its time depends on the pages."""


class Library(Protocol):
    def documents(self) -> Iterable[Document]: ...


def stage_seconds(library: Library, wanted: set[str]) -> dict[str, float]:
    """Median seconds by deployment over the newest documents, waiting included: measure on an idle machine.

    Raises ConfigurationError when there is no document to learn from.
    """
    seen: dict[str, list[float]] = {}
    for document in islice(library.documents(), DOCUMENTS):
        for name, stage in document.stages.items():
            deployment = STAGES.get(name)
            if deployment in wanted and stage.status == "done" and stage.seconds:
                seen.setdefault(deployment, []).append(stage.seconds)
    if not seen:
        raise ConfigurationError("No document there has stage times.", "Ingest a few typical documents first.")
    return {name: median(seconds) for name, seconds in seen.items()}
