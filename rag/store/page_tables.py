"""Tables of what people put to documents and ask of them: tags, passages switched off, conversations, feedback and what it quotes, evaluation runs."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from rag.store.index_tables import Id
from rag.store.tables import KEY_CHARS, Instant, metadata

tags = Table(
    "tags",
    metadata,
    Column("document_id", String(32), ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(KEY_CHARS), primary_key=True),
    Column("tag", String(100), nullable=False),
    Index(None, "key", "document_id"),
)

# By place and not by chunk: a document that is cut into the same chunks again keeps its switches.
switched_off = Table(
    "switched_off",
    metadata,
    Column("document_id", String(32), ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("page", Integer, primary_key=True, autoincrement=False),
    Column("start", Integer, primary_key=True, autoincrement=False),
    Column("end", Integer, primary_key=True, autoincrement=False),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(200), nullable=False),
    Column("title", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index(None, "owner", "updated_at", "id"),
)

turns = Table(
    "turns",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("conversation_id", String(32), ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", JSON(none_as_null=True)),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("conversation_id", "position"),
    sqlite_autoincrement=True,
)

# What an answer quotes: it goes with the document, though the question stays.
turn_documents = Table(
    "turn_documents",
    metadata,
    Column("turn_id", Id, ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("document_id", String(32), primary_key=True),
    Index(None, "document_id"),
)

# What feedback quotes goes with the document too; the question and the verdict stay.
feedback_documents = Table(
    "feedback_documents",
    metadata,
    Column("feedback_id", Id, ForeignKey("feedback.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("document_id", String(32), primary_key=True),
    Index(None, "document_id"),
)

# Numbers and ids of questions, no texts: what is deleted leaves nothing here.
evaluation_runs = Table(
    "evaluation_runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("tenant", String(32), nullable=False, server_default="default"),
    Column("collection", String(200)),
    Column("name", String(200), nullable=False),
    Column("set", String(200), nullable=False),
    Column("model", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("figures", JSON, nullable=False),
    Column("questions", JSON, nullable=False),
    Column("question_count", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index(None, "tenant", "created_at", "id"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("verdict_right", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("collection", String(200)),
    Column("citations", JSON, nullable=False),
    Column("model", Text, nullable=False),
    Column("prompt_version", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("tenant", String(32), nullable=False, server_default="default"),
    sqlite_autoincrement=True,
)
