"""Lists of the documents that were sent by themselves: an index of their own, in the order of the list.

Revision ID: 0014_outermost
Revises: 0013_evaluation_runs
Create Date: 2026-11-22
"""

import sqlalchemy as sa
from alembic import op

revision = "0014_outermost"
down_revision = "0013_evaluation_runs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    inside, outermost = sa.text("parent_id IS NOT NULL"), sa.text("parent_id IS NULL")
    op.drop_index("ix_documents_parent_id_place", "documents")
    op.create_index(
        "ix_documents_parent_id_place",
        "documents",
        ["parent_id", "place"],
        sqlite_where=inside,
        postgresql_where=inside,
    )
    # `parent_id` is in it although it is the same everywhere: SQLite counts from an index alone only what that holds.
    columns = ["created_at", "id", "parent_id"]
    op.create_index(
        "ix_documents_outermost", "documents", columns, sqlite_where=outermost, postgresql_where=outermost
    )


def downgrade() -> None:
    op.drop_index("ix_documents_outermost", "documents")
    op.drop_index("ix_documents_parent_id_place", "documents")
    op.create_index("ix_documents_parent_id_place", "documents", ["parent_id", "place"])
