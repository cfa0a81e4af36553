"""Calls on batch jobs: start, follow, cancel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from rag.calls.base import Calls, compact
from rag.replies.jobs import Job, JobItem
from rag.wire import ApiError, decode, problem, server_sent


class JobCalls(Calls):
    def start_job(self, sources: Sequence[str], **options: Any) -> Job:
        """Load sources that the service can read itself; options are the fields of POST /v1/jobs.

        Raises ApiError 'source_not_allowed' for what the service does not read: upload those files.
        """
        return decode(Job, self._json("POST", "/v1/jobs", json=compact(sources=list(sources), **options)))

    def jobs(self, *, limit: int = 50) -> list[Job]:
        """Newest first."""
        return decode(list[Job], self._json("GET", "/v1/jobs", params={"limit": limit}).get("jobs", []))

    def job(self, job_id: str) -> Job:
        return decode(Job, self._json("GET", _path(job_id)))

    def job_items(self, job_id: str, *, status: Sequence[str] = (), limit: int = 100) -> Iterator[JobItem]:
        """Files of a job, fetched `limit` at a time; `status` filters ('failed', 'partial', ...)."""
        after: int | None = 0
        while after is not None:
            query = {"status": list(status), "limit": limit, "after": after}
            reply = self._json("GET", f"{_path(job_id)}/items", params=query)
            yield from decode(list[JobItem], reply.get("items", []))
            after = reply.get("next")

    def job_events(self, job_id: str) -> Iterator[Job]:
        """The job at every change, until it is over."""
        with self._stream("GET", f"{_path(job_id)}/events") as response:
            for name, data in server_sent(response.iter_bytes()):
                if name == "job":
                    yield decode(Job, data)
                elif name == "error":
                    raise problem(int(data.get("status", 500)), data)

    def cancel_job(self, job_id: str) -> Job:
        """Cancel a job under way; what it has loaded stays. A job that is over is forgotten."""
        return decode(Job, self._json("DELETE", _path(job_id)))


def _path(job_id: str) -> str:
    if job_id.strip(".") == "":
        raise ApiError(404, "not_found", "There is no job with that id.", "Check the id.")
    return f"/v1/jobs/{quote(job_id, safe='')}"
