"""The real arrows and the real store over played models."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from rag.api import create_app
from rag.fakes import (
    FakeBlobs,
    FakeClassifier,
    FakeEmbedder,
    FakeEntityRecognizer,
    FakeGenerator,
    FakeOcr,
    FakeReader,
    FakeRetriever,
)
from rag.model import Document
from rag.services import Services, open_state
from rag.settings import Answering, Limits, Settings
from rag.worker import run_job

LEASE = (
    "This lease is a contract between Northgate Estates and Anna Keller. "
    "The monthly rent is EUR 4,850.00, payable in advance on the third working day of each month. "
    "The lease ends on 28 February 2030 unless both parties renew it in writing.\f"
    "SCAN:The tenant pays a deposit of EUR 9,700.00 before the keys are handed over to Anna Keller."
)


@pytest.fixture
async def services(tmp_path: Path, migrated: Path) -> AsyncIterator[Services]:
    settings = Settings(data_dir=tmp_path, answering=Answering(min_relevance=0.2), limits=Limits(upload_bytes=200_000))
    blobs = FakeBlobs()
    shutil.copy(migrated, tmp_path)
    state = open_state(settings, blobs)
    yield Services(
        settings=settings,
        state=state,
        reader=FakeReader(blobs=blobs),
        ocr=FakeOcr(blobs=blobs),
        entities=FakeEntityRecognizer(),
        classifier=FakeClassifier(),
        embedder=FakeEmbedder(),
        retriever=FakeRetriever(),
        generator=FakeGenerator(),
    )
    await state.database.close()


@pytest.fixture
async def http(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://redwell") as client:
        yield client


async def add(services: Services, text: str = LEASE, name: str = "lease.txt") -> Document:
    """Store a text as the ingress does, without analysing it."""
    sha256 = name.encode().hex().ljust(64, "0")[:64]
    document, _ = await services.state.documents.add(
        filename=name, media_type="text/plain", sha256=sha256, size=len(text)
    )
    await services.state.blobs.put(document.blob, text.encode())
    return document


async def work(services: Services, runs: int = 10) -> None:
    """Run the jobs that are due, as an analyzer would."""
    for _ in range(runs):
        job = await services.state.jobs.claim("test", lease_seconds=60)
        if job is None:
            return
        await run_job(job, services)


async def index(services: Services) -> Services:
    """Show the fake retriever what the store holds."""
    retriever = FakeRetriever()
    for document in (await services.state.documents.list()).documents:
        for chunk in await services.state.documents.chunks(document.id):
            assert chunk.id is not None
            retriever.put(chunk.id, document.id, chunk.text)
    return replace(services, retriever=retriever)
