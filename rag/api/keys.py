"""/v1/keys: API keys, made, listed and revoked by administrators."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from rag.access.audit import noted
from rag.access.keys import ApiKey, new_key
from rag.access.principal import DEFAULT_TENANT, Limited, Permission, Principal, acting, tenant_name
from rag.api.schemas import Body
from rag.errors import Forbidden, InvalidInput
from rag.intake.names import collection_name
from rag.services import Services


class KeyBody(Body):
    name: str = Field(min_length=1, max_length=200, description="Whose it is or what for; shown in lists.")
    scopes: list[Permission] = Field([Permission.READ], min_length=1, max_length=3)
    tenant: str | None = Field(None, max_length=32, description="Another than your own: for operators only.")
    collections: list[str] | None = Field(None, min_length=1, max_length=200, description="Default: all of the tenant.")
    expires_in_days: float | None = Field(None, gt=0, le=36_500)
    requests_per_minute: int | None = Field(None, ge=1, le=10**6)
    documents: int | None = Field(None, ge=0, le=10**12, description="That it may have stored at a time.")
    bytes: int | None = Field(None, ge=0, le=10**15, description="Of those documents together.")


def routes(services: Services) -> APIRouter:
    router = APIRouter(prefix="/v1/keys", tags=["keys"])
    store = services.state.keys

    @router.post("", status_code=201, summary="Make a key; its text is shown this once")
    async def create(body: KeyBody) -> dict[str, Any]:
        tenant = _tenant(body.tenant)
        if Permission.ADMIN in body.scopes and body.collections is not None:
            raise InvalidInput("An administrator's key cannot be bound to collections.", "Leave one of the two out.")
        made = new_key()
        days = body.expires_in_days
        key = await store.add(
            made,
            name=body.name,
            tenant=tenant,
            permissions=body.scopes,
            collections=None if body.collections is None else [collection_name(name) for name in body.collections],
            limits=Limited(body.requests_per_minute, body.documents, body.bytes),
            expires_at=None if days is None else datetime.now(UTC) + timedelta(days=days),
            created_by=_self().key_id,
        )
        noted(key.id)
        return {**key_record(key), "key": made.text}

    @router.get("", summary="Keys, newest first, without their text")
    async def list_keys() -> dict[str, Any]:
        """An operator sees those of every tenant."""
        keys = await store.list(_visible())
        bound = [key.id for key in keys if (key.limits.documents, key.limits.bytes) != (None, None)]
        used = {id: await store.stored(id) for id in bound}
        return {"keys": [key_record(key, used.get(key.id)) for key in keys]}

    @router.delete("/{key_id}", summary="Revoke a key, everywhere within seconds")
    async def revoke(key_id: str) -> dict[str, Any]:
        return key_record(await store.revoke(key_id, _visible()))

    return router


def key_record(key: ApiKey, used: tuple[int, int] | None = None) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "tenant": key.tenant,
        "scopes": [one.value for one in Permission if one in key.permissions],
        "collections": None if key.collections is None else list(key.collections),
        "requests_per_minute": key.limits.requests_per_minute,
        "documents": key.limits.documents,
        "bytes": key.limits.bytes,
        "documents_stored": used[0] if used else None,
        "bytes_stored": used[1] if used else None,
        "created_at": key.created_at.isoformat(),
        "created_by": key.created_by,
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }


def _self() -> Principal:
    principal = acting()
    assert principal is not None, "the gates let nobody in without one"
    return principal


def _visible() -> str | None:
    principal = _self()
    return None if principal.operator else principal.tenant


def _tenant(asked: str | None) -> str:
    own = _self().tenant
    if asked is None or asked == own:
        return own
    if own != DEFAULT_TENANT:
        raise Forbidden("Keys of another tenant are made by operators.", "Leave `tenant` out.")
    return tenant_name(asked)
