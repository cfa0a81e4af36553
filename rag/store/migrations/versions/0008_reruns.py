"""Re-runs of one stage, results kept for comparisons, candidates.

Revision ID: 0008_reruns
Revises: 0007_embeddings
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op

revision = "0008_reruns"
down_revision = "0007_embeddings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("stage", sa.String(16)))
    op.create_table(
        "stage_results",
        sa.Column("document_id", sa.String(32), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_stage_results_document_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("document_id", "stage", "kind", name="pk_stage_results"),
    )
    op.create_table(
        "rollouts",
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("weight", sa.Float(53), nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("stage", name="pk_rollouts"),
    )


def downgrade() -> None:
    op.drop_table("rollouts")
    op.drop_table("stage_results")
    op.drop_column("jobs", "stage")
