"""API keys as text: `rw_<id>_<secret>`, the id public, the secret 256 random bits that only its SHA-256 is kept of.

A fast hash is right here: there is nothing to guess in 256 random bits, and every request pays for it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from rag.access.principal import Limited, Permission, Principal

PREFIX = "rw_"
ID_CHARS = 12


class NewKey(NamedTuple):
    id: str
    text: str
    """What its holder sends; shown once."""
    digest: str


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key as the database knows it; the secret is not among it."""

    id: str
    name: str
    tenant: str
    permissions: frozenset[Permission]
    collections: tuple[str, ...] | None
    limits: Limited
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    digest: str = ""

    def valid(self, at: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)

    @property
    def principal(self) -> Principal:
        return Principal(self.id, self.tenant, self.permissions, self.collections, self.limits)


def new_key() -> NewKey:
    id, secret = secrets.token_hex(ID_CHARS // 2), secrets.token_urlsafe(32)
    text = f"{PREFIX}{id}_{secret}"
    return NewKey(id, text, digest(text))


def digest(text: str) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def key_id(text: str) -> str | None:
    """The id that a key names; None for text that is none of our keys."""
    id = text.removeprefix(PREFIX).partition("_")[0]
    return id if text.startswith(PREFIX) and len(id) == ID_CHARS and id.isalnum() else None


def same(one: str, other: str) -> bool:
    """Compared in a time that does not tell where they differ."""
    return hmac.compare_digest(one, other)
