"""One file analysed at once: the same arrows as analyze.py, with nothing kept."""

from __future__ import annotations

import asyncio
import tempfile
import time
import uuid
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from rag.analysis.classify import combine, opening
from rag.analysis.grouping import grouped
from rag.analysis.labels import TYPE
from rag.analysis.language import detect_language
from rag.analysis.trying import promoted
from rag.analyze import summarized
from rag.errors import EmptyFile
from rag.intake import originals
from rag.intake.antivirus import check_clean
from rag.intake.spool import spool
from rag.intake.unlocking import unlock
from rag.model import Classification, Entity, Page, PageTask, Summary
from rag.read.sniff import sniff
from rag.runtime.concurrency import bounded
from rag.services import Services

T = TypeVar("T")
PAGES_IN_FLIGHT = 64


@dataclass(frozen=True, slots=True)
class InstantAnalysis:
    pages: tuple[Page, ...]
    entities: tuple[Entity, ...]
    classification: Classification
    summary: Summary
    language: str | None
    timings: Mapping[str, float]
    """Seconds a stage."""


async def analyze_now(
    file: BinaryIO, filename: str, language: str | None, services: Services, *, password: str | None = None
) -> InstantAnalysis:
    """Raises what an upload or its reading would raise."""
    timings: dict[str, float] = {}
    services = await promoted(services)

    async def timed(name: str, work: Coroutine[Any, Any, T]) -> T:
        started = time.perf_counter()
        result = await work
        timings[name] = round(time.perf_counter() - started, 4)
        return result

    async def classified(pages: list[Page]) -> Classification:
        labels = await services.state.labels.get(TYPE)
        by_name, [by_text] = await asyncio.gather(
            services.classifier.classify_name(filename, ""), services.classifier.classify([opening(pages)], labels)
        )
        return combine(by_name, by_text)

    pages = await timed("read", _read(file, filename, language, password, services))
    entities, classification, summary = await asyncio.gather(
        timed("entities", services.entities.recognize(pages)),
        timed("classify", classified(pages)),
        timed("summary", summarized(pages, services)),
    )
    return InstantAnalysis(
        tuple(pages),
        tuple(grouped([entity for page in entities for entity in page])),
        classification,
        summary,
        detect_language(" ".join(page.text[:2000] for page in pages[:5])),
        timings,
    )


async def _read(
    file: BinaryIO, filename: str, language: str | None, password: str | None, services: Services
) -> list[Page]:
    """Through a temporary blob, so that readers on other nodes reach it; gone afterwards."""
    key = f"instant/{uuid.uuid4().hex}"
    with tempfile.TemporaryDirectory(prefix="redwell-instant-") as folder:
        path = Path(folder) / "upload"
        _, size = await asyncio.to_thread(spool, file, path)
        if size == 0:
            raise EmptyFile(f"'{filename}' is empty.")
        await check_clean(path, filename, services.settings.antivirus)
        await asyncio.to_thread(sniff, path, filename)
        await services.state.blobs.put_file(key, path)
    try:
        plain = await unlock(key, filename=filename, password=password, services=services)
        readable = originals.unlocked(key) if plain else key
        outline = await services.reader.read(readable, filename=filename, language=language)
        ready = [page for page in outline.pages if isinstance(page, Page)]
        tasks = [page for page in outline.pages if isinstance(page, PageTask)]
        ready += await bounded((services.ocr.recognize(task) for task in tasks), at_once=PAGES_IN_FLIGHT)
        return sorted(ready, key=lambda page: page.number)
    finally:
        for blob in (key, *originals.copies(key)):
            await services.state.blobs.delete(blob)
