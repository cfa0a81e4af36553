"""The loop that delivers callbacks."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from rag.api.job_records import job_record
from rag.api.schemas import document_record
from rag.callbacks.webhooks import pause, send
from rag.errors import Forbidden, NotFound, RedwellError, Unavailable
from rag.services import State
from rag.settings import Webhooks
from rag.store.callbacks import Callback

log = structlog.get_logger(__name__)
IDLE_SECONDS = 1.0
DUE_SECONDS = 3.0
"""What falls due by time alone is sent this much later at most."""


async def deliver(state: State, settings: Webhooks) -> None:
    """For ever: one callback after the other as they fall due."""
    watch = state.database.watch(at_most=DUE_SECONDS)
    while True:
        try:
            if not await deliver_next(state, settings):
                await watch.pause(IDLE_SECONDS)
        except Unavailable as error:
            log.warning("database_unavailable", detail=error.detail)
            await asyncio.sleep(IDLE_SECONDS)


async def deliver_next(state: State, settings: Webhooks) -> bool:
    """Try the callback that is due, if there is one. What is refused for good is given up at once."""
    callback = await state.callbacks.claim(lease_seconds=settings.seconds * 3)
    if callback is None:
        return False
    try:
        event, data = await _content(callback, state)
        await send(
            callback.url,
            event,
            data,
            secret=settings.secret,
            seconds=settings.seconds,
            allow_private=settings.allow_private,
            delivery=str(callback.id),
        )
    except (Forbidden, NotFound) as error:
        await state.callbacks.give_up(callback, error.detail)
    except RedwellError as error:
        if callback.attempt >= settings.attempts:
            await state.callbacks.give_up(callback, error.detail)
        else:
            await state.callbacks.again(callback, error.detail, seconds=pause(callback.attempt))
    else:
        await state.callbacks.taken(callback)
    return True


async def _content(callback: Callback, state: State) -> tuple[str, dict[str, Any]]:
    if callback.ingestion_id:
        job = await state.ingestions.get(callback.ingestion_id)
        return f"job.{job.status.value}", job_record(job)
    document = await state.documents.get(callback.document_id or "")
    return f"document.{document.status.value}", document_record(document)
