"""What the API answers about access: keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Key:
    """One API key; limits that are None do not bind."""

    id: str
    name: str = ""
    tenant: str = "default"
    scopes: tuple[str, ...] = ()
    collections: tuple[str, ...] | None = None
    requests_per_minute: int | None = None
    documents: int | None = None
    bytes: int | None = None
    documents_stored: int | None = None
    bytes_stored: int | None = None
    created_at: datetime | None = None
    created_by: str = ""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    key: str = field(default="", repr=False)
    """Its text: only in the answer that made it."""
