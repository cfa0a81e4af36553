"""Values of batch ingestion: a job, its items, how far it is.

A job of the API is an `Ingestion`; the word keeps it apart from the lease on one document (`rag.ports.Job`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

MEMBER = "!/"
"""Between the URI of an archive or mail and the name of what came in it."""


class RunStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in (RunStatus.DONE, RunStatus.FAILED, RunStatus.CANCELLED)


class ItemStatus(StrEnum):
    """`WAITING` is to do, `RUNNING` has a document that is worked on, `PARTIAL` and `FAILED` are dead letters."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Request:
    """What a job was asked to do; kept as JSON in its row."""

    sources: tuple[str, ...] = ()
    manifest: str = ""
    """Path of a CSV or JSON-lines manifest, besides `sources`."""
    collection: str = "default"
    language: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    """Stages to run after reading; empty is all of them."""
    sync: bool = False
    """Delete documents whose file is gone from the sources."""
    keep_versions: bool = False
    """Keep the document of a file's earlier content beside the new one."""
    retry_failed: bool = False
    """Only what failed before, at most once more each."""
    max_failures: int | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Request:
        """From JSON: lists become tuples. Unknown keys are left out: a row of a newer version stays readable."""
        known: dict[str, Any] = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        tuples: dict[str, Any] = {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
        return cls(**(known | tuples))


@dataclass(frozen=True, slots=True)
class Ingestion:
    id: str
    request: Request
    status: RunStatus
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    attempt: int = 0
    owner: str | None = None
    cancel: bool = False
    error: Mapping[str, Any] | None = None
    summary: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One file of one collection, as it was when a job saw it last."""

    id: int
    uri: str
    collection: str
    filename: str
    given: Mapping[str, Any]
    """{metadata, language} of its manifest row or of the job."""
    size: int
    fingerprint: str
    status: ItemStatus
    stage: str
    attempt: int = 0
    version: int = 1
    """1 for the first content seen under this URI, counting up as it changes."""
    sha256: str | None = None
    document_id: str | None = None
    replaces: str | None = None
    """Document of the content before, until the new one is in."""
    duplicate: bool = False
    pages: int = 0
    pages_read: int = 0
    seconds: float | None = None
    error: Mapping[str, Any] | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Sums over the items of one job."""

    files: int = 0
    waiting: int = 0
    running: int = 0
    done: int = 0
    partial: int = 0
    failed: int = 0
    cancelled: int = 0
    pages: int = 0
    """Pages of the files that were opened so far."""
    pages_read: int = 0
    stages: Mapping[str, int] = field(default_factory=dict)
    """Files under way by the stage that they are in."""

    @property
    def ended(self) -> int:
        return self.done + self.partial + self.failed + self.cancelled
