"""What was read from a document and found in it: pages, mentions, passages, type, summary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from sqlalchemy import Select, and_, bindparam, case, delete, func, insert, select

from rag.analysis.legible import PageReading
from rag.errors import InvalidInput, PageNotFound
from rag.model import Chunk, Entity, Hit, Page, Passage, Place, Source, Summary, Words
from rag.store import index_tables
from rag.store.database import Database
from rag.store.embeddings import note_model
from rag.store.records import (
    BATCH,
    append_change,
    chunk_row,
    chunk_value,
    entity_row,
    entity_value,
    page_row,
    page_value,
    plain,
    require,
    storable,
    touch,
    upsert,
)
from rag.store.switches import is_off
from rag.store.tables import chunks, documents, entities, pages
from rag.store.visible import of_visible, visible


class Content:
    """Every method that names a document raises DocumentNotFound when it is gone."""

    _database: Database

    async def save_pages(self, id: str, new: Iterable[Page]) -> None:
        """Insert or replace page by page; pages that are not in `new` stay."""
        rows = [page_row(id, page) for page in new]
        async with self._database.write() as connection:
            await touch(connection, id)
            if rows:
                statement = upsert(connection, pages)
                values = {name: statement.excluded[name] for name in rows[0]}
                await connection.execute(
                    statement.on_conflict_do_update(index_elements=["document_id", "number"], set_=values), rows
                )

    async def save_page(self, id: str, page: Page) -> tuple[int, int]:
        """Insert or replace one page; returns how many are saved and how many the document has.

        Of several writers, only the one of the last page sees the two equal: `touch` makes them wait for each other.
        """
        row = page_row(id, page)
        async with self._database.write() as connection:
            await touch(connection, id)
            statement = upsert(connection, pages).values(row)
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["document_id", "number"], set_=row)
            )
            saved = await connection.scalar(select(func.count()).select_from(pages).where(pages.c.document_id == id))
            total = await connection.scalar(select(documents.c.page_count).where(documents.c.id == id))
        return saved or 0, total or 0

    async def pages(self, id: str) -> list[Page]:
        """In page order."""
        async with self._database.read() as connection:
            await require(connection, id)
            found = await connection.execute(select(pages).where(pages.c.document_id == id).order_by(pages.c.number))
            return [page_value(row) for row in found]

    async def page(self, id: str, number: int) -> Page:
        """Raises PageNotFound."""
        async with self._database.read() as connection:
            await require(connection, id)
            found = await connection.execute(
                select(pages).where(pages.c.document_id == id, pages.c.number == max(-1, min(number, 2**31 - 1)))
            )
            row = found.first()
        if row is None:
            raise PageNotFound(f"The document has no page {number}, or it has not been read yet.")
        return page_value(row)

    async def readings(self, id: str) -> list[PageReading]:
        """How well each page was read, in page order, without its text."""
        columns = (pages.c.number, pages.c.source, pages.c.confidence, func.length(pages.c.text))
        async with self._database.read() as connection:
            await require(connection, id)
            found = await connection.execute(select(*columns).where(pages.c.document_id == id).order_by(pages.c.number))
            return [PageReading(number, Source(source), sure, letters) for number, source, sure, letters in found]

    async def page_numbers(self, id: str) -> list[int]:
        """Numbers of the pages that are saved, ascending."""
        async with self._database.read() as connection:
            await require(connection, id)
            return list(
                await connection.scalars(
                    select(pages.c.number).where(pages.c.document_id == id).order_by(pages.c.number)
                )
            )

    async def save_page_count(self, id: str, count: int) -> None:
        async with self._database.write() as connection:
            await touch(connection, id, page_count=count)

    async def save_detected_language(self, id: str, language: str | None) -> None:
        """`language` is an ISO 639-1 code."""
        async with self._database.write() as connection:
            await touch(connection, id, detected_language=language)

    async def save_summary(self, id: str, summary: Summary) -> None:
        async with self._database.write() as connection:
            await touch(connection, id, summary=plain(summary))

    async def add_warnings(self, id: str, new: Iterable[str]) -> None:
        """Each once, in the order in which they came."""
        async with self._database.write() as connection:
            await touch(connection, id)
            old = await connection.scalar(select(documents.c.warnings).where(documents.c.id == id))
            joined = list(dict.fromkeys([*(old or []), *(storable(text) for text in new)]))
            if joined != old:
                await touch(connection, id, warnings=joined)

    async def save_entities(self, id: str, new: Iterable[Entity]) -> None:
        """Replace the document's mentions."""
        rows = [entity_row(id, entity) for entity in new]
        async with self._database.write() as connection:
            await touch(connection, id)
            await connection.execute(delete(entities).where(entities.c.document_id == id))
            if rows:
                await connection.execute(insert(entities), rows)

    async def entities(self, id: str) -> list[Entity]:
        """In the order of the text."""
        async with self._database.read() as connection:
            await require(connection, id)
            found = await connection.execute(
                select(entities)
                .where(entities.c.document_id == id)
                .order_by(entities.c.page, entities.c.start, entities.c.id)
            )
            return [entity_value(row) for row in found]

    async def save_chunks(self, id: str, new: Sequence[Chunk], embeddings: np.ndarray, *, model: str) -> int:
        """Replace the document's passages and tell the indexes, in one transaction; returns the change's number.

        `embeddings` has one row a chunk. The chunks get new ids in the order given. Raises InvalidInput when they do not
        match; a document that was deleted meanwhile raises DocumentNotFound and nothing is written.
        """
        vectors = np.ascontiguousarray(embeddings, dtype="<f4")
        if new and (vectors.ndim != 2 or len(vectors) != len(new)):
            raise InvalidInput(f"{len(new)} chunks came with embeddings of shape {vectors.shape}.")
        if any(chunk.document_id != id for chunk in new):
            raise InvalidInput("A chunk belongs to another document.")
        rows = [chunk_row(chunk) for chunk in new]
        async with self._database.write() as connection:
            await touch(connection, id)
            told = select(documents.c.filename, documents.c.collection).where(documents.c.id == id)
            filename, collection = (await connection.execute(told)).one()
            await connection.execute(delete(chunks).where(chunks.c.document_id == id))
            if rows:
                inserted = insert(chunks).returning(chunks.c.id, sort_by_parameter_order=True)
                named = [row | {"filename": filename, "collection": collection} for row in rows]
                ids = (await connection.scalars(inserted, named)).all()
                await connection.execute(
                    insert(index_tables.embeddings),
                    [
                        {"chunk_id": chunk_id, "model": model, "vector": vector.tobytes()}
                        for chunk_id, vector in zip(ids, vectors, strict=True)
                    ],
                )
                await note_model(connection, model)
            return await append_change(self._database, connection, "upsert", id, collection)

    async def chunks(self, id: str) -> list[Chunk]:
        """In the order of the text."""
        async with self._database.read() as connection:
            await require(connection, id)
            found = await connection.execute(select(*_CHUNK).where(chunks.c.document_id == id).order_by(chunks.c.id))
            return [chunk_value(row) for row in found]

    async def neighbours(self, chunk_id: int, before: int = 1, after: int = 1) -> list[Chunk]:
        """The chunk between those in front of it and behind it, of the same document; empty when it is gone."""
        own = of_visible(chunks.c.document_id)
        owner = select(chunks.c.document_id).where(chunks.c.id == chunk_id, *own).scalar_subquery()
        ahead = select(*_CHUNK).where(chunks.c.document_id == owner, chunks.c.id < chunk_id)
        rest = select(*_CHUNK).where(chunks.c.document_id == owner, chunks.c.id >= chunk_id)
        async with self._database.read() as connection:
            first = (await connection.execute(ahead.order_by(chunks.c.id.desc()).limit(before))).all()
            last = (await connection.execute(rest.order_by(chunks.c.id).limit(after + 1))).all()
        return [chunk_value(row) for row in [*reversed(first), *last]]

    async def passages(self, hits: Sequence[Hit]) -> list[Passage]:
        """The hits with their text and the boxes of their words, in the order of the hits; gone chunks are dropped."""
        found: dict[int, Passage] = {}
        by_id = {hit.chunk_id: hit for hit in hits}
        ids = list(dict.fromkeys([*by_id, *(key for hit in hits for key in hit.also)]))
        places: dict[int, Place] = {}
        query = _shown().where(*visible(_COLLECTION))
        async with self._database.read() as connection:
            for i in range(0, len(ids), BATCH):
                for row in await connection.execute(query, {"ids": ids[i : i + BATCH]}):
                    places[row.id] = Place(row.document_id, row.name, row.page)
                    if row.id not in by_id:
                        continue
                    chunk = chunk_value(row)
                    if chunk.boxes is None:
                        boxes = tuple(Words(row.words or b"").boxes(row.start, row.end))
                        chunk = replace(chunk, boxes=boxes, confidence=row.sure)
                    found[row.id] = Passage(chunk, row.name, row.within, by_id[row.id])
        return [
            replace(found[id], also_in=tuple(places[key] for key in by_id[id].also if key in places))
            for id in by_id
            if id in found
        ]

    async def chunk_count(self, id: str) -> int:
        async with self._database.read() as connection:
            count = select(func.count()).select_from(chunks).where(chunks.c.document_id == id)
            return await connection.scalar(count) or 0


_CHUNK = list(chunks.c)
_FILENAME = func.coalesce(chunks.c.filename, documents.c.filename)
_COLLECTION = func.coalesce(chunks.c.collection, documents.c.collection)


@cache
def _shown() -> Select[Any]:
    """What a search shows of the chunks `ids`. Made once: to put it together takes as long as to execute it."""
    # Compared with NULL where the passage tells it itself: what lies elsewhere on the disk is not even looked for.
    page = case((chunks.c.boxes.is_(None), chunks.c.page))
    document = case((chunks.c.filename.is_(None) | chunks.c.collection.is_(None), chunks.c.document_id))
    told = _FILENAME.label("name"), _COLLECTION.label("within"), pages.c.words, pages.c.confidence.label("sure")
    return (
        select(*_CHUNK, *told)
        .outerjoin(documents, documents.c.id == document)
        .outerjoin(pages, and_(pages.c.document_id == chunks.c.document_id, pages.c.number == page))
        .where(~is_off())  # for an index that has not heard of it yet
        .where(chunks.c.id.in_(bindparam("ids", expanding=True)))
    )
