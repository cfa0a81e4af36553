"""/v1/audit: who did what, read and exported by administrators."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from rag.access.audit import Line, noted
from rag.access.principal import acting
from rag.errors import Forbidden, InvalidInput
from rag.services import Services
from rag.store.audit import Wanted


def routes(services: Services) -> APIRouter:
    router = APIRouter(prefix="/v1/audit", tags=["audit"])
    store = services.state.audit

    @router.get("", summary="Lines of the audit log, oldest first")
    async def lines(
        after: int = Query(0, ge=0, le=2**62, description="`next` of the answer before."),
        limit: int = Query(100, ge=1, le=1000),
        tenant: str | None = Query(None, max_length=32, description="For operators; without it, every tenant."),
        key_id: str | None = Query(None, max_length=32),
        action: str | None = Query(None, max_length=64, description="upload, read, ask, delete, key.create ..."),
        object: str | None = Query(None, max_length=200, description="Id of a document, job or key."),
        since: datetime | None = None,
        until: datetime | None = None,
        format: Literal["json", "jsonl"] = Query("json", description="jsonl: all of them, one a line."),
    ) -> Response:
        wanted = Wanted(_tenant(tenant), key_id, action, object, since, until)
        if format == "jsonl":
            return StreamingResponse(_written(store.all(wanted)), media_type="application/x-ndjson")
        found = await store.page(wanted, after=after, limit=limit)
        following = found[-1].id if len(found) == limit else None
        body = {"lines": [line_record(line) for line in found], "next": following}
        return Response(json.dumps(body, ensure_ascii=False), media_type="application/json")

    @router.delete("", summary="Erase lines: of a key, about an object, or before a day")
    async def erase(
        key_id: str | None = Query(None, max_length=32),
        object: str | None = Query(None, max_length=200),
        until: datetime | None = None,
        tenant: str | None = Query(None, max_length=32),
    ) -> dict[str, Any]:
        """Leaves a line of its own that says what was erased, by whom. For operators."""
        principal = acting()
        if principal is None or not principal.operator:
            raise Forbidden("Only an administrator of the whole installation erases lines of the audit log.")
        if key_id is None and object is None and until is None:
            raise InvalidInput("It is not said which lines are to go.", "Give `key_id`, `object` or `until`.")
        gone = await store.erase(Wanted(tenant, key_id, None, object, None, until))
        given = {"key_id": key_id, "until": until and until.isoformat(), "tenant": tenant}
        noted(erased=gone, **{name: value for name, value in given.items() if value is not None})
        return {"erased": gone}

    return router


def line_record(line: Line) -> dict[str, Any]:
    return {**asdict(line), "at": line.at.isoformat() if line.at else None}


async def _written(lines: AsyncIterator[Line]) -> AsyncIterator[str]:
    async for line in lines:
        yield json.dumps(line_record(line), ensure_ascii=False) + "\n"


def _tenant(asked: str | None) -> str | None:
    """Operators see every tenant's lines, other administrators their own."""
    principal = acting()
    assert principal is not None, "the gates let nobody in without one"
    return asked if principal.operator else principal.tenant
