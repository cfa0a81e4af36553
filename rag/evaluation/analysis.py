"""`redwell eval analysis`: how good is what is found in documents, each part beside its baseline in the same run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rag.runtime.weights import resolve
from rag.settings import Settings

PARTS = ("entities", "types", "fields", "summaries")
ABSTRACTS = 80
"""That are summarised: a few minutes with the packaged model."""


def evaluate_analysis(
    folder: Path,
    settings: Settings,
    *,
    parts: tuple[str, ...] = PARTS,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """{part: its figures}, with the models that the settings name; not inside an event loop. Raises ConfigurationError."""
    results: dict[str, Any] = {}
    if "entities" in parts:
        from rag.evaluation.entities import evaluate_entities

        model = resolve(settings.entities.model, cache_dir=settings.cache_dir)
        results["entities"] = evaluate_entities(folder, model, progress)
    if "types" in parts:
        from rag.adapters.classify_hub import build_classifier
        from rag.adapters.embed_st import SentenceTransformerEmbedder
        from rag.evaluation.labels import evaluate_types

        path = resolve(settings.embedding.model, cache_dir=settings.cache_dir)
        embedder = SentenceTransformerEmbedder(path, dtype=settings.embedding.dtype)
        classifier = build_classifier(settings.classifying, embedder, settings.cache_dir)
        results["types"] = evaluate_types(folder, classifier, progress=progress)
    if "fields" in parts:
        from rag.evaluation.fields import evaluate_fields

        results["fields"] = evaluate_fields(folder, progress=progress)
    if "summaries" in parts:
        import asyncio

        from rag.evaluation.summaries import evaluate_with_own_model, load

        abstracts = load(folder, limit=ABSTRACTS)
        results["summaries"] = asyncio.run(evaluate_with_own_model(abstracts, settings, progress=progress))
    return results
