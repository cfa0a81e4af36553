"""Batch ingestions with their items, and callbacks.

Revision ID: 0005_ingestions
Revises: 0004_labels
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op

revision = "0005_ingestions"
down_revision = "0004_labels"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON()


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def upgrade() -> None:
    op.create_table(
        "ingestions",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("request", JSON, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("cancel", sa.Integer, nullable=False),
        sa.Column("error", JSON),
        sa.Column("summary", JSON),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_ingestions"),
    )
    _index("ingestions", "status", "created_at")
    op.create_table(
        "ingestion_items",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("collection", sa.String(200), nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("given", JSON, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("document_id", sa.String(32)),
        sa.Column("replaces", sa.String(32)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("duplicate", sa.Integer, nullable=False),
        sa.Column("ingestion_id", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("pages", sa.Integer, nullable=False),
        sa.Column("pages_read", sa.Integer, nullable=False),
        sa.Column("seconds", sa.Float),
        sa.Column("error", JSON),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ingestion_items"),
        sa.UniqueConstraint("key", name="uq_ingestion_items_key"),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_ingestion_items_document_id", ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    _index("ingestion_items", "ingestion_id", "status", "size")
    _index("ingestion_items", "document_id")
    _index("ingestion_items", "status", "updated_at")
    op.create_table(
        "callbacks",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("document_id", sa.String(32)),
        sa.Column("ingestion_id", sa.String(32)),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_callbacks"),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_callbacks_document_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["ingestion_id"], ["ingestions.id"], name="fk_callbacks_ingestion_id", ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    _index("callbacks", "document_id")
    _index("callbacks", "ingestion_id")
    _index("callbacks", "ended_at", "due_at")


def downgrade() -> None:
    for table in ("callbacks", "ingestion_items", "ingestions"):
        op.drop_table(table)
