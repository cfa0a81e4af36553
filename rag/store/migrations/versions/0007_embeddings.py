"""Embeddings by model, the models in use, and the indexes that follow the change feed.

Revision ID: 0007_embeddings
Revises: 0006_feedback
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op

revision = "0007_embeddings"
down_revision = "0006_feedback"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.String(300)


def upgrade() -> None:
    op.create_table(
        "embeddings",
        sa.Column("chunk_id", ID, autoincrement=False, nullable=False),
        sa.Column("model", KEY, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("chunk_id", "model", name="pk_embeddings"),
        sa.ForeignKeyConstraint(["chunk_id"], ["chunks.id"], name="fk_embeddings_chunk_id", ondelete="CASCADE"),
    )
    op.create_table(
        "embedding_models",
        sa.Column("version", KEY, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("error", sa.JSON()),
        sa.PrimaryKeyConstraint("version", name="pk_embedding_models"),
    )
    op.create_table(
        "index_views",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("shard", sa.Integer, nullable=False),
        sa.Column("model", KEY, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("chunks", sa.Integer, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("needs", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_index_views"),
    )
    op.execute(
        "INSERT INTO embeddings (chunk_id, model, vector) SELECT chunks.id, documents.embedding_model, chunks.embedding"
        " FROM chunks JOIN documents ON documents.id = chunks.document_id WHERE documents.embedding_model IS NOT NULL"
    )
    # The model of most documents is in use; documents of another one wait for their embeddings.
    op.execute(
        "INSERT INTO embedding_models (version, state, started_at) SELECT embedding_model, 'active', MIN(created_at)"
        " FROM documents WHERE embedding_model IS NOT NULL GROUP BY embedding_model ORDER BY COUNT(*) DESC LIMIT 1"
    )
    op.execute(
        "INSERT INTO embedding_models (version, state, started_at) SELECT embedding_model, 'retired', MIN(created_at)"
        " FROM documents WHERE embedding_model IS NOT NULL"
        " AND embedding_model NOT IN (SELECT version FROM embedding_models) GROUP BY embedding_model"
    )
    op.drop_column("chunks", "embedding")
    op.drop_column("documents", "embedding_model")


def downgrade() -> None:
    op.add_column("documents", sa.Column("embedding_model", sa.Text))
    op.add_column("chunks", sa.Column("embedding", sa.LargeBinary, nullable=False, server_default=""))
    op.execute(
        "UPDATE documents SET embedding_model = (SELECT version FROM embedding_models WHERE state = 'active')"
    )
    op.execute(
        "UPDATE chunks SET embedding = (SELECT vector FROM embeddings JOIN embedding_models ON version = model"
        " WHERE state = 'active' AND chunk_id = chunks.id)"
    )
    for table in ("index_views", "embedding_models", "embeddings"):
        op.drop_table(table)
