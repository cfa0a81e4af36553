"""Which documents feedback quotes; what is quoted of documents that are gone by now is taken out.

Revision ID: 0012_feedback_documents
Revises: 0011_page
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op

revision = "0012_feedback_documents"
down_revision = "0011_page"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    named = op.create_table(
        "feedback_documents",
        sa.Column("feedback_id", _Id, autoincrement=False, nullable=False),
        sa.Column("document_id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["feedback_id"], ["feedback.id"], name="fk_feedback_documents_feedback_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("feedback_id", "document_id", name="pk_feedback_documents"),
    )
    op.create_index("ix_feedback_documents_document_id", "feedback_documents", ["document_id"])
    feedback = sa.table(
        "feedback", sa.column("id", _Id), sa.column("answer", sa.Text), sa.column("citations", sa.JSON)
    )
    documents = sa.table("documents", sa.column("id", sa.String))
    connection = op.get_bind()
    for id, citations in connection.execute(sa.select(feedback.c.id, feedback.c.citations)).all():
        cited = {str(one.get("document_id") or "") for one in citations}
        there = set(connection.scalars(sa.select(documents.c.id).where(documents.c.id.in_(cited)))) if cited else set()
        if there:
            rows = [{"feedback_id": id, "document_id": document_id} for document_id in sorted(there)]
            connection.execute(sa.insert(named), rows)
        if there != cited:
            left = [one for one in citations if one.get("document_id") in there]
            connection.execute(sa.update(feedback).where(feedback.c.id == id).values(citations=left, answer=""))


def downgrade() -> None:
    op.drop_table("feedback_documents")
