"""`metadata` with every table in it: who handles all tables takes it from here, since each module declares its own."""

from __future__ import annotations

from rag.store import access_tables, index_tables, page_tables, rollout_tables, tables

DECLARED_IN = (tables, index_tables, access_tables, rollout_tables, page_tables)
metadata = tables.metadata
