"""Every request that reads a document, asks or changes something leaves a line in the audit log before its answer begins.

An answer whose line cannot be written is not given. Lines of requests that are answered at the same time are written together, so
that the log costs a transaction a moment and not one a request.
"""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.access.audit import Line, noting
from rag.access.principal import acting
from rag.api.problems import problem
from rag.errors import RedwellError
from rag.runtime.logs import REQUEST, current
from rag.store.audit import AuditStore, Wanted
from rag.store.records import now

log = structlog.get_logger(__name__)
PURGE_SECONDS = 3600.0
_DOCUMENT = "/v1/documents/{document_id}"
_READ = ("/v1/fields", "/v1/feedback", "/v1/audit", "/v1/jobs/{job_id}/items")
_NAMES = {
    ("POST", "/v1/documents"): "upload",
    ("GET", "/v1/documents"): "list",
    ("DELETE", _DOCUMENT): "delete",
    ("PATCH", _DOCUMENT): "change",
    ("POST", f"{_DOCUMENT}/retry"): "retry",
    ("POST", "/"): "ask",
    ("POST", "/v1/ask"): "ask",
    ("POST", "/v1/chat/completions"): "ask",
    ("POST", "/v1/search"): "search",
    ("POST", "/v1/query"): "count",
    ("POST", "/v1/analyze"): "analyze",
    ("POST", "/v1/keys"): "key.create",
    ("DELETE", "/v1/keys/{key_id}"): "key.revoke",
    ("GET", "/v1/audit"): "audit.read",
    ("DELETE", "/v1/audit"): "audit.erase",
}


def action(method: str, template: str) -> str | None:
    """What a request is called in the log; None for those that are not in it: health, figures, schemas, lists of names."""
    if named := _NAMES.get((method, template)):
        return named
    if method in ("GET", "HEAD"):
        return "read" if template.startswith(_DOCUMENT) or template in _READ else None
    return None if method == "OPTIONS" else f"{method} {template}"


class Trail:
    def __init__(self, app: ASGIApp, *, journal: Journal) -> None:
        self._app = app
        self._journal = journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        principal = acting()
        if scope["type"] != "http" or principal is None:
            await self._app(scope, receive, send)
            return
        failed = False

        async def written(message: Message) -> None:
            nonlocal failed
            if message["type"] == "http.response.start" and "endpoint" in scope:
                template = str(getattr(scope.get("route"), "path", scope["path"]))
                if (name := action(scope["method"], template)) is not None:
                    ids = [str(value) for value in scope.get("path_params", {}).values()]
                    objects = " ".join(dict.fromkeys([*ids, *notes.named.split()]))
                    line = Line(
                        principal.tenant,
                        principal.key_id,
                        name,
                        objects,
                        message["status"],
                        current(REQUEST),
                        notes.told,
                    )
                    try:
                        await self._journal.write(line)
                    except RedwellError as error:
                        failed = True
                        await problem(error)(scope, receive, send)
            if not failed:
                await send(message)

        with noting() as notes:
            await self._app(scope, receive, written)


class Journal:
    """Lines that wait to be written; one transaction at a time takes all that came during the last one."""

    def __init__(self, store: AuditStore, *, keep_days: float) -> None:
        self._store, self._keep_days = store, keep_days
        self._waiting: list[tuple[Line, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None
        self._purged = -PURGE_SECONDS

    async def write(self, line: Line) -> None:
        """Returns when the line is durable. Raises Unavailable."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((line, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._flush())
        await done

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            error: RedwellError | None = None
            try:
                await self._store.add([line for line, _ in batch])
            except RedwellError as failure:
                error = failure
            for _, done in batch:
                if done.done():
                    continue  # whoever waited is gone
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)
            # Inside the loop: what came while the log was purged is written too before this task ends.
            await self._purge()

    async def _purge(self) -> None:
        """Once an hour, lines whose time is over."""
        if not self._keep_days or time.monotonic() - self._purged <= PURGE_SECONDS:
            return
        self._purged = time.monotonic()
        try:
            gone = await self._store.erase(Wanted(until=now() - timedelta(days=self._keep_days)))
        except RedwellError as failure:
            log.warning("audit_not_purged", detail=failure.detail)
        else:
            log.info("audit_purged", lines=gone)
