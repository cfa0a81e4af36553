"""Tables of the index: vectors by model, the models, the views that follow the change feed."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Integer, LargeBinary, String, Table, Text

from rag.store.tables import KEY_CHARS, Instant, metadata

Id = BigInteger().with_variant(Integer(), "sqlite")

embeddings = Table(
    "embeddings",
    metadata,
    Column("chunk_id", Id, ForeignKey("chunks.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("model", String(KEY_CHARS), primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)

embedding_models = Table(
    "embedding_models",
    metadata,
    Column("version", String(KEY_CHARS), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("owner", Text),
    Column("lease_until", Instant),
    Column("error", JSON(none_as_null=True)),
)

index_views = Table(
    "index_views",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("shard", Integer, nullable=False),
    Column("model", String(KEY_CHARS), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("needs", BigInteger, nullable=False),
    Column("seen_at", Instant, nullable=False),
)
