"""What the API answers about access: keys, lines of the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


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


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what; `object` names documents, jobs and keys by their ids, joined by blanks."""

    id: int
    at: datetime
    tenant: str = "default"
    key_id: str = ""
    action: str = ""
    object: str = ""
    status: int = 0
    request_id: str = ""
    detail: Mapping[str, Any] | None = None
