"""Documents with their content, jobs and the change feed.

Revision ID: 0001
Revises:
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON()
KEY = sa.String(300)


def _document(table: str) -> tuple[sa.Column, sa.ForeignKeyConstraint]:
    return (
        sa.Column("document_id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=f"fk_{table}_document_id", ondelete="CASCADE"
        ),
    )


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def upgrade() -> None:
    op.create_table(
        "documents",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("collection", sa.String(200), nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("filename_key", sa.Text, nullable=False),
        sa.Column("media_type", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("language", sa.String(200)),
        sa.Column("metadata", JSON, nullable=False),
        sa.Column("page_count", sa.Integer),
        sa.Column("detected_language", sa.String(16)),
        sa.Column("label", sa.String(200)),
        sa.Column("classification", JSON),
        sa.Column("summary", JSON),
        sa.Column("error", JSON),
        sa.Column("warnings", JSON, nullable=False),
        sa.Column("embedding_model", sa.Text),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        sa.UniqueConstraint("collection", "sha256", name="uq_documents_collection"),
    )
    _index("documents", "sha256")
    _index("documents", "created_at", "id")
    _index("documents", "collection", "created_at", "id")
    _index("documents", "status", "created_at")
    _index("documents", "label", "created_at")
    _index("documents", "media_type")
    op.create_table(
        "metadata_values",
        *_document("metadata_values"),
        sa.Column("key", KEY, nullable=False),
        sa.Column("value", KEY, nullable=False),
        sa.PrimaryKeyConstraint("document_id", "key", "value", name="pk_metadata_values"),
    )
    _index("metadata_values", "key", "value")
    op.create_table(
        "stages",
        *_document("stages"),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("seconds", sa.Float),
        sa.Column("error", JSON),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("document_id", "stage", name="pk_stages"),
    )
    op.create_table(
        "pages",
        *_document("pages"),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("width", sa.Float(53), nullable=False),
        sa.Column("height", sa.Float(53), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("words", sa.LargeBinary, nullable=False),
        sa.Column("confidence", sa.Float(53), nullable=False),
        sa.Column("rotation", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("language", sa.String(16)),
        sa.PrimaryKeyConstraint("document_id", "number", name="pk_pages"),
    )
    op.create_table(
        "chunks",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        *_document("chunks"),
        sa.Column("page", sa.Integer, nullable=False),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("end", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("heading", sa.Text, nullable=False),
        sa.Column("embedding", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chunks"),
        sqlite_autoincrement=True,
    )
    _index("chunks", "document_id", "id")
    op.create_table(
        "entities",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        *_document("entities"),
        sa.Column("page", sa.Integer, nullable=False),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("end", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("norm", sa.Text, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("text_key", KEY, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_entities"),
    )
    _index("entities", "document_id", "page", "start")
    _index("entities", "key", "document_id")
    _index("entities", "text_key", "document_id")
    _index("entities", "type", "key")
    op.create_table(
        "jobs",
        *_document("jobs"),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("document_id", name="pk_jobs"),
    )
    _index("jobs", "due_at")
    op.create_table(
        "changes",
        sa.Column("seq", ID, autoincrement=True, nullable=False),
        sa.Column("op", sa.String(8), nullable=False),
        sa.Column("document_id", sa.String(32), nullable=False),
        sa.Column("collection", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_changes"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    for table in ("changes", "jobs", "entities", "chunks", "pages", "stages", "metadata_values", "documents"):
        op.drop_table(table)
