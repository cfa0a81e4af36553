"""Embedding models by the version that the store records: which weights in which precision made a vector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.gpu import cap_memory
from rag.settings import Settings
from rag.weights import resolve

if TYPE_CHECKING:
    from rag.adapters.embed_st import SentenceTransformerEmbedder


def embedding_version(settings: Settings) -> str:
    """What chunks and index record: vectors of two versions are never compared."""
    return f"{settings.embedding.model}/{settings.embedding.dtype}"


def version_of(settings: Settings, model: str | None) -> str:
    """The version of a model by its name, in the settings' precision; None is the settings' model."""
    return f"{model or settings.embedding.model}/{settings.embedding.dtype}"


def load_embedder(settings: Settings, gpus: float, version: str | None = None) -> SentenceTransformerEmbedder:
    """The settings' embedding model, or the one of a version. Blocks for seconds. Raises ConfigurationError."""
    from rag.adapters.embed_st import SentenceTransformerEmbedder

    own = settings.embedding
    model, _, dtype = (version or embedding_version(settings)).rpartition("/")
    path = resolve(model, cache_dir=settings.cache_dir)
    device = "cuda" if gpus > 0 else "cpu"
    if gpus > 0:
        cap_memory(gpus)
    return SentenceTransformerEmbedder(path, dtype=dtype, batch_size=own.batch_size, threads=own.threads, device=device)
