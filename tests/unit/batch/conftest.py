"""Jobs over played models and the real store, without Ray."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from ingestion.inline import InlinePipeline
from ingestion.run import Outcome, Run, start
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
from rag.intake.ingestions import Progress, Request
from rag.services import Services, open_state
from rag.settings import Settings

OWNER = "cli/elsewhere/1/0"


@pytest.fixture
async def services(tmp_path: Path, migrated: Path) -> AsyncIterator[Services]:
    settings = Settings(data_dir=tmp_path / "var")
    settings.data_dir.mkdir()
    shutil.copy(migrated, settings.data_dir)
    blobs = FakeBlobs()
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
def folder(tmp_path: Path) -> Path:
    """Three small files and one that waits for OCR."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text("A contract between Anna Keller and Tom Reed about a flat.")
    (folder / "b.txt").write_text("An invoice over EUR 10 to Anna Keller.")
    (folder / "deep").mkdir()
    (folder / "deep" / "c.txt").write_text("First page of a letter.\fSCAN:Second page, signed by Tom Reed.")
    return folder


Load = Callable[..., Any]


@pytest.fixture
def load(services: Services) -> Load:
    """Run one job to its end: `await load(sources..., option=...)`."""

    async def run(*sources: Path | str, after: Callable[[int], None] = lambda taken: None, **options: Any) -> Outcome:
        request = Request(sources=tuple(str(source) for source in sources), **options)
        ingestion = await start(request, services, owner=OWNER)
        taken: list[int] = []

        def taking(id: int) -> None:
            taken.append(id)
            after(len(taken))

        pipeline = InlinePipeline(services, taking=taking)
        told: list[tuple[str, Progress]] = []
        job = Run(
            ingestion,
            services.settings,
            pipeline,
            owner=OWNER,
            tell=lambda doing, progress: told.append((doing, progress)),
            services=services,
        )
        return await job.run()

    return run
