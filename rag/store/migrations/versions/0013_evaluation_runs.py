"""Runs of evaluations.

Revision ID: 0013_evaluation_runs
Revises: 0012_feedback_documents
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op

revision = "0013_evaluation_runs"
down_revision = "0012_feedback_documents"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "evaluation_runs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("tenant", sa.String(32), nullable=False, server_default="default"),
        sa.Column("collection", sa.String(200)),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("set", sa.String(200), nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("question_count", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_evaluation_runs"),
    )
    op.create_index("ix_evaluation_runs_tenant_created_at_id", "evaluation_runs", ["tenant", "created_at", "id"])


def downgrade() -> None:
    op.drop_table("evaluation_runs")
