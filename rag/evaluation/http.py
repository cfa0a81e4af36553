"""A running Redwell as the evaluation sees it: plain JSON over HTTP."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import httpx

from rag.errors import Unavailable


class HttpAsker:
    """Raises Unavailable when the API cannot be reached or refuses."""

    def __init__(self, url: str, api_key: str | None = None, *, timeout: float = 300) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout)
        self._page = lru_cache(maxsize=512)(self._page_text)

    def ask(self, question: str, collection: str | None) -> dict[str, Any]:
        return self._json("POST", "/v1/ask", json={"question": question, "collection": collection})

    def count(self, query: dict[str, Any]) -> dict[str, Any] | None:
        """POST /v1/query; None where the question is not understood as one about the library."""
        try:
            return self._json("POST", "/v1/query", json=query)
        except Unavailable as error:
            if "not understood" in error.detail:
                return None
            raise

    def page_text(self, document_id: str, number: int) -> str:
        return self._page(document_id, number)

    def _page_text(self, document_id: str, number: int) -> str:
        return self._json("GET", f"/v1/documents/{document_id}/pages/{number}")["text"]

    def _json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            response = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise Unavailable(
                f"{self._http.base_url} cannot be reached: {error}", "Is `redwell serve` running?"
            ) from error
        if response.status_code >= 400:
            raise Unavailable(f"{method} {path}: {response.status_code} {response.text[:300]}")
        return response.json()
