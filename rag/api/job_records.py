"""Jobs and their files as the API shows them."""

from __future__ import annotations

from typing import Any

from rag.access.principal import shown
from rag.intake.ingestions import Ingestion, Item


def job_record(job: Ingestion) -> dict[str, Any]:
    """A job as the API shows it, without its progress."""
    request = job.request
    return {
        "id": job.id,
        "status": job.status.value,
        "sources": list(request.sources),
        "collection": shown(request.collection),
        "stages": list(request.stages),
        "sync": request.sync,
        "retry_failed": request.retry_failed,
        "created_at": job.created_at.isoformat(),
        "started_at": job.started_at.isoformat() if job.started_at else None,
        "ended_at": job.ended_at.isoformat() if job.ended_at else None,
        "attempt": job.attempt,
        "error": job.error,
        "summary": job.summary,
    }


def item_record(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "uri": item.uri,
        "filename": item.filename,
        "collection": shown(item.collection),
        "status": item.status.value,
        "stage": item.stage,
        "attempt": item.attempt,
        "version": item.version,
        "document_id": item.document_id,
        "duplicate": item.duplicate,
        "pages": item.pages,
        "pages_read": item.pages_read,
        "seconds": item.seconds,
        "error": item.error,
    }
