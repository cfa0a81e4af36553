"""The tables, portable between SQLite and PostgreSQL. The migrations build them; a test compares the two.

`chunks.id` and `changes.seq` are AUTOINCREMENT on SQLite (a sequence on PostgreSQL): numbers are never used again, so an
index can keep them without asking whether an id still means the same passage.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from rag.store.columns import KEY_CHARS, Instant, instant, lookup_key, micros, storable

__all__ = ["KEY_CHARS", "Instant", "instant", "lookup_key", "micros", "storable"]

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

_Id = BigInteger().with_variant(Integer(), "sqlite")


def _document(primary_key: bool = False) -> Column[str]:
    """The owner; whatever hangs on a document goes with it."""
    return Column(
        "document_id",
        String(32),
        ForeignKey("documents.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


documents = Table(
    "documents",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("collection", String(200), nullable=False),
    Column("filename", Text, nullable=False),
    Column("filename_key", Text, nullable=False),
    Column("media_type", String(200), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("language", String(200)),
    Column("metadata", JSON, nullable=False),
    Column("page_count", Integer),
    Column("detected_language", String(16)),
    Column("label", String(200)),
    Column("classification", JSON(none_as_null=True)),
    Column("summary", JSON(none_as_null=True)),
    Column("error", JSON(none_as_null=True)),
    Column("warnings", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
    # The archive or mail that a document came in, and where in it: '' for what was sent by itself.
    Column("parent_id", String(32), ForeignKey("documents.id", ondelete="CASCADE")),
    Column("place", String(64), nullable=False, server_default=""),
    Column("refused", JSON(none_as_null=True)),
    Column("unlocked", Boolean, nullable=False, server_default=false()),
    Column("key_id", String(32)),
    UniqueConstraint("collection", "sha256", "place"),
    Index(None, "key_id", "size"),
    # Neither index holds the other's rows: what was sent by itself is nearly everything, and would be sorted for each list.
    Index(
        None,
        "parent_id",
        "place",
        sqlite_where=text("parent_id IS NOT NULL"),
        postgresql_where=text("parent_id IS NOT NULL"),
    ),
    Index(
        "ix_documents_outermost",
        "created_at",
        "id",
        "parent_id",
        sqlite_where=text("parent_id IS NULL"),
        postgresql_where=text("parent_id IS NULL"),
    ),
    Index(None, "sha256"),
    Index(None, "created_at", "id"),
    Index(None, "collection", "created_at", "id"),
    Index(None, "status", "created_at"),
    Index(None, "label", "created_at"),
    Index(None, "media_type"),
)

metadata_values = Table(
    "metadata_values",
    metadata,
    _document(primary_key=True),
    Column("key", String(KEY_CHARS), primary_key=True),
    Column("value", String(KEY_CHARS), primary_key=True),
    Index(None, "key", "value"),
)

stages = Table(
    "stages",
    metadata,
    _document(primary_key=True),
    Column("stage", String(16), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("seconds", Float),
    Column("error", JSON(none_as_null=True)),
    Column("version", Text, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
)

pages = Table(
    "pages",
    metadata,
    _document(primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("width", Float(53), nullable=False),
    Column("height", Float(53), nullable=False),
    Column("text", Text, nullable=False),
    Column("source", String(16), nullable=False),
    Column("words", LargeBinary, nullable=False),
    Column("confidence", Float(53), nullable=False),
    Column("rotation", Integer, nullable=False),
    Column("error", Text),
    Column("language", String(16)),
    Column("part", Text),
)

chunks = Table(
    "chunks",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    _document(),
    Column("page", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("heading", Text, nullable=False),
    # What a search shows of the page, beside the passage: reading its words takes several times as long. NULL: the page's words tell.
    Column("boxes", LargeBinary),
    Column("confidence", Float(53)),
    # And of the document, whose row lies elsewhere on the disk. NULL, from an earlier version: its row tells.
    Column("filename", Text),
    Column("collection", String(200)),
    Index(None, "document_id", "id"),
    sqlite_autoincrement=True,
)

entities = Table(
    "entities",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    _document(),
    Column("page", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("type", String(100), nullable=False),
    Column("norm", Text, nullable=False),
    Column("key", String(KEY_CHARS), nullable=False),
    Column("text_key", String(KEY_CHARS), nullable=False),
    Index(None, "document_id", "page", "start"),
    Index(None, "key", "document_id"),
    Index(None, "text_key", "document_id"),
    Index(None, "type", "key"),
)

fields = Table(
    "fields",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    _document(),
    Column("schema", String(200), nullable=False),
    Column("name", String(100), nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("key", String(KEY_CHARS), nullable=False),
    Column("number", Float(53)),
    Column("date", String(10)),
    Column("currency", String(3)),
    Column("page", Integer),
    Column("start", Integer),
    Column("end", Integer),
    Column("source", String(16), nullable=False),
    Column("model", Text, nullable=False),
    Column("score", Float(53), nullable=False),
    UniqueConstraint("document_id", "name", "position"),
    Index(None, "name", "key"),
    Index(None, "name", "number"),
    Index(None, "name", "date"),
)

field_corrections = Table(
    "field_corrections",
    metadata,
    _document(primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("given", JSON, nullable=False),
    Column("replaced", JSON, nullable=False),
)

schemas = Table(
    "schemas",
    metadata,
    Column("collection", String(200), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("document", JSON, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

label_sets = Table(
    "label_sets",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("labels", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
)

corrections = Table(
    "corrections",
    metadata,
    _document(primary_key=True),
    Column("label_set", String(64), primary_key=True),
    Column("label", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Index(None, "label_set", "label"),
)

document_labels = Table(
    "document_labels",
    metadata,
    _document(primary_key=True),
    Column("label_set", String(64), primary_key=True),
    Column("label", String(200), nullable=False),
    Column("classification", JSON, nullable=False),
    Index(None, "label_set", "label"),
)

label_models = Table(
    "label_models",
    metadata,
    Column("label_set", String(128), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
    Column("samples", Integer, nullable=False),
    Column("accuracy", Float(53), nullable=False),
    Column("spread", Float(53), nullable=False),
    Column("baseline", Float(53), nullable=False),
    Column("error", Float(53), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    _document(primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("owner", Text),
    Column("lease_until", Instant),
    Column("due_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("stage", String(16)),
    Index(None, "due_at"),
)

stage_results = Table(
    "stage_results",
    metadata,
    _document(primary_key=True),
    Column("stage", String(16), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("version", Text, nullable=False),
    Column("facts", JSON, nullable=False),
)

rollouts = Table(
    "rollouts",
    metadata,
    Column("stage", String(16), primary_key=True),
    Column("mode", String(16), nullable=False),
    Column("weight", Float(53), nullable=False),
    Column("updated_at", Instant, nullable=False),
)

changes = Table(
    "changes",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=True),
    Column("op", String(8), nullable=False),
    Column("document_id", String(32), nullable=False),
    Column("collection", String(200), nullable=False),
    sqlite_autoincrement=True,
)

ingestions = Table(
    "ingestions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("request", JSON, nullable=False),
    Column("status", String(16), nullable=False),
    Column("owner", Text),
    Column("lease_until", Instant),
    Column("attempt", Integer, nullable=False),
    Column("cancel", Integer, nullable=False),
    Column("error", JSON(none_as_null=True)),
    Column("summary", JSON(none_as_null=True)),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    Column("tenant", String(32), nullable=False, server_default="default"),
    Index(None, "status", "created_at"),
)

ingestion_items = Table(
    "ingestion_items",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("uri", Text, nullable=False),
    Column("collection", String(200), nullable=False),
    Column("filename", Text, nullable=False),
    Column("given", JSON, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("sha256", String(64)),
    Column("document_id", String(32), ForeignKey("documents.id", ondelete="CASCADE")),
    Column("replaces", String(32)),
    Column("version", Integer, nullable=False),
    Column("duplicate", Integer, nullable=False),
    Column("ingestion_id", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("pages_read", Integer, nullable=False),
    Column("seconds", Float),
    Column("error", JSON(none_as_null=True)),
    Column("updated_at", Instant, nullable=False),
    Index(None, "ingestion_id", "status", "size"),
    Index(None, "document_id"),
    Index(None, "status", "updated_at"),
    sqlite_autoincrement=True,
)

callbacks = Table(
    "callbacks",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("document_id", String(32), ForeignKey("documents.id", ondelete="CASCADE")),
    Column("ingestion_id", String(32), ForeignKey("ingestions.id", ondelete="CASCADE")),
    Column("url", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("ended_at", Instant),
    Column("error", Text),
    Index(None, "document_id"),
    Index(None, "ingestion_id"),
    Index(None, "ended_at", "due_at"),
    sqlite_autoincrement=True,
)
