"""Alembic's entry: runs on the connection that rag/store/database.py hands over, inside its transaction and lock."""

from alembic import context

from rag.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
