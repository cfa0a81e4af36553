"""What /v1/jobs answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rag.replies.documents import Problem

FINAL_JOB = frozenset({"done", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class JobProgress:
    """Files by what became of them; `stages` counts the ones under way by where they are."""

    files: int = 0
    waiting: int = 0
    running: int = 0
    done: int = 0
    partial: int = 0
    failed: int = 0
    cancelled: int = 0
    pages: int = 0
    pages_read: int = 0
    stages: Mapping[str, int] = field(default_factory=dict)

    @property
    def ended(self) -> int:
        return self.done + self.partial + self.failed + self.cancelled


@dataclass(frozen=True, slots=True)
class Job:
    """One load of whole sources: queued, running, done, failed or cancelled."""

    id: str
    status: str = "queued"
    sources: tuple[str, ...] = ()
    collection: str = ""
    stages: tuple[str, ...] = ()
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    attempt: int = 0
    cancelling: bool = False
    error: Problem | None = None
    summary: Mapping[str, Any] | None = None
    progress: JobProgress = field(default_factory=JobProgress)

    @property
    def final(self) -> bool:
        return self.status in FINAL_JOB


@dataclass(frozen=True, slots=True)
class JobItem:
    """One file of a job; `error` says why it is not in."""

    id: int
    uri: str = ""
    filename: str = ""
    collection: str = ""
    status: str = ""
    stage: str = ""
    attempt: int = 0
    version: int = 1
    document_id: str | None = None
    duplicate: bool = False
    pages: int = 0
    pages_read: int = 0
    seconds: float | None = None
    error: Problem | None = None
