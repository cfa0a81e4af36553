"""What whoever asks may see, as conditions of SQL: the one place that tenants and bound keys are kept apart (rag/access/principal.py)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, select

from rag.access.principal import DEFAULT_TENANT, acting
from rag.store.tables import documents


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
        return [collection.not_like("%/%")]
    return [collection.startswith(f"{principal.tenant}/", autoescape=True)]


def of_visible(document_id: Any) -> list[ColumnElement[bool]]:
    """On a column with ids of documents."""
    principal = acting()
    if principal is not None and principal.tenant == DEFAULT_TENANT and principal.collections is None:
        # Everything but what is foreign, which is mostly nothing: cheaper than a list of all.
        return [document_id.not_in(select(documents.c.id).where(documents.c.collection.like("%/%")))]
    conditions = visible()
    return [document_id.in_(select(documents.c.id).where(*conditions))] if conditions else []


def of_tenant(tenant: Any) -> list[ColumnElement[bool]]:
    """On a column with names of tenants."""
    principal = acting()
    return [] if principal is None else [tenant == principal.tenant]
