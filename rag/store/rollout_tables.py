"""Tables of rollouts of answering models."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Integer, String, Table, Text

from rag.store.tables import Instant, metadata

model_rollouts = Table(
    "model_rollouts",
    metadata,
    Column("id", String(32), primary_key=True),
    # 'running' of the one that is under way, NULL of all others: unique, so that two cannot start.
    Column("slot", String(16), unique=True),
    Column("candidate", Text, nullable=False),
    Column("stable", Text, nullable=False),
    Column("mode", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("step", Integer, nullable=False),
    Column("guard", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("step_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("reason", Text, nullable=False),
)

model_rollout_counts = Table(
    "model_rollout_counts",
    metadata,
    Column("rollout_id", String(32), ForeignKey("model_rollouts.id", ondelete="CASCADE"), primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("arm", String(16), primary_key=True),
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("requests", Integer, nullable=False),
)
