"""Facts of many documents beside each other: who is named together with whom, and which dates the texts name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, distinct, func, or_, select

from rag.store.database import Database
from rag.store.tables import documents, entities, lookup_key
from rag.store.visible import of_visible

NAMED = ("PERSON", "ORG", "GPE", "LOC", "FAC")
MOST_DOCUMENTS = 200
"""Ids that one row carries."""
Period = Literal["month", "year"]


@dataclass(frozen=True, slots=True)
class Node:
    """A name and the number of documents that hold it."""

    text: str
    type: str
    norm: str
    documents: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two names (their `norm`s and types) and the number of documents that hold both."""

    first: str
    first_type: str
    second: str
    second_type: str
    documents: int


@dataclass(frozen=True, slots=True)
class Moment:
    """`period` is '2025' or '2025-03'; `document_ids` are at most MOST_DOCUMENTS, oldest document first."""

    period: str
    mentions: int
    documents: int
    document_ids: tuple[str, ...]


class Insights:
    _database: Database

    async def cooccurrence(
        self,
        *,
        types: tuple[str, ...] = NAMED,
        collection: str | None = None,
        entity: str | None = None,
        names: int = 40,
        limit: int = 200,
    ) -> tuple[list[Node], list[Pair]]:
        """The `names` names of most documents, and the pairs of them that share a document, most shared first.

        `entity`: only names that share a document with this one, and itself.
        """
        scope = _scope(collection)
        if entity is not None:
            scope.append(entities.c.document_id.in_(_naming(entity)))
        owners = func.count(distinct(entities.c.document_id)).label("owners")
        top = (
            select(entities.c.key, entities.c.type, owners, func.min(entities.c.text).label("text"))
            .where(entities.c.type.in_(types), *scope)
            .group_by(entities.c.key, entities.c.type)
            .order_by(owners.desc(), entities.c.key, entities.c.type)
            .limit(names)
            .cte("top")
        )
        held = (
            select(entities.c.document_id, entities.c.key, entities.c.type)
            .join(top, and_(top.c.key == entities.c.key, top.c.type == entities.c.type))
            .where(*scope)
            .distinct()
            .cte("held")
        )
        other = held.alias("other")
        shared = func.count().label("shared")
        later = or_(other.c.key > held.c.key, and_(other.c.key == held.c.key, other.c.type > held.c.type))
        pairs = (
            select(held.c.key, held.c.type, other.c.key, other.c.type, shared)
            .select_from(held.join(other, and_(other.c.document_id == held.c.document_id, later)))
            .group_by(held.c.key, held.c.type, other.c.key, other.c.type)
            .order_by(shared.desc(), held.c.key, other.c.key)
            .limit(limit)
        )
        async with self._database.read() as connection:
            nodes = [
                Node(" ".join(text.split()), kind, key, count)
                for key, kind, count, text in await connection.execute(
                    select(top).order_by(top.c.owners.desc(), top.c.key)
                )
            ]
            found = [Pair(*row) for row in await connection.execute(pairs)]
        return nodes, found

    async def timeline(
        self, *, by: Period = "month", collection: str | None = None, entity: str | None = None
    ) -> list[Moment]:
        """The dates that texts name, by month or year, in their order; `entity`: only documents that name it."""
        dated: list[ColumnElement[bool]] = [
            entities.c.type == "DATE",
            or_(entities.c.norm.like("____-__"), entities.c.norm.like("____-__-__")),
            entities.c.norm.between("0000", "9999-99-99"),
            *_scope(collection),
        ]
        if entity is not None:
            dated.append(entities.c.document_id.in_(_naming(entity)))
        period = func.substr(entities.c.norm, 1, 7 if by == "month" else 4).label("period")
        query = (
            select(period, entities.c.document_id, func.count())
            .join(documents, documents.c.id == entities.c.document_id)
            .where(*dated)
            .group_by(period, entities.c.document_id, documents.c.created_at)
            .order_by(period, documents.c.created_at, entities.c.document_id)
        )
        periods: dict[str, list[tuple[str, int]]] = {}
        async with self._database.read() as connection:
            for when, document_id, count in await connection.execute(query):
                periods.setdefault(when, []).append((document_id, count))
        return [
            Moment(when, sum(count for _, count in rows), len(rows), tuple(id for id, _ in rows[:MOST_DOCUMENTS]))
            for when, rows in periods.items()
            if when.replace("-", "").isdigit()
        ]


def _scope(collection: str | None) -> list[ColumnElement[bool]]:
    conditions = of_visible(entities.c.document_id)
    if collection is None:
        return conditions
    return [*conditions, entities.c.document_id.in_(select(documents.c.id).where(documents.c.collection == collection))]


def _naming(entity: str) -> Any:
    key = lookup_key(entity)
    named = select(entities.c.document_id)
    return named.where(entities.c.key == key).union(named.where(entities.c.text_key == key))
