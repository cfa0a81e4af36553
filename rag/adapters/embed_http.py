"""Embeddings by an OpenAI-compatible endpoint elsewhere: POST {base_url}/embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import numpy as np

from rag.errors import ConfigurationError, DeadlineExceeded, Unavailable
from rag.text import encodable


class HttpEmbedder:
    """`base_url` ends in /v1. Raises Unavailable and DeadlineExceeded; ConfigurationError for what is none of an embedder."""

    def __init__(
        self,
        base_url: str,
        *,
        model: str,
        dimensions: int,
        api_key: str = "",
        batch_size: int = 32,
        seconds: float = 30,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._url = f"{base_url.rstrip('/')}/embeddings"
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.Client(headers=headers, timeout=httpx.Timeout(seconds, connect=5), transport=transport)
        self._batch_size = batch_size
        self.version, self.dimensions = model, dimensions

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """float32 array of shape (len(texts), dimensions), rows of unit length, in the order of `texts`."""
        parts = [texts[at : at + self._batch_size] for at in range(0, len(texts), self._batch_size)]
        rows = [self._ask(part) for part in parts]
        result = np.concatenate(rows) if rows else np.zeros((0, self.dimensions), np.float32)
        return result / np.maximum(np.linalg.norm(result, axis=1, keepdims=True), 1e-12)

    def _ask(self, texts: Sequence[str]) -> np.ndarray:
        # Endpoints refuse empty texts.
        body = {"model": self.version, "input": [encodable(text) or " " for text in texts], "encoding_format": "float"}
        try:
            response = self._http.post(self._url, json=body)
        except httpx.TimeoutException as error:
            raise DeadlineExceeded(f"The embedder at {self._url} did not answer in time.") from error
        except httpx.HTTPError as error:
            raise Unavailable(f"The embedder at {self._url} failed: {error}") from error
        if response.status_code == 429 or response.status_code >= 500:
            raise Unavailable(f"The embedder at {self._url} answered {response.status_code}.")
        if response.is_error:
            raise ConfigurationError(
                f"The embedder at {self._url} answered {response.status_code}: {response.text[:200]}",
                "Correct embedding.base_url, embedding.model and embedding.api_key.",
            )
        try:
            rows = sorted(response.json()["data"], key=lambda row: row["index"])
            vectors = np.array([row["embedding"] for row in rows], np.float32)
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(
                f"{self._url} does not answer as an embedder does.", "Correct embedding.base_url."
            ) from error
        if vectors.shape != (len(texts), self.dimensions):
            raise ConfigurationError(
                f"{self._url} gave vectors of the shape {vectors.shape} for {len(texts)} texts.",
                f"Set embedding.dimensions (now {self.dimensions}) to what the model has.",
            )
        return vectors
