"""The indexes that follow the change feed, as they report themselves; what all of them have passed is pruned from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from rag.store.database import Database
from rag.store.index_tables import index_views
from rag.store.records import now, upsert
from rag.store.tables import changes

LIVE_SECONDS = 60
"""An index that has not reported for so long is taken for dead. If it is not, it reads everything again: nothing is lost."""


@dataclass(frozen=True, slots=True)
class ViewState:
    id: str
    shard: int
    model: str
    kind: str
    """Of its dense index: flat, pq, hnsw or ivf."""
    chunks: int
    sequence: int
    """The last change that it holds."""
    needs: int
    """Changes after this number are needed still: by it, or by a start from its last snapshot."""


class IndexViews:
    def __init__(self, database: Database, *, clock: Callable[[], datetime] = now) -> None:
        self._database = database
        self._clock = clock

    async def report(self, view: ViewState) -> None:
        values = asdict(view) | {"seen_at": self._clock()}
        async with self._database.write() as connection:
            statement = upsert(connection, index_views).values(values)
            await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))

    async def leave(self, id: str) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(index_views).where(index_views.c.id == id))

    async def live(self) -> list[ViewState]:
        """By shard and id."""
        since = self._clock() - timedelta(seconds=LIVE_SECONDS)
        columns = [column for column in index_views.c if column.name != "seen_at"]
        query = select(*columns).where(index_views.c.seen_at >= since).order_by(index_views.c.shard, index_views.c.id)
        async with self._database.read() as connection:
            return [ViewState(*row) for row in await connection.execute(query)]

    async def prune(self) -> int:
        """Delete the changes that every live index has passed, but the last one, which keeps the number; how many."""
        since = self._clock() - timedelta(seconds=LIVE_SECONDS)
        async with self._database.write() as connection:
            await connection.execute(delete(index_views).where(index_views.c.seen_at < since))
            passed = await connection.scalar(select(func.min(index_views.c.needs)))
            last = await connection.scalar(select(func.max(changes.c.seq)))
            if passed is None or last is None:
                return 0
            gone = await connection.execute(delete(changes).where(changes.c.seq <= passed, changes.c.seq < last))
            return gone.rowcount
