"""What a search shows, where fewer pages of the disk hold it: boxes and confidence beside each passage, names of documents in an index.

Boxes of passages that are there already are told by their pages, as before.

Revision ID: 0015_boxes
Revises: 0014_outermost
Create Date: 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

revision = "0015_boxes"
down_revision = "0014_outermost"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chunks", sa.Column("boxes", sa.LargeBinary))
    op.add_column("chunks", sa.Column("confidence", sa.Float(53)))
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("ix_documents_named", "documents", ["id", "collection", "filename"])


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_documents_named", "documents")
    op.drop_column("chunks", "confidence")
    op.drop_column("chunks", "boxes")
