"""The adapters that the settings name, ready to be used in this process: by a deployment's replica or a batch actor."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from rag.retrieval.embedders import load_embedder, local_version
from rag.runtime.absent import absent, spacy_needs_torch
from rag.runtime.gpu import cap_memory
from rag.runtime.weights import resolve
from rag.services import open_state
from rag.settings import Settings


def reader(settings: Settings) -> Any:
    from rag.read.reader import LocalReader

    blobs = open_state(settings).blobs
    return LocalReader(
        limits=settings.limits, reading=settings.reading, open_path=blobs.open_path, save_path=blobs.save_path
    )


def ocr(settings: Settings) -> Any:
    from rag.adapters.ocr_tesseract import TesseractOcr
    from rag.adapters.ocr_tesserocr import TesserocrOcr

    engine = {"tesseract": TesseractOcr, "tesserocr": TesserocrOcr}[settings.reading.engine]
    blobs = open_state(settings).blobs
    return engine(limits=settings.limits, reading=settings.reading, open_path=blobs.open_path)


def entities(settings: Settings) -> Any:
    from rag.adapters.ner_hub import build_recognizer

    own = settings.entities
    if own.scaling.gpus > 0:
        cap_memory(own.scaling.gpus)
    # spaCy's numbers are NumPy's on a CPU; torch, which it loads where it finds it, would be 180 MiB for nothing.
    torch_needed = (
        own.engine != "spacy"
        or own.scaling.gpus > 0
        or spacy_needs_torch(resolve(own.model, cache_dir=settings.cache_dir))
    )
    with nullcontext() if torch_needed else absent("torch"):
        recognizer = build_recognizer(own, settings.cache_dir)
    recognizer.recognize([])
    return recognizer


def embedding(settings: Settings, gpus: float) -> Any:
    return load_embedder(settings, gpus)


def reranker(settings: Settings) -> Any:
    from rag.adapters.rerank_st import CrossEncoderReranker

    own = settings.reranking
    path = resolve(own.model, cache_dir=settings.cache_dir)
    device = "cuda" if own.scaling.gpus > 0 else "cpu"
    if own.scaling.gpus > 0:
        cap_memory(own.scaling.gpus)
    return CrossEncoderReranker(path, batch_size=own.batch_size, threads=own.threads, device=device)


def classifier(settings: Settings, *, embedder: Any = None) -> Any:
    """`embedder`: one that is loaded already."""
    from rag.adapters.classify_hub import build_classifier

    own = settings.classifying
    beside = embedder or load_embedder(settings, own.scaling.gpus, local_version(own.model, settings))
    return build_classifier(own, beside, settings.cache_dir)
