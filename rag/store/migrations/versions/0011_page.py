"""Tags, passages switched off, conversations.

Revision ID: 0011_page
Revises: 0010_access
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op

revision = "0011_page"
down_revision = "0010_access"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "tags",
        sa.Column("document_id", sa.String(32), nullable=False),
        sa.Column("key", sa.String(300), nullable=False),
        sa.Column("tag", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name="fk_tags_document_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("document_id", "key", name="pk_tags"),
    )
    op.create_index("ix_tags_key_document_id", "tags", ["key", "document_id"])
    op.create_table(
        "switched_off",
        sa.Column("document_id", sa.String(32), nullable=False),
        sa.Column("page", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("start", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("end", sa.Integer, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_switched_off_document_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("document_id", "page", "start", "end", name="pk_switched_off"),
    )
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
    )
    op.create_index("ix_conversations_owner_updated_at_id", "conversations", ["owner", "updated_at", "id"])
    op.create_table(
        "turns",
        sa.Column("id", _Id, autoincrement=True, nullable=False),
        sa.Column("conversation_id", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("answer", sa.JSON()),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_turns_conversation_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_turns"),
        sa.UniqueConstraint("conversation_id", "position", name="uq_turns_conversation_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "turn_documents",
        sa.Column("turn_id", _Id, autoincrement=False, nullable=False),
        sa.Column("document_id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_turn_documents_turn_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("turn_id", "document_id", name="pk_turn_documents"),
    )
    op.create_index("ix_turn_documents_document_id", "turn_documents", ["document_id"])


def downgrade() -> None:
    for table in ("turn_documents", "turns", "conversations", "switched_off", "tags"):
        op.drop_table(table)
