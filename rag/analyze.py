"""The arrows of the way in: read -> { entities || type -> fields || chunk -> embed -> index || summary } -> record."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Sequence

from rag.analysis.classify import combine, opening
from rag.analysis.grouping import grouped
from rag.analysis.labels import TYPE, LabelSet
from rag.analysis.language import detect_language, in_language
from rag.analysis.legible import poorly_read
from rag.analysis.summarize import SUMMARY_VERSION, summarize
from rag.chunk import chunk_pages, in_context
from rag.errors import DamagedFile, RedwellError
from rag.fields.stage import extract_fields
from rag.intake.adopt import adopt
from rag.model import Classification, Document, Page, PageTask, Source, Stage, Status, Summary
from rag.read import scripts
from rag.runtime.concurrency import bounded, together
from rag.runtime.metrics import count_pages
from rag.services import Services
from rag.settings import language_of
from rag.stages import Stages

READ_VERSION = "2"
INDEX_VERSION = "3"
PAGES_IN_FLIGHT = 64
DOUBTFUL = 0.85
"""A page read with less confidence may have been read in the wrong language."""
SIDE_BY_SIDE = (Stage.ENTITIES, Stage.CLASSIFY, Stage.INDEX, Stage.SUMMARY)


async def analyze(
    document: Document, services: Services, *, only: Collection[Stage] = SIDE_BY_SIDE, again: bool = False
) -> dict[Stage, RedwellError]:
    """Do what is left to do for a document; returns the optional stages that failed. `only`: just these after reading.
    `again`: on the pages as they were read, and the document's status stays what it is.

    Every stage is idempotent and recorded, so that a run that was cut off goes on where it was. Raises what reading
    raised (the document has then failed) and DocumentNotFound when it was deleted meanwhile.
    """
    stages = Stages(services.state.documents, document, services.metrics)
    name = asyncio.create_task(_classify_name(document, services, wanted=Stage.CLASSIFY in only))
    try:
        if again:
            pages = await services.state.documents.pages(document.id)
        else:
            pages = await _read(document, services, stages)
            await services.state.documents.set_status(document.id, Status.ANALYZING)
        work = {
            Stage.ENTITIES: lambda: _entities(document, pages, services, stages),
            Stage.CLASSIFY: lambda: _classify_then_fields(document, pages, name, services, stages),
            Stage.INDEX: lambda: _index(document, pages, services, stages),
            Stage.SUMMARY: lambda: _summary(document, pages, services, stages),
            # With the type otherwise; alone when only the fields are wanted.
            Stage.FIELDS: lambda: extract_fields(document, pages, services, stages),
        }
        await together(*(work[stage]() for stage in work if stage in only))
    finally:
        name.cancel()
    return stages.failures


# ---------------------------------------------------------------------------------------------------------- reading


async def versions(services: Services) -> dict[Stage, str]:
    """What each stage records when it is done: a document whose records say the same has nothing left to do."""
    return {
        Stage.READ: read_version(services),
        Stage.ENTITIES: services.entities.version,
        Stage.CLASSIFY: _classify_version(services, await services.state.labels.sets()),
        Stage.INDEX: _index_version(services),
        Stage.SUMMARY: _summary_version(services),
    }


def read_version(services: Services) -> str:
    return f"{READ_VERSION}/{services.ocr.version}"


def _classify_version(services: Services, sets: Sequence[LabelSet]) -> str:
    return "+".join([services.classifier.version, *(labels.version for labels in sets)])


def _index_version(services: Services) -> str:
    return f"{INDEX_VERSION}/{services.embedder.version}"


async def _read(document: Document, services: Services, stages: Stages) -> list[Page]:
    """All pages in order: text layers as they are, the others over the OCR replicas, one call a page."""
    version = read_version(services)
    if stages.done(Stage.READ, version):
        return await services.state.documents.pages(document.id)

    async def work() -> list[Page]:
        read, tasks = await outline(document, services)
        total = len(read) + len(tasks)
        await stages.progress(Stage.READ, len(read), total)
        await _recognize(tasks, read, document, services, stages, total=total)
        pages = [read[number] for number in sorted(read)]
        count_pages(pages, services.metrics)
        await report_reading(document, pages, services)
        return pages

    return await stages.run(Stage.READ, version, work)


async def outline(document: Document, services: Services) -> tuple[dict[int, Page], list[PageTask]]:
    """Read what needs no OCR and save it: the pages that are saved by now, and those that are left for OCR."""
    store = services.state.documents
    await store.set_status(document.id, Status.READING)
    language = language_of(document.language, document.collection, services.settings.reading)
    found = await services.reader.read(
        document.readable, filename=document.filename, language=language, keep_members=True
    )
    await store.save_page_count(document.id, len(found.pages))
    unread = await adopt(document, found.members, services) if found.members else []
    if found.warnings or unread:
        await store.add_warnings(document.id, [*found.warnings, *unread])
    read = {page.number: page for page in await store.pages(document.id)}
    ready = [in_language(page) for page in found.pages if isinstance(page, Page) and page.number not in read]
    await store.save_pages(document.id, ready)
    read |= {page.number: page for page in ready}
    return read, [page for page in found.pages if isinstance(page, PageTask) and page.number not in read]


async def recognize_page(task: PageTask, services: Services) -> Page:
    """OCR of one page, with the language that its text is in."""
    return in_language(await services.ocr.recognize(task))


async def _recognize(
    tasks: Sequence[PageTask],
    read: dict[int, Page],
    document: Document,
    services: Services,
    stages: Stages,
    *,
    total: int,
) -> None:
    """Fan the pages out; each one is durable as soon as it is read."""

    async def one(task: PageTask) -> None:
        page = await recognize_page(task, services)
        await services.state.documents.save_pages(document.id, [page])
        read[page.number] = page
        await stages.progress(Stage.READ, len(read), total)

    await bounded((one(task) for task in tasks), at_once=PAGES_IN_FLIGHT)


async def report_reading(document: Document, pages: Sequence[Page], services: Services) -> None:
    """Say on the record what was not read, and in which language the rest is. Raises DamagedFile if nothing was."""
    broken = [page for page in pages if page.error]
    if pages and len(broken) == len(pages):
        raise DamagedFile(f"No page could be read: {broken[0].error}")
    warnings = [f"Page {page.number} could not be read: {page.error}" for page in broken]
    if not any(page.text.strip() for page in pages):
        warnings.append("No text was found: the pages seem to be empty.")
    least = services.settings.reading.min_confidence
    poor = [str(p.number) for p in pages if poorly_read(p.source, p.confidence, len(p.text), least)]
    if poor:
        warnings.append(f"Read with low confidence, check against the picture: page {', '.join(poor)}.")
    language = detect_language(" ".join(page.text[:2000] for page in pages[:5]))
    asked = language_of(document.language, document.collection, services.settings.reading)
    doubtful = any(p.source is Source.OCR and p.confidence < DOUBTFUL for p in pages)
    if language and doubtful and (code := scripts.unread(language, asked)):
        warnings.append(
            f"The scan seems to be in '{language}' and was read as '{asked}': send it with language={code}+{asked}; "
            f"the server needs the Debian package {scripts.package(code)}."
        )
    if warnings:
        await services.state.documents.add_warnings(document.id, warnings)
    if language:
        await services.state.documents.save_detected_language(document.id, language)


# -------------------------------------------------------------------------------------------------- side by side


async def _entities(document: Document, pages: list[Page], services: Services, stages: Stages) -> None:
    async def work() -> None:
        found = await services.entities.recognize(pages)
        await services.state.documents.save_entities(document.id, grouped([e for page in found for e in page]))

    await stages.optional(Stage.ENTITIES, services.entities.version, work)


async def _classify_name(document: Document, services: Services, *, wanted: bool) -> Classification:
    return await name_classified(document, services) if wanted else Classification("", 0.0)


async def name_classified(document: Document, services: Services) -> Classification:
    metadata = " ".join(f"{key} {value}" for key, value in document.metadata.items())
    return await services.classifier.classify_name(document.filename, metadata)


async def _classify_then_fields(
    document: Document, pages: list[Page], name: asyncio.Task[Classification], services: Services, stages: Stages
) -> None:
    """Which fields a document has follows from its type."""
    await _classify(document, pages, name, services, stages)
    await extract_fields(document, pages, services, stages)


async def _classify(
    document: Document, pages: list[Page], name: asyncio.Task[Classification], services: Services, stages: Stages
) -> None:
    sets = await services.state.labels.sets()

    async def work() -> None:
        for labels, found in (await classified(pages, name, sets, services)).items():
            await services.state.labels.save(document.id, labels, found)

    await stages.optional(Stage.CLASSIFY, _classify_version(services, sets), work)


async def classified(
    pages: Sequence[Page], name: Awaitable[Classification], sets: Sequence[LabelSet], services: Services
) -> dict[str, Classification]:
    """By label set, all side by side; the file name has a say in the type."""
    found = await together(*(services.classifier.classify([opening(pages)], labels) for labels in sets))
    labelled = {labels.name: one for labels, [one] in zip(sets, found, strict=True)}
    return labelled | {TYPE: combine(await name, labelled[TYPE])} if TYPE in labelled else labelled


async def _index(document: Document, pages: list[Page], services: Services, stages: Stages) -> None:
    """chunk -> embed -> index: the retrievers learn of it through the change feed."""
    active = await services.state.embeddings.active() or services.embedder.version
    embedder = services.embedder if active == services.embedder.version else services.embedder.at(active)

    async def work() -> None:
        chunks = await asyncio.to_thread(
            chunk_pages, document.id, pages, tokens=services.settings.embedding.chunk_tokens
        )
        vectors = await embedder.embed([in_context(document.filename, chunk) for chunk in chunks])
        await services.state.documents.save_chunks(document.id, chunks, vectors, model=embedder.version)

    await stages.optional(Stage.INDEX, _index_version(services), work)


def _summary_version(services: Services) -> str:
    return f"{SUMMARY_VERSION}/{services.writer(Stage.SUMMARY).model}"


async def summarized(pages: Sequence[Page], services: Services) -> Summary:
    return await summarize(pages, services.writer(Stage.SUMMARY), services.settings.llm, services.settings.analysis)


async def _summary(document: Document, pages: list[Page], services: Services, stages: Stages) -> None:
    async def work() -> None:
        summary = await summarized(pages, services)
        await services.state.documents.save_summary(document.id, summary)

    if not any(page.text.strip() for page in pages):
        await stages.skip(Stage.SUMMARY, _summary_version(services))
        return
    await stages.optional(Stage.SUMMARY, _summary_version(services), work)
