"""Tables of access: keys, what they used this minute, and who did what."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from rag.store.index_tables import Id
from rag.store.tables import Instant, metadata

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("name", String(200), nullable=False),
    Column("tenant", String(32), nullable=False),
    Column("permissions", JSON, nullable=False),
    Column("collections", JSON(none_as_null=True)),
    Column("requests_per_minute", Integer),
    Column("most_documents", BigInteger),
    Column("most_bytes", BigInteger),
    Column("created_at", Instant, nullable=False),
    Column("created_by", String(32), nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Index(None, "tenant", "created_at"),
)

key_minutes = Table(
    "key_minutes",
    metadata,
    Column("key_id", String(32), ForeignKey("api_keys.id", ondelete="CASCADE"), primary_key=True),
    Column("minute", BigInteger, nullable=False),
    Column("used", Integer, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("tenant", String(32), nullable=False),
    Column("key_id", String(32), nullable=False),
    Column("action", String(64), nullable=False),
    Column("object", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("request_id", String(128), nullable=False),
    Column("detail", JSON(none_as_null=True)),
    Index(None, "tenant", "id"),
    Index(None, "at"),
    sqlite_autoincrement=True,
)
