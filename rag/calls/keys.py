"""Calls about API keys, for administrators."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from rag.calls.base import Calls, compact
from rag.replies.access import Key
from rag.wire import decode


class KeyCalls(Calls):
    def keys(self) -> list[Key]:
        """Newest first."""
        return decode(list[Key], self._json("GET", "/v1/keys").get("keys", []))

    def create_key(
        self,
        name: str,
        *,
        scopes: Sequence[str] = ("read",),
        tenant: str | None = None,
        collections: Sequence[str] = (),
        expires_in_days: float | None = None,
        requests_per_minute: int | None = None,
        documents: int | None = None,
        bytes: int | None = None,
    ) -> Key:
        """`key` of the answer is its text: keep it, it is not shown again."""
        body = compact(
            name=name,
            scopes=list(scopes),
            tenant=tenant,
            collections=list(collections),
            expires_in_days=expires_in_days,
            requests_per_minute=requests_per_minute,
            documents=documents,
            bytes=bytes,
        )
        return decode(Key, self._json("POST", "/v1/keys", json=body))

    def revoke_key(self, id: str) -> Key:
        return decode(Key, self._json("DELETE", f"/v1/keys/{quote(id, safe='')}"))
