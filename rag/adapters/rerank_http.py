"""Reranking by an endpoint elsewhere: POST {base_url}/rerank, as Cohere, Jina and vLLM answer it."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from rag.errors import ConfigurationError, DeadlineExceeded, Unavailable


class HttpReranker:
    """Raises Unavailable and DeadlineExceeded; ConfigurationError for an answer that is none of a reranker."""

    def __init__(
        self,
        base_url: str,
        *,
        model: str,
        api_key: str = "",
        seconds: float = 30,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = f"{base_url.rstrip('/')}/rerank"
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._seconds, self._transport = seconds, transport
        self.version = model

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        """Relevance of each text to the question, in the order of the texts; 0 for a text that was left out."""
        if not texts:
            return []
        body = {"model": self.version, "query": query, "documents": list(texts), "top_n": len(texts)}
        try:
            async with httpx.AsyncClient(timeout=self._seconds, transport=self._transport) as http:
                response = await http.post(self._url, json=body, headers=self._headers)
                response.raise_for_status()
        except httpx.TimeoutException as error:
            raise DeadlineExceeded(f"The reranker at {self._url} did not answer in time.") from error
        except httpx.HTTPError as error:
            raise Unavailable(f"The reranker at {self._url} failed: {error}") from error
        scores = [0.0] * len(texts)
        try:
            for row in response.json()["results"]:
                scores[row["index"]] = float(row["relevance_score"])
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise ConfigurationError(
                f"{self._url} does not answer as a reranker does.", "Correct reranking.base_url."
            ) from error
        return scores
