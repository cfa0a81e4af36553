"""Rollouts of answering models and what was counted in them.

Revision ID: 0009_model_rollouts
Revises: 0008_reruns
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op

revision = "0009_model_rollouts"
down_revision = "0008_reruns"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model_rollouts",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("slot", sa.String(16)),
        sa.Column("candidate", sa.Text, nullable=False),
        sa.Column("stable", sa.Text, nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("guard", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("step_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_model_rollouts"),
        sa.UniqueConstraint("slot", name="uq_model_rollouts_slot"),
    )
    op.create_table(
        "model_rollout_counts",
        sa.Column("rollout_id", sa.String(32), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("arm", sa.String(16), nullable=False),
        sa.Column("bucket", sa.Integer, nullable=False),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["rollout_id"], ["model_rollouts.id"], name="fk_model_rollout_counts_rollout_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("rollout_id", "step", "arm", "bucket", name="pk_model_rollout_counts"),
    )


def downgrade() -> None:
    op.drop_table("model_rollout_counts")
    op.drop_table("model_rollouts")
