"""On whose behalf work is done: the principal of a request, what it may, and which collections are its own.

A tenant's collections are stored as `tenant/collection`; those of the tenant `default` without a prefix, as they always were. Names
of collections hold no '/', so nobody can name another tenant's collection. The principal travels in a context variable, as the
request id does: it is set where a request or a job enters, and the stores ask for it in every statement (rag/store/visible.py), so
that a route that forgets it sees too little and never too much. Without one (analyzers, indexes, the command line on the machine)
everything is seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum

from rag.errors import Forbidden, InvalidInput

DEFAULT_TENANT = "default"
NOWHERE = "/"
"""A stored name that no collection has."""
_TENANT = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")


class Permission(StrEnum):
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Limited:
    """What a key may use; None is without bound."""

    requests_per_minute: int | None = None
    documents: int | None = None
    """Documents that were stored with the key and are still there."""
    bytes: int | None = None
    """Of their originals together."""


@dataclass(frozen=True, slots=True)
class Principal:
    key_id: str
    """'' for work of our own and for a service that asks for no key."""
    tenant: str = DEFAULT_TENANT
    permissions: frozenset[Permission] = frozenset(Permission)
    collections: tuple[str, ...] | None = None
    """The tenant's collections (without its prefix) that the key may touch; None is all of them."""
    limits: Limited = Limited()

    def may(self, permission: Permission) -> bool:
        """Admin includes write, write includes read."""
        order = list(Permission)
        return any(order.index(held) >= order.index(permission) for held in self.permissions)

    @property
    def operator(self) -> bool:
        """Looks after the installation: keys of every tenant, indexes, models."""
        return self.tenant == DEFAULT_TENANT and self.collections is None and self.may(Permission.ADMIN)

    @property
    def stored_collections(self) -> tuple[str, ...] | None:
        return None if self.collections is None else tuple(within(self.tenant, name) for name in self.collections)


_acting: ContextVar[Principal | None] = ContextVar("redwell_principal", default=None)


def acting() -> Principal | None:
    return _acting.get()


def acting_tenant() -> str:
    principal = _acting.get()
    return principal.tenant if principal else DEFAULT_TENANT


@contextmanager
def acting_as(principal: Principal | None) -> Iterator[None]:
    """For everything inside, tasks and threads that are started inside included."""
    token = _acting.set(principal)
    try:
        yield
    finally:
        _acting.reset(token)


def own_work(collection: str) -> Principal:
    """For our own work on a document of this (stored) collection: it sees its tenant and nothing else."""
    return Principal("", tenant_of(collection))


def whole_tenant() -> Principal:
    """The tenant of whoever asks without the bounds of his key: for what its collections share."""
    return Principal("", acting_tenant())


def tenant_name(name: str) -> str:
    """1 to 32 small letters, digits and '-'. Raises InvalidInput."""
    if not _TENANT.fullmatch(name):
        raise InvalidInput(f"'{name[:80]}' is no name for a tenant.", "Use 1 to 32 small letters, digits and '-'.")
    return name


def tenant_of(stored_name: str) -> str:
    tenant, slash, _ = stored_name.partition("/")
    return tenant if slash else DEFAULT_TENANT


def within(tenant: str, name: str) -> str:
    """The stored name. Raises InvalidInput for a name that would lead into another tenant."""
    if "/" in name:
        raise InvalidInput(f"'{name[:80]}' is no name for a collection.", "Names of collections hold no '/'.")
    return name if tenant == DEFAULT_TENANT else f"{tenant}/{name}"


def stored(name: str) -> str:
    """The stored name of a collection of whoever asks."""
    return within(acting_tenant(), name)


def named(name: str | None) -> str | None:
    """As `stored`, of a filter that may be absent."""
    return None if name is None else stored(name)


def shown(stored_name: str) -> str:
    """A collection's name as its own tenant knows it."""
    return stored_name.rpartition("/")[2]


def writable(name: str) -> str:
    """The stored name of a collection that something is put into. Raises Forbidden where the key may not touch it."""
    principal = acting()
    if principal and principal.collections is not None and name not in principal.collections:
        raise Forbidden(
            f"The key may not touch the collection '{name[:80]}'.", "Ask an administrator for a key that names it."
        )
    return stored(name)
