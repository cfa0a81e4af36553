"""Label sets, corrections, labels beside the type, trained heads.

Revision ID: 0004_labels
Revises: 0003_children
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op

revision = "0004_labels"
down_revision = "0003_children"
branch_labels = None
depends_on = None


def _owned(table: str, *columns: sa.Column) -> None:
    op.create_table(
        table,
        sa.Column("document_id", sa.String(32), nullable=False),
        sa.Column("label_set", sa.String(64), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=f"fk_{table}_document_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("document_id", "label_set", name=f"pk_{table}"),
    )
    op.create_index(f"ix_{table}_label_set_label", table, ["label_set", "label"])


def upgrade() -> None:
    op.create_table(
        "label_sets",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_label_sets"),
    )
    _owned("corrections", sa.Column("created_at", sa.BigInteger, nullable=False))
    _owned("document_labels", sa.Column("classification", sa.JSON(), nullable=False))
    op.create_table(
        "label_models",
        sa.Column("label_set", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("samples", sa.Integer, nullable=False),
        sa.Column("accuracy", sa.Float(53), nullable=False),
        sa.Column("spread", sa.Float(53), nullable=False),
        sa.Column("baseline", sa.Float(53), nullable=False),
        sa.Column("error", sa.Float(53), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("label_set", "version", name="pk_label_models"),
    )


def downgrade() -> None:
    for table in ("label_models", "document_labels", "corrections", "label_sets"):
        op.drop_table(table)
