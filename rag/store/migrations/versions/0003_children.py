"""Documents that came in others: parent, place in it, what was refused; copies without encryption; picture pages.

Revision ID: 0003_children
Revises: 0002_fields
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op

revision = "0003_children"
down_revision = "0002_fields"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("documents") as table:
        table.add_column(sa.Column("parent_id", sa.String(32)))
        table.add_column(sa.Column("place", sa.String(64), nullable=False, server_default=""))
        table.add_column(sa.Column("refused", sa.JSON))
        table.add_column(sa.Column("unlocked", sa.Boolean, nullable=False, server_default=sa.false()))
        table.drop_constraint("uq_documents_collection", type_="unique")
        table.create_unique_constraint("uq_documents_collection", ["collection", "sha256", "place"])
        table.create_foreign_key("fk_documents_parent_id", "documents", ["parent_id"], ["id"], ondelete="CASCADE")
    op.create_index("ix_documents_parent_id_place", "documents", ["parent_id", "place"])
    op.add_column("pages", sa.Column("part", sa.Text))


def downgrade() -> None:
    op.drop_column("pages", "part")
    op.drop_index("ix_documents_parent_id_place", "documents")
    with op.batch_alter_table("documents") as table:
        table.drop_constraint("fk_documents_parent_id", type_="foreignkey")
        table.drop_constraint("uq_documents_collection", type_="unique")
        table.create_unique_constraint("uq_documents_collection", ["collection", "sha256"])
        for name in ("unlocked", "refused", "place", "parent_id"):
            table.drop_column(name)
