"""/v1/jobs: batch ingestion, started, followed and cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from rag.access.allowed import check_sources, readable
from rag.access.audit import noted
from rag.access.principal import acting_tenant, writable
from rag.api.job_records import item_record, job_record
from rag.api.schemas import Body
from rag.api.sse import Event, event_stream
from rag.callbacks.webhooks import checked_url
from rag.errors import InvalidInput
from rag.intake.ingestions import Ingestion, Request
from rag.intake.names import collection_name
from rag.services import Services

POLL_SECONDS = 0.5
StageName = Literal["read", "entities", "classify", "index", "summary"]


class JobBody(Body):
    sources: list[str] = Field(
        default_factory=list, max_length=1000, description="Paths, globs, s3://, gs://, az://, https://"
    )
    manifest: str = Field("", description="Path of a CSV or JSON-lines manifest.")
    collection: str = "default"
    language: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    include: list[str] = Field(default_factory=list, max_length=100)
    exclude: list[str] = Field(default_factory=list, max_length=100)
    stages: list[StageName] = Field(default_factory=list)
    sync: bool = False
    keep_versions: bool = False
    retry_failed: bool = False
    max_failures: int | None = Field(None, ge=0)
    callback_url: str | None = None

    def request(self) -> Request:
        values = self.model_dump(exclude={"callback_url"})
        return Request.of({**values, "collection": writable(collection_name(self.collection))})


def routes(services: Services) -> APIRouter:
    router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
    ingestions, items = services.state.ingestions, services.state.items

    @router.post("", status_code=202, summary="Load whole sources")
    async def start(body: JobBody) -> dict[str, Any]:
        """Sources have to be allowed by the setting `ingestion.allow`; the job runs on the cluster of the service."""
        request = body.request()
        if not (request.sources or request.manifest or request.retry_failed):
            raise InvalidInput("The job names no source.", "Give `sources`, `manifest` or `retry_failed`.")
        await asyncio.to_thread(check_sources, request, readable(services.settings.ingestion.allow, acting_tenant()))
        url = body.callback_url and checked_url(body.callback_url, secret=services.settings.webhooks.secret)
        job = await ingestions.add(request, callback_url=url)
        noted(job.id)
        return await _record(job)

    @router.get("", summary="Jobs, newest first")
    async def newest(limit: int = Query(50, ge=1, le=500)) -> dict[str, Any]:
        return {"jobs": [await _record(job) for job in await ingestions.newest(limit=limit)]}

    @router.get("/{job_id}", summary="One job with its progress")
    async def get(job_id: str) -> dict[str, Any]:
        return await _record(await ingestions.get(job_id))

    @router.get("/{job_id}/items", summary="Files of a job; the failed ones with ?status=failed")
    async def files(
        job_id: str,
        status: list[str] = Query([], description="waiting, running, done, partial, failed, cancelled; repeatable"),
        after: int = 0,
        limit: int = Query(100, ge=1, le=1000),
    ) -> dict[str, Any]:
        await ingestions.get(job_id)
        found = await items.items(job_id, status=status, after=after, limit=limit)
        return {"items": [item_record(item) for item in found], "next": found[-1].id if len(found) == limit else None}

    @router.get("/{job_id}/events", summary="Progress as server-sent events")
    async def events(job_id: str) -> Response:
        await ingestions.get(job_id)
        return await event_stream(_events(job_id))

    @router.delete("/{job_id}", status_code=202, summary="Cancel a job under way; forget one that is over")
    async def delete(job_id: str) -> dict[str, Any]:
        """What a cancelled job has loaded stays; running it again goes on from there."""
        job = await ingestions.get(job_id)
        if job.status.final:
            record = await _record(job)
            await ingestions.drop(job_id)
            return record
        return await _record(await ingestions.cancel(job_id))

    async def _record(job: Ingestion) -> dict[str, Any]:
        progress = await items.progress(job.id)
        return {**job_record(job), "cancelling": job.cancel and not job.status.final, "progress": asdict(progress)}

    async def _events(job_id: str) -> AsyncIterator[Event]:
        """A `job` event a change, until the job is over."""
        seen: dict[str, Any] = {}
        while True:
            job = await ingestions.get(job_id)
            record = await _record(job)
            if record != seen:
                seen = record
                yield "job", record
            if job.status.final:
                return
            await asyncio.sleep(POLL_SECONDS)

    return router
