"""Embedding models by the version that the store records: which weights in which precision made a vector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.errors import ConfigurationError
from rag.runtime.gpu import cap_memory
from rag.runtime.weights import resolve
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.local import SyncEmbedder

ENDPOINT = "endpoint"
"""In place of a precision, in versions of vectors that an endpoint made."""


def embedding_version(settings: Settings) -> str:
    """What chunks and index record: vectors of two versions are never compared."""
    return version_of(settings, None)


def version_of(settings: Settings, model: str | None) -> str:
    """The version of a model by its name, in the settings' precision or from their endpoint; None is the settings' model."""
    own = settings.embedding
    return f"{model or own.model}/{ENDPOINT if own.base_url else own.dtype}"


def local_version(model: str, settings: Settings) -> str:
    """Of weights on this machine, whatever the settings say of endpoints."""
    return f"{model}/{settings.embedding.dtype}"


def load_embedder(settings: Settings, gpus: float, version: str | None = None) -> SyncEmbedder:
    """The settings' embedding model, or the one of a version. Blocks for seconds. Raises ConfigurationError."""
    own = settings.embedding
    model, _, dtype = (version or embedding_version(settings)).rpartition("/")
    if dtype == ENDPOINT:
        return _endpoint(model, settings)
    from rag.adapters.embed_st import SentenceTransformerEmbedder

    path = resolve(model, cache_dir=settings.cache_dir)
    device = "cuda" if gpus > 0 else "cpu"
    if gpus > 0:
        cap_memory(gpus)
    return SentenceTransformerEmbedder(path, dtype=dtype, batch_size=own.batch_size, threads=own.threads, device=device)


def _endpoint(model: str, settings: Settings) -> SyncEmbedder:
    from rag.adapters.embed_http import HttpEmbedder

    own = settings.embedding
    if not own.base_url:
        raise ConfigurationError(
            f"The library is embedded by an endpoint's model '{model}'.",
            "Set embedding.base_url, or move it to another model first: redwell reindex.",
        )
    return HttpEmbedder(
        own.base_url,
        model=model,
        dimensions=own.dimensions,
        api_key=own.api_key,
        batch_size=own.batch_size,
        seconds=own.seconds,
    )
