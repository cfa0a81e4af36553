"""What whoever asks may see, as conditions of SQL: the one place that tenants and bound keys are kept apart (rag/access/principal.py)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, select

from rag.access.principal import DEFAULT_TENANT, Principal, acting
from rag.store.tables import documents

FOREIGN = "%/%"
"""Stored names of collections of other tenants than the default one."""


def visible(collection: Any = documents.c.collection) -> list[ColumnElement[bool]]:
    """On a column with stored names of collections. Empty where nobody in particular asks."""
    principal = acting()
    if principal is None:
        return []
    names = principal.stored_collections
    if names is not None:
        return [collection.in_(names)]
    # Tenants are small letters and digits: that LIKE ignores case on SQLite cannot lead into another one.
    if principal.tenant == DEFAULT_TENANT:
        return [collection.not_like(FOREIGN)]
    return [collection.startswith(f"{principal.tenant}/", autoescape=True)]


def of_visible(document_id: Any) -> list[ColumnElement[bool]]:
    """On a column with ids of documents."""
    principal = acting()
    if _sees_the_rest(principal):
        # Everything but what is foreign, which is mostly nothing: cheaper than a list of all.
        return [document_id.not_in(select(documents.c.id).where(documents.c.collection.like(FOREIGN)))]
    conditions = visible()
    return [document_id.in_(select(documents.c.id).where(*conditions))] if conditions else []


def count_visible(conditions: Sequence[ColumnElement[bool]]) -> ColumnElement[int]:
    """How many documents match and may be seen, as one expression: of one moment, whatever the isolation.

    All that match less those that are foreign, where there are any: to look at every row's collection takes a hundred times as
    long as to count the entries of an index.
    """
    count = select(func.count()).select_from(documents)
    if not _sees_the_rest(acting()):
        return count.where(*visible(), *conditions).scalar_subquery()
    others = count.where(documents.c.collection.like(FOREIGN), *conditions).scalar_subquery()
    return count.where(*conditions).scalar_subquery() - case((_any_foreign(), others), else_=literal(0))


@cache
def _any_foreign() -> ColumnElement[bool]:
    names = collection_names().subquery()
    return select(names.c.name).where(names.c.name.like(FOREIGN)).exists()


@cache
def collection_names() -> Select[tuple[str]]:
    """Stored names of all collections that hold documents, of every tenant: one look at the index for each of them."""
    first = select(func.min(documents.c.collection).label("name")).cte("some_names", recursive=True)
    after = select(func.min(documents.c.collection)).where(documents.c.collection > first.c.name).scalar_subquery()
    found = first.union_all(select(after).where(first.c.name.is_not(None)))
    return select(found.c.name).where(found.c.name.is_not(None))


def of_tenant(tenant: Any) -> list[ColumnElement[bool]]:
    """On a column with names of tenants."""
    principal = acting()
    return [] if principal is None else [tenant == principal.tenant]


def _sees_the_rest(principal: Principal | None) -> bool:
    """The default tenant's whole: everything but what is foreign, which is mostly nothing."""
    return principal is not None and principal.tenant == DEFAULT_TENANT and principal.collections is None
