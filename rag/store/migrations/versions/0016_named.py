"""A passage's row holds the name and the collection of its document, so that a search reads no row of documents.

Passages that are there already are told by their documents, as before, until they are indexed anew, renamed or moved.

Revision ID: 0016_named
Revises: 0015_boxes
Create Date: 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

revision = "0016_named"
down_revision = "0015_boxes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chunks", sa.Column("filename", sa.Text))
    op.add_column("chunks", sa.Column("collection", sa.String(200)))
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_documents_named", "documents")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("ix_documents_named", "documents", ["id", "collection", "filename"])
    op.drop_column("chunks", "collection")
    op.drop_column("chunks", "filename")
