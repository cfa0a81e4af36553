"""Sums over the library: who is named where, what there is in each collection."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import FromClause, and_, distinct, func, or_, select

from rag.analysis.grouping import canonical
from rag.model import Status
from rag.store.database import Database
from rag.store.tables import changes, chunks, documents, entities, jobs, lookup_key, pages
from rag.store.visible import of_visible, visible


@dataclass(frozen=True, slots=True)
class EntityFacet:
    """One name over the corpus, counted exactly. `text` is how it is written most often."""

    text: str
    type: str
    norm: str
    mentions: int
    documents: int
    document_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    name: str
    documents: int
    pages: int
    bytes: int


class Facets:
    _database: Database

    async def facet_entities(
        self, *, type: str | None = None, q: str | None = None, collection: str | None = None, limit: int = 100
    ) -> list[EntityFacet]:
        """Names with most documents first, then most mentions. `q` is a part of the name."""
        mentions, owners = func.count().label("mentions"), func.count(distinct(entities.c.document_id)).label("owners")
        source: FromClause = entities
        conditions = of_visible(entities.c.document_id)
        if type is not None:
            conditions.append(entities.c.type == type)
        if collection is not None:
            source = entities.join(documents, documents.c.id == entities.c.document_id)
            conditions.append(documents.c.collection == collection)
        if q:
            part = lookup_key(q)
            conditions.append(
                or_(entities.c.key.contains(part, autoescape=True), entities.c.text_key.contains(part, autoescape=True))
            )
        groups = (
            select(entities.c.key, entities.c.type, mentions, owners)
            .select_from(source)
            .where(*conditions)
            .group_by(entities.c.key, entities.c.type)
            .order_by(owners.desc(), mentions.desc(), entities.c.key, entities.c.type)
            .limit(limit)
            .subquery()
        )
        spelt = (
            select(
                entities.c.key, entities.c.type, entities.c.text, entities.c.norm, entities.c.document_id, func.count()
            )
            .select_from(source.join(groups, and_(groups.c.key == entities.c.key, groups.c.type == entities.c.type)))
            .where(*conditions)
            .group_by(entities.c.key, entities.c.type, entities.c.text, entities.c.norm, entities.c.document_id)
        )
        texts: defaultdict[tuple[str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
        where: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        async with self._database.read() as connection:
            for key, kind, text, norm, document_id, count in await connection.execute(spelt):
                texts[key, kind][text, norm] += count
                where[key, kind].add(document_id)
        facets = []
        for (key, kind), counted in texts.items():
            text = canonical([text for text, _ in counted.elements()], kind)
            _, norm = min(counted, key=lambda pair: (-counted[pair], pair))
            owner_ids = tuple(sorted(where[key, kind]))
            facets.append(EntityFacet(text, kind, norm or key, counted.total(), len(owner_ids), owner_ids))
        return sorted(facets, key=lambda facet: (-facet.documents, -facet.mentions, facet.norm, facet.type))

    async def collections(self) -> list[Collection]:
        """By name."""
        query = (
            select(
                documents.c.collection,
                func.count(),
                func.coalesce(func.sum(documents.c.page_count), 0),
                func.sum(documents.c.size),
            )
            .where(*visible())
            .group_by(documents.c.collection)
            .order_by(documents.c.collection)
        )
        async with self._database.read() as connection:
            return [Collection(*(row[0], *map(int, row[1:]))) for row in await connection.execute(query)]

    async def stats(self) -> dict[str, Any]:
        """Counts: documents, pages, chunks, entities, bytes, jobs, collections; `by_status` (also `status`), `by_type`; `sequence` of the feed."""
        async with self._database.read() as connection:
            counts = {
                documents.name: await connection.scalar(select(func.count(documents.c.id)).where(*visible())) or 0
            }
            for table in (pages, chunks, entities, jobs):
                own = select(func.count()).select_from(table).where(*of_visible(table.c.document_id))
                counts[table.name] = await connection.scalar(own) or 0
            states = await connection.execute(
                select(documents.c.status, func.count()).where(*visible()).group_by(documents.c.status)
            )
            status = dict.fromkeys((s.value for s in Status), 0)
            status.update((name, count) for name, count in states)
            kinds = await connection.execute(
                select(documents.c.label, func.count())
                .where(documents.c.label.is_not(None), *visible())
                .group_by(documents.c.label)
            )
            by_type = {label: count for label, count in kinds}  # noqa: C416 - a result is no sequence of pairs to mypy
            size = await connection.scalar(select(func.coalesce(func.sum(documents.c.size), 0)).where(*visible()))
            names = await connection.scalar(select(func.count(distinct(documents.c.collection))).where(*visible()))
            sequence = await connection.scalar(select(func.coalesce(func.max(changes.c.seq), 0)))
        return counts | {
            "status": status,
            "by_status": status,
            "by_type": by_type,
            "bytes": int(size or 0),
            "collections": names or 0,
            "sequence": sequence or 0,
        }
