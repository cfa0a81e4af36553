"""Fields of documents, their corrections, and the schemas of collections.

Revision ID: 0002_fields
Revises: 0001
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op

revision = "0002_fields"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _document(table: str) -> tuple[sa.Column, sa.ForeignKeyConstraint]:
    return (
        sa.Column("document_id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=f"fk_{table}_document_id", ondelete="CASCADE"
        ),
    )


def upgrade() -> None:
    op.create_table(
        "fields",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        *_document("fields"),
        sa.Column("schema", sa.String(200), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("key", sa.String(300), nullable=False),
        sa.Column("number", sa.Float(53)),
        sa.Column("date", sa.String(10)),
        sa.Column("currency", sa.String(3)),
        sa.Column("page", sa.Integer),
        sa.Column("start", sa.Integer),
        sa.Column("end", sa.Integer),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fields"),
        sa.UniqueConstraint("document_id", "name", "position", name="uq_fields_document_id"),
    )
    for column in ("key", "number", "date"):
        op.create_index(f"ix_fields_name_{column}", "fields", ["name", column])
    op.create_table(
        "field_corrections",
        *_document("field_corrections"),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("given", sa.JSON, nullable=False),
        sa.Column("replaced", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("document_id", "name", name="pk_field_corrections"),
    )
    op.create_table(
        "schemas",
        sa.Column("collection", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("collection", name="pk_schemas"),
    )


def downgrade() -> None:
    for table in ("schemas", "field_corrections", "fields"):
        op.drop_table(table)
